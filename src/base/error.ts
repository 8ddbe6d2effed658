/** What kind of problem an error is. A program can switch on it; the words of a message may change. */
export type ErrorCode =
  /** a file that is not what it claims to be */
  | "FORMAT"
  /** an option that is unknown, idle or out of its range */
  | "OPTION"
  /** parts that do not belong together: critics, environment, method, data */
  | "MISMATCH"
  /** an environment was asked for something that it does not have */
  | "ENVIRONMENT"
  /** a learner and an environment, or a checkpoint, that do not belong together */
  | "LEARNING"
  /** an ONNX file, or an operator in it, that the engine cannot run */
  | "ONNX"
  /** the command line was called wrongly */
  | "USAGE"
  /** the call was right, but what it was given cannot answer */
  | "REFUSAL";

export interface ErrorDetails {
  /** file name as the caller gave it, or the member of an archive */
  readonly file?: string;
  /** the part that is wrong: a member, a key, an option */
  readonly field?: string;
  /** what the caller can do about it */
  readonly fix?: string;
  /** the error that led to this one */
  readonly cause?: unknown;
}

/** Every error that vinverse foresees. Its message is one sentence that names what is wrong and what to do. */
export class VinverseError extends Error {
  readonly code: ErrorCode;
  readonly file?: string;
  readonly field?: string;
  readonly fix?: string;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    if (details.file !== undefined) this.file = details.file;
    if (details.field !== undefined) this.field = details.field;
    if (details.fix !== undefined) this.fix = details.fix;
  }
}
