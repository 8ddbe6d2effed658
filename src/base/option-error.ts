import { type ErrorDetails, VinverseError } from "./error.ts";

/** An option that is unknown, out of its range, or that the chosen method or kind of critic would not look at. */
export class OptionError extends VinverseError {
  override readonly name = "OptionError";

  constructor(message: string, details?: ErrorDetails) {
    super("OPTION", message, details);
  }
}
