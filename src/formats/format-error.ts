/** A file that cannot be read as what it claims to be: which file, which part of it, and what to do. The message is one sentence. */
export class FormatError extends Error {
  override readonly name = "FormatError";
  /** File name as the user gave it, or the member of an archive. */
  readonly file: string;
  /** The part that is wrong: a member, a key, a header field. */
  readonly field: string;
  /** What the user can do about it. */
  readonly fix: string;

  constructor(file: string, field: string, problem: string, fix: string) {
    super(`${file}: ${field} ${problem}; ${fix}.`);
    this.file = file;
    this.field = field;
    this.fix = fix;
  }
}
