import { type ErrorDetails, VinverseError } from "./error.ts";

/** An option that is unknown, out of its range, or that the chosen method or kind of critic would not look at. */
export class OptionError extends VinverseError {
  override readonly name = "OptionError";

  constructor(message: string, details?: ErrorDetails) {
    super("OPTION", message, details);
  }
}

export interface OptionRules {
  /** Who takes the options, as the user named it. */
  readonly of: string;
  readonly takes: readonly string[];
  /** Names of earlier versions and what they are now. */
  readonly renamed?: Readonly<Record<string, string>>;
  /** How the user writes an option: `--n-steps` on the command line. */
  readonly spell?: (name: string) => string;
}

/** The first option that would not be looked at, with the sentence that says so; undefined where there is none. Options that are undefined were not given. */
export function idleOption(options: object, { of, takes, renamed = {}, spell = (name) => name }: OptionRules): string | undefined {
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || takes.includes(name)) continue;
    if (Object.hasOwn(renamed, name)) return `${spell(name)} is now ${spell(renamed[name])}`;
    return `${of} takes no ${spell(name)}; it takes ${takes.map(spell).join(", ")}`;
  }
  return undefined;
}

/** @throws OptionError naming the first option that would not be looked at, and those that would */
export function checkOptions(options: object, rules: OptionRules): void {
  const problem = idleOption(options, rules);
  if (problem !== undefined) throw new OptionError(problem);
}

/** `nSteps` as the command line writes it: `--n-steps`. */
export function flagOf(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
