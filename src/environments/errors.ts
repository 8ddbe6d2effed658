/** The caller asked an environment for something it does not have: an id, an option, an action, a state. */
export class EnvironmentError extends Error {
  override readonly name = "EnvironmentError";
}
