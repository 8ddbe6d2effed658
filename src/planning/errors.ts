import { type ErrorCode, type ErrorDetails, VinverseError } from "../base/error.ts";

/** A planner was given options, a world and a task that do not go together. */
export class PlanningError extends VinverseError {
  override readonly name = "PlanningError";

  constructor(code: Extract<ErrorCode, "OPTION" | "MISMATCH">, message: string, details?: ErrorDetails) {
    super(code, message, details);
  }
}
