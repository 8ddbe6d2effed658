import { type ErrorDetails, VinverseError } from "../base/error.ts";

/** The caller asked an environment for something it does not have: an id, an option, an action, a state. */
export class EnvironmentError extends VinverseError {
  override readonly name = "EnvironmentError";

  constructor(message: string, details?: ErrorDetails) {
    super("ENVIRONMENT", message, details);
  }
}
