import type { SavedCritic } from "../../critics/saved.ts";
import type { Environment } from "../../environments/environment.ts";
import { saveCritic } from "../../formats/critic-folder.ts";
import { type LogKind, openLog, type TrainingLog } from "../training-log.ts";
import { type GeneralValueOptions, trainGeneralValues } from "./general-value-functions.ts";
import { type Identifiability, identifiabilityScalars, identifyHeads } from "./identify-heads.ts";

/** A line of the log of general value functions. */
export interface GeneralValueEntry {
  readonly updates: number;
  readonly phase: string;
  /** Of the last update. */
  readonly loss: number;
  /** On transitions held out, of all heads and of those of each discount. */
  readonly residualOverSignal: number;
  readonly byDiscount: readonly { readonly discount: number; readonly ratio: number }[];
  /** Where the state can be asked for. */
  readonly identifiability?: Identifiability;
}

const generalValueLog: LogKind<GeneralValueEntry> = {
  at: ({ updates }) => updates,
  scalars: ({ loss, residualOverSignal, byDiscount, identifiability }) => ({
    loss,
    "identifiability/residual over signal": residualOverSignal,
    ...Object.fromEntries(byDiscount.map(({ discount, ratio }) => [`residual over signal/discount ${discount}`, ratio])),
    ...(identifiability ? identifiabilityScalars(identifiability) : {}),
  }),
};

export interface GeneralValueRunOptions extends Omit<GeneralValueOptions, "onStart" | "onEvaluation" | "folder"> {
  /** Folder of the critic, log.jsonl and checkpoint.safetensors. */
  readonly out: string;
  /** The critic keeps the command that makes it. */
  readonly command: string;
  /** Pairs asked when identifiability is told (200). */
  readonly asked?: number;
  readonly onEntry?: (entry: GeneralValueEntry, updatesPerSecond: number) => void;
}

export interface GeneralValueRunResult {
  readonly critic: SavedCritic;
  readonly log: readonly GeneralValueEntry[];
  readonly updatesPerSecond: number;
  readonly identifiability?: Identifiability;
}

const ASKED = 200;

/** Train general value functions into a folder. One that was stopped goes on and ends with the same bytes, log.jsonl among them, as one that was not. */
export async function runGeneralValues(environment: Environment, options: GeneralValueRunOptions): Promise<GeneralValueRunResult> {
  const { out, command, asked = ASKED, onEntry, ...training } = options;
  let log!: TrainingLog<GeneralValueEntry>;
  const { critic, updatesPerSecond } = await trainGeneralValues(environment, {
    ...training,
    folder: out,
    async onStart(done) {
      log = await openLog(out, options.resume ? done : undefined, generalValueLog);
    },
    async onEvaluation({ updates, phase, loss, measured, critic: now, updatesPerSecond: speed }) {
      const identifiability = environment.physics
        ? await identifyHeads(now, measured, environment, { seed: options.seed + 3_000_003, samples: asked })
        : undefined;
      const residualOverSignal = Math.hypot(...measured.residual) / Math.hypot(...measured.signal);
      const byDiscount = now.made!.residualOverSignal as GeneralValueEntry["byDiscount"];
      await saveCritic(out, now);
      const entry = { updates, phase, loss, residualOverSignal, byDiscount, ...(identifiability ? { identifiability } : {}) };
      await log.add(entry);
      onEntry?.(entry, speed);
    },
  });
  const { entries } = log;
  const { identifiability } = entries[entries.length - 1];
  const whole = { ...critic, made: { command, ...critic.made, ...(identifiability ? { identifiability } : {}) } };
  await saveCritic(out, whole);
  return { critic: whole, log: entries, updatesPerSecond, identifiability };
}
