import { type ErrorDetails, VinverseError } from "./error.ts";

/** The call was right, but what it was given cannot answer. */
export class RefusalError extends VinverseError {
  override readonly name = "RefusalError";

  constructor(message: string, details?: ErrorDetails) {
    super("REFUSAL", message, details);
  }
}
