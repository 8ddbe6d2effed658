import { InvalidArgumentError } from "commander";
import type { Ranges } from "../../environments/with-episodes.ts";
import { UsageError } from "./errors.ts";
import type { CommonOptions } from "./run.ts";

export interface TrainOptions extends CommonOptions {
  readonly env: string;
  readonly algorithm: string;
  readonly out: string;
  readonly steps?: number;
  readonly enough?: number;
  readonly relabel?: number;
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

type Key = Exclude<keyof TrainOptions, keyof CommonOptions | "env" | "algorithm" | "out" | "resume" | "force">;

const network: readonly Key[] = ["hidden", "activation"];
const deepOnly: readonly Key[] = ["steps", "enough", "relabel", "identifiable", "discount", "layerNorm", ...network];
const generalOnly: readonly Key[] = ["policy", "transitions", "targetSteps", "residualSteps", "starts", "horizon", ...network];
const exactOnly: readonly Key[] = ["discount", "goals", "identifiable"];
const tablesOnly: readonly Key[] = ["steps", ...exactOnly];
const all = [...new Set([...deepOnly, ...generalOnly, ...tablesOnly])];

/** Of the options that an algorithm may take, those that it does. */
export function optionsOf(algorithm: string): readonly Key[] {
  if (algorithm === general) return generalOnly;
  if (algorithm === exact) return exactOnly;
  return learnedTables.some((name) => name === algorithm) ? tablesOnly : deepOnly;
}

/** @throws UsageError naming an option that the algorithm would not look at */
export function refuseForeign(options: TrainOptions): void {
  const own = optionsOf(options.algorithm);
  const foreign = all.find((key) => options[key] !== undefined && !own.includes(key));
  if (foreign !== undefined) throw new UsageError(`${options.algorithm} takes no ${flag(foreign)}; it takes ${own.map(flag).join(", ")}`);
}

/** The command that makes the same critic again, with everything that is not left to a default. */
export function commandOf(options: TrainOptions): string {
  const { env, algorithm, seed } = options;
  const said = optionsOf(algorithm).flatMap((key) => {
    const value = options[key];
    if (value === undefined || value === false) return [];
    if (value === true) return [flag(key)];
    return [`${flag(key)} ${words(key, value)}`];
  });
  return [`vinverse train --env ${env} --algorithm ${algorithm} --seed ${seed}`, ...said].join(" ");
}

function words(key: Key, value: NonNullable<TrainOptions[Key]>): string {
  if (!Array.isArray(value)) return String(value);
  if (key === "goals") return `'${(value as readonly (readonly number[])[]).map((goal) => goal.join()).join(" ")}'`;
  return key === "starts" ? `'${(value as Ranges).map((range) => range.join(":")).join(" ")}'` : value.join();
}

const flag = (key: Key) => `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

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
  const list = pairs(text, ":");
  if (!list.every((range) => range.length === 2 && range.every(Number.isFinite) && range[0] <= range[1]))
    throw new InvalidArgumentError("It must be 'uniform', or ranges such as '-1.2:0.5 -0.07:0.07'.");
  return list as unknown as Ranges;
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
