import { VinverseError } from "../base/error.ts";

/** A file that cannot be read as what it claims to be: which file, which part of it, and what to do. The message is one sentence. */
export class FormatError extends VinverseError {
  override readonly name = "FormatError";
  declare readonly file: string;
  declare readonly field: string;
  declare readonly fix: string;

  constructor(file: string, field: string, problem: string, fix: string) {
    super("FORMAT", `${file}: ${field} ${problem}; ${fix}.`, { file, field, fix });
  }
}
