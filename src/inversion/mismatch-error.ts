/** Critics, environment, method or data that do not belong together: the caller asked for something that cannot be meant. */
export class MismatchError extends TypeError {
  override readonly name = "MismatchError";
}
