import { type ErrorDetails, VinverseError } from "./error.ts";

/** Critics, environment, method or data that do not belong together: the caller asked for something that cannot be meant. */
export class MismatchError extends VinverseError {
  override readonly name = "MismatchError";

  constructor(message: string, details?: ErrorDetails) {
    super("MISMATCH", message, details);
  }
}
