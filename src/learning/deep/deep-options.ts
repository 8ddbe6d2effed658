import { checkOptions } from "../../base/options.ts";
import { renamedOptions } from "../renamed-options.ts";

/** What every deep learner takes that has no default to stand among. */
const COMMON = ["nSampledGoal", "onBatch"];

/** Names of what a learner with these defaults takes, beside `seed` and `steps`. */
export function deepOptionNames(defaults: object): readonly string[] {
  return [...Object.keys(defaults), ...COMMON].sort();
}

/** @param of the learner's name @throws OptionError naming an option that a learner with these defaults would not look at */
export function checkDeepOptions(of: string, defaults: object, options: object): void {
  checkOptions(options, { of, takes: ["seed", "steps", ...deepOptionNames(defaults)], renamed: renamedOptions });
}

/**
 * The settings of a learner: its defaults, and over them what was given.
 * @param of the learner's name
 * @throws OptionError naming an option that it would not look at
 */
export function checkedSettings<Defaults extends object, Options extends object>(
  of: string,
  defaults: Defaults,
  options: Options,
): Defaults & Options {
  checkDeepOptions(of, defaults, options);
  return { ...defaults, ...options };
}
