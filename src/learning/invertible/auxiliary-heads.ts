import { restoreCritic, type SavedCritic } from "../../critics/saved.ts";
import type { Environment } from "../../environments/environment.ts";
import { createRandom, randomStateSize } from "../../numbers/random.ts";
import type { Checkpoint } from "../checkpoint-file.ts";
import type { Actors } from "../deep/actors.ts";
import type { Learner } from "../learner.ts";
import {
  type GeneralValueLearner,
  generalHeads,
  generalValueLearner,
  incrementsOf,
  randomSignals,
  ratios,
  standardise,
} from "./general-value-learner.ts";
import { type Identifiability, identifyHeads } from "./identify-heads.ts";
import { createTransitionMemory, type TransitionMemory } from "./transition-memory.ts";

export interface AuxiliaryOptions {
  readonly seed: number;
  /** Environment steps of the whole training. */
  readonly steps: number;
  /** Random signals (6 a dimension of the state, 12 at least); heads are as many a discount. */
  readonly cumulants?: number;
  readonly discounts?: readonly number[];
  readonly bandwidth?: number;
  /** Share of signals that see one number of the observation each. */
  readonly single?: number;
  readonly hidden?: readonly number[];
  readonly batchSize?: number;
  readonly targetSteps?: number;
  readonly residualSteps?: number;
  readonly threads?: number;
  /** Pairs asked when identifiability is told (200). */
  readonly asked?: number;
}

export const AUXILIARY_DEFAULTS = {
  discounts: [0.3, 0.7, 0.9],
  bandwidth: 0.35,
  single: 0.5,
  hidden: [96, 96],
  activation: "SiLU",
  batchSize: 256,
  targetSteps: 1600,
  residualSteps: 6400,
  learningRates: [2e-3, 2e-3] as const,
  threads: 1,
  asked: 200,
};
const SIGNALS_A_DIMENSION = 6;
const FEWEST_SIGNALS = 12;
/** Part of the training after which observations are standardised by what was seen, and the heads begin to learn. */
const BEGIN = 0.1;
/** One transition in so many is held out. */
const HELD_OUT = 16;
const MOST_HELD_OUT = 4000;

/**
 * General value functions of random signals beside a learner, taught by the transitions that it makes: critics that can be inverted by design. They value
 * uniformly random behaviour, whatever the learner does, in a network of their own: the learner's numbers are those it has without them.
 */
export interface AuxiliaryHeads {
  /** After a step of the learner: remember what it did, make the updates that are due. */
  follow(actors: Actors, steps: number): Promise<void>;
  /** The updates that are left when training ends. */
  finish(onProgress?: (done: number, total: number) => void): Promise<void>;
  /** The learner's critic with these heads behind its own; the critic alone before they have begun. */
  join(critic: SavedCritic): Promise<SavedCritic>;
  /** Ask a joined critic for next states, as `vinverse infer --method pointwise` does. */
  identify(joined: SavedCritic): Promise<Identifiability | undefined>;
  save(): Checkpoint;
  restore(checkpoint: Checkpoint): Promise<void>;
  release(): Promise<void>;
}

export async function auxiliaryHeads(learner: Learner, options: AuxiliaryOptions): Promise<AuxiliaryHeads> {
  // a short training has no more updates of these than steps
  const part = Math.min(1, options.steps / (AUXILIARY_DEFAULTS.targetSteps + AUXILIARY_DEFAULTS.residualSteps));
  const settings = {
    ...AUXILIARY_DEFAULTS,
    targetSteps: Math.ceil(part * AUXILIARY_DEFAULTS.targetSteps),
    residualSteps: Math.ceil(part * AUXILIARY_DEFAULTS.residualSteps),
    ...options,
  };
  const { environment, observationSize: o, actionSize: m, n: copies } = learner.actors;
  const { seed, steps, discounts, bandwidth, hidden, activation, threads } = settings;
  const cumulants = options.cumulants ?? Math.max(FEWEST_SIGNALS, SIGNALS_A_DIMENSION * dimensionsOf(environment, o));
  // another stream than the learner's
  const random = createRandom(seed + 1_000_003);
  const seen = createTransitionMemory("seen", steps + copies, o, m);
  const held = createTransitionMemory("held", MOST_HELD_OUT, o, m);
  // of each transition held out; NaN where it ended its episode
  const heldRewards: number[] = [];
  let counted = 0;
  let general: GeneralValueLearner | undefined;
  let scaling: { readonly centre: Float32Array; readonly scale: Float32Array } | undefined;
  let increments: Float32Array = new Float32Array(0);
  const begin = Math.ceil(BEGIN * steps);
  const total = settings.targetSteps + settings.residualSteps;
  const start = async () => {
    const own = createRandom(seed + 2_000_003);
    const signals = { ...scaling!, ...randomSignals(o, cumulants, bandwidth, own, settings.single) };
    if (increments.length === 0) increments = incrementsOf(signals, discounts, seen);
    const parts = {
      ...signals,
      increments,
      actionSpace: environment.actionSpace,
      discounts,
      policy: { kind: "uniform" } as const,
    };
    general = await generalValueLearner({ parts, hidden, activation, actionSize: m, threads }, settings, own);
  };
  return {
    async follow(actors, at) {
      for (let i = 0; i < actors.n; i++) {
        const out = counted++ % HELD_OUT === 0;
        (out ? held : seen).add(actors.acted, actors.actions, actors.nextObservations, i);
        if (out && heldRewards.length < held.size) heldRewards.push(actors.terminated[i] ? Number.NaN : actors.rewards[i]);
      }
      if (at < begin) return;
      if (!general) {
        scaling = standardise(seen.observations, o);
        await start();
      }
      const due = Math.floor((total * (at - begin)) / Math.max(1, steps - begin));
      while (general!.done < Math.min(total, due)) await general!.update(seen, random);
    },
    async finish(onProgress) {
      while (general && general.done < total) {
        await general.update(seen, random);
        if (general.done % 500 === 0 || general.done === total) onProgress?.(general.done, total);
      }
    },
    async join(critic) {
      if (!general) return critic;
      const measured = await general.measure(held);
      const own = await ownResidual(critic, held, heldRewards);
      return {
        ...critic,
        heads: [
          ...critic.heads.map((head, i) => ({ ...head, residual: own[i] })),
          ...generalHeads(critic.heads[0].critic, cumulants, discounts, measured.residual),
        ],
        values: { kind: "with-cumulants", control: critic.values, general: general.values() },
        made: {
          ...critic.made,
          auxiliary: {
            cumulants,
            ...Object.fromEntries(Object.entries(settings).filter(([key]) => !["threads", "asked", "seed", "steps"].includes(key))),
            updates: general.done,
            residualOverSignal: ratios(discounts, cumulants, measured),
          },
        },
      };
    },
    async identify(joined) {
      if (!general || !environment.physics) return undefined;
      return identifyHeads(joined, await general.measure(held), environment, { seed: seed + 3_000_003, samples: settings.asked });
    },
    save() {
      const generator = new Float64Array(randomStateSize);
      random.save(generator, 0);
      return {
        ...seen.save(),
        ...held.save(),
        "held rewards": { shape: [heldRewards.length], data: Float64Array.from(heldRewards) },
        "heads counted": { shape: [1], data: Float64Array.of(counted) },
        "heads generator": { shape: [randomStateSize], data: generator },
        ...(general && scaling
          ? {
              ...general.save(),
              "heads centre": { shape: [o], data: scaling.centre },
              "heads scale": { shape: [o], data: scaling.scale },
              "heads increments": { shape: [increments.length], data: increments },
            }
          : {}),
      };
    },
    async restore(checkpoint) {
      seen.restore(checkpoint);
      held.restore(checkpoint);
      heldRewards.splice(0, heldRewards.length, ...checkpoint["held rewards"].data);
      counted = checkpoint["heads counted"].data[0];
      random.restore(checkpoint["heads generator"].data as Float64Array, 0);
      const [centre, scale] = [checkpoint["heads centre"]?.data, checkpoint["heads scale"]?.data];
      if (!centre || !scale) return;
      scaling = { centre: centre as Float32Array, scale: scale as Float32Array };
      increments = checkpoint["heads increments"].data as Float32Array;
      await start();
      await general!.restore(checkpoint);
    },
    async release() {
      await general?.release();
    },
  };
}

/** The critic without the heads that `join` put behind its own. */
export function withoutAuxiliary(critic: SavedCritic): SavedCritic {
  const { values, heads, made } = critic;
  if (values.kind !== "with-cumulants") return critic;
  const own = heads.filter(({ cumulant }) => cumulant === undefined).map(({ residual: _, ...head }) => head);
  const { auxiliary: _, ...rest } = made ?? {};
  return { ...critic, heads: own, values: values.control, made: rest };
}

/** RMS of V_i(s') − (Q_i(s, a) − r)/γ_i of the learner's own heads, over transitions held out that went on; `rewards` in the environment's units. */
async function ownResidual(critic: SavedCritic, held: TransitionMemory, rewards: readonly number[]): Promise<Float64Array> {
  const { heads } = critic;
  const k = heads.length;
  const restored = restoreCritic(critic);
  const q = await restored.actionValues(held.observations, held.actions);
  const v = await restored.stateValues(held.nextObservations);
  const sums = new Float64Array(k);
  let n = 0;
  for (let b = 0; b < held.size; b++) {
    if (Number.isNaN(rewards[b])) continue;
    n++;
    heads.forEach(({ discount, rewardScale, rewardOffset }, i) => {
      sums[i] += ((q[b * k + i] - rewards[b] * rewardScale - rewardOffset) / discount - v[b * k + i]) ** 2;
    });
  }
  return sums.map((sum) => Math.sqrt(sum / n));
}

function dimensionsOf({ coordinates, physics }: Environment, otherwise: number): number {
  return (coordinates ?? physics?.coordinates)?.names.length ?? otherwise;
}
