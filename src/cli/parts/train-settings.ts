import { InvalidArgumentError } from "commander";
import { flagOf, idleOption } from "../../base/options.ts";
import type { Ranges } from "../../environments/with-episodes.ts";
import { algorithms } from "../../learning/deep/algorithms.ts";
import { renamedOptions } from "../../learning/renamed-options.ts";
import { UsageError } from "./errors.ts";
import type { CommonOptions } from "./run.ts";

export interface TrainCommandOptions extends CommonOptions {
  readonly env: string;
  readonly algorithm: string;
  readonly out: string;
  readonly steps?: number;
  readonly enough?: number;
  readonly learningRate?: number;
  readonly nSteps?: number;
  readonly learningStarts?: number;
  readonly numEnvs?: number;
  readonly tau?: number;
  readonly bufferSize?: number;
  readonly explorationFinalEps?: number;
  readonly explorationFraction?: number;
  readonly nSampledGoal?: number;
  readonly identifiable?: boolean;
  readonly hidden?: readonly number[];
  readonly activation?: string;
  readonly layerNorm?: boolean;
  readonly discount?: number;
  readonly goals?: readonly (readonly number[])[];
  readonly policy?: string;
  readonly transitions?: number;
  readonly targetSteps?: number;
  readonly residualSteps?: number;
  readonly starts?: "uniform" | Ranges;
  readonly horizon?: number;
  readonly resume?: boolean;
  readonly force?: boolean;
}

export const general = "gvf";
export const exact = "value-iteration";
/** γ of tables. */
export const DISCOUNT = 0.95;
export const learnedTables = ["q-learning", "sarsa"] as const;

type Key = Exclude<keyof TrainCommandOptions, keyof CommonOptions | "env" | "algorithm" | "out" | "resume" | "force">;

/** Options of the command that a deep learner takes whatever its settings are. */
const ofTheRun: readonly Key[] = ["steps", "enough", "identifiable"];
/** Those that are settings of a deep learner, where it has them. */
export const deepSettings = [
  "nSampledGoal",
  "hidden",
  "activation",
  "layerNorm",
  "discount",
  "learningRate",
  "nSteps",
  "learningStarts",
  "numEnvs",
  "tau",
  "bufferSize",
  "explorationFinalEps",
  "explorationFraction",
] as const satisfies readonly Key[];
const generalOnly: readonly Key[] = ["policy", "transitions", "targetSteps", "residualSteps", "starts", "horizon", "hidden", "activation"];
const exactOnly: readonly Key[] = ["discount", "goals", "identifiable"];

const all: readonly string[] = [...new Set<string>([...ofTheRun, ...deepSettings, ...generalOnly, ...exactOnly])];
/** Options of earlier versions that the command knows in order to say what they are now: those that it still takes, by another name. */
export const oldOptions: readonly string[] = Object.keys(renamedOptions).filter(
  (name) => !all.includes(name) && all.includes(renamedOptions[name]),
);

/** Of the options that an algorithm may take, those that it does. */
export function trainOptionsOf(algorithm: string): readonly Key[] {
  if (algorithm === general) return generalOnly;
  if (algorithm === exact) return exactOnly;
  if (learnedTables.some((name) => name === algorithm)) return ["steps", ...exactOnly];
  const { options } = algorithms[algorithm];
  return [...ofTheRun, ...deepSettings.filter((key) => options.includes(key))];
}

/** @throws UsageError naming an option that the algorithm would not look at, or the new name of an old one */
export function refuseForeign(options: TrainCommandOptions): void {
  const asked = Object.entries(options).filter(([name]) => all.includes(name) || oldOptions.includes(name));
  const problem = idleOption(Object.fromEntries(asked), {
    of: options.algorithm,
    takes: trainOptionsOf(options.algorithm),
    renamed: renamedOptions,
    spell: flagOf,
  });
  if (problem !== undefined) throw new UsageError(problem);
}

/** The command that makes the same critic again, with everything that is not left to a default. */
export function commandOf(options: TrainCommandOptions): string {
  const { env, algorithm, seed } = options;
  const said = trainOptionsOf(algorithm).flatMap((key) => {
    const value = options[key];
    if (value === undefined || value === false) return [];
    if (value === true) return [flagOf(key)];
    return [`${flagOf(key)} ${words(key, value)}`];
  });
  return [`vinverse train --env ${env} --algorithm ${algorithm} --seed ${seed}`, ...said].join(" ");
}

function words(key: Key, value: NonNullable<TrainCommandOptions[Key]>): string {
  if (!Array.isArray(value)) return String(value);
  if (key === "goals") return `'${(value as readonly (readonly number[])[]).map((goal) => goal.join()).join(" ")}'`;
  return key === "starts" ? `'${(value as Ranges).map((range) => range.join(":")).join(" ")}'` : value.join();
}

export function widths(text: string): readonly number[] {
  const list = text.split(",").map(Number);
  if (!list.every((width) => Number.isInteger(width) && width > 0 && width <= 4096))
    throw new InvalidArgumentError("It must be whole numbers such as 256,256.");
  return list;
}

export function goals(text: string): readonly (readonly number[])[] {
  const list = pairs(text, ",");
  if (!list.every((goal) => goal.length === 2 && goal.every(Number.isInteger)))
    throw new InvalidArgumentError("It must be pairs such as '2,1 2,10'.");
  return list;
}

export function starts(text: string): "uniform" | Ranges {
  if (text === "uniform") return text;
  const list: readonly (readonly number[])[] = pairs(text, ":");
  const isRange = (range: readonly number[]): range is Ranges[number] =>
    range.length === 2 && range.every(Number.isFinite) && range[0] <= range[1];
  if (!list.every(isRange)) throw new InvalidArgumentError("It must be 'uniform', or ranges such as '-1.2:0.5 -0.07:0.07'.");
  return list;
}

/** A share: above 0, 1 at most. */
export function fraction(text: string): number {
  const value = number(text);
  if (!(value > 0 && value <= 1)) throw new InvalidArgumentError("It must be above 0 and 1 at most.");
  return value;
}

export function number(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) throw new InvalidArgumentError("It must be a number.");
  return value;
}

function pairs(text: string, between: string): number[][] {
  return text
    .trim()
    .split(/[\s;]+/)
    .map((pair) => pair.split(between).map((part) => (part === "" ? Number.NaN : Number(part))));
}
