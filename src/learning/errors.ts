/** An algorithm and an environment, or a checkpoint, that do not belong together. */
export class LearningError extends Error {
  override readonly name = "LearningError";
}
