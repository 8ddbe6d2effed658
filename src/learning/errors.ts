import { type ErrorDetails, VinverseError } from "../base/error.ts";

/** An algorithm and an environment, or a checkpoint, that do not belong together. */
export class LearningError extends VinverseError {
  override readonly name = "LearningError";

  constructor(message: string, details?: ErrorDetails) {
    super("LEARNING", message, details);
  }
}
