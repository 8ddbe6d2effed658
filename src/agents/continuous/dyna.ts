import type { EnvironmentSource } from "../../learning/deep/actors.ts";
import type { ReplayBatch } from "../../learning/deep/replay.ts";
import { LearningError } from "../../learning/errors.ts";
import type { Learner, LearnerOptions } from "../../learning/learner.ts";
import { createRandom, type Random } from "../../numbers/random.ts";
import type { ContinuousTask } from "../../planning/continuous-task.ts";
import { changeOf, type LinearModel, type RealSteps, refit, taken } from "../../world-model/linear-model.ts";
import { continueLearner } from "./continue-learner.ts";
import { imagine, imaginedEnvironment, type ObservedWorld } from "./imagination.ts";

export interface DynaOptions {
  /** `sac`, `dqn` or another learner with a replay memory. */
  readonly create: (source: EnvironmentSource, options: LearnerOptions) => Promise<Learner>;
  /** The real world. */
  readonly source: EnvironmentSource;
  /** What is measured and can be done in it: not how it moves. */
  readonly seen: ObservedWorld;
  /** What it pays, and where it ends. */
  readonly task: ContinuousTask;
  /** From a critic of any other task (`distil` of what inferDynamics answers). Absent, nothing is imagined: the learner alone. */
  readonly model?: LinearModel;
  readonly seed: number;
  readonly steps: number;
  /** More for the learner, such as `updatesPerStep`. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Steps in imagination before the first real one, in whole episodes (0). */
  readonly warmUp?: number;
  /** Writes a state in which an episode may begin into [d] at the offset, for `warmUp`. */
  readonly start?: (random: Random, out: Float64Array, offset: number) => void;
  /** Steps of an imagined episode, for `warmUp` (200). */
  readonly horizon?: number;
  /** Share of each batch that is imagined (0.8). */
  readonly share?: number;
  /** Most steps of a branch (3): errors add up along it. */
  readonly branch?: number;
  /** Branches for every real step (8). */
  readonly branches?: number;
  /** Real steps from one fit of the model to the next (100). */
  readonly refitEvery?: number;
}

/** A learner that imagines. */
export interface Dyna {
  readonly learner: Learner;
  /** As the real steps have corrected it. */
  readonly model: LinearModel | undefined;
  /** RMS of the model's one-step errors over that of the changes, before each fit: 1 is a model in which nothing moves. */
  readonly errors: readonly number[];
  /** Imagined transitions so far. */
  readonly imagined: number;
  /** Act once in every copy of the real world, imagine, and make the updates that are due. */
  iterate(): Promise<void>;
  /** Frees the sessions of the learner. */
  release(): Promise<void>;
}

/** Imagination draws from a generator of its own. */
const APART = 700_000;
const CAPACITY = 20_000;
/** Real steps that the model is fitted to, the latest. */
const FITTED = 5000;
/** Branches begin together after so many real steps. */
const TOGETHER = 8;
/** Of imagined actions: uniform ones, and the deviation of the rest over half the range. */
const [UNIFORM, NOISE] = [0.2, 0.2];
/** A weight of the model may change by as much as it is worth, or by this share of the coordinate's largest. */
const SMALL = 0.05;
/** In units of the features: where the critic said that nothing moves. */
const LEAST = 1e-2;
/** Rate of a learner that has been warmed up. */
const GENTLE = 3e-4;
/** Errors are not believed to be smaller than this share of the changes. */
const FLOOR = 1e-3;
/** With a greater error on real steps nothing is imagined until it falls. */
const WORTHLESS = 1;

/**
 * Dyna (Sutton 1990) for deep learners, by short branches in the model from states that were really met (Janner et al. 2019): most of every batch is imagined. The model comes from a critic, not
 * from steps; real steps correct it (least squares with what the critic said for a prior), and the model keeps the learner's critic current.
 */
export async function createDyna(options: DynaOptions): Promise<Dyna> {
  const { seen, task, seed, steps, share = 0.8, branch = 3, branches = 8, refitEvery = 100 } = options;
  const { coordinates, actionSpace } = seen;
  if (actionSpace.kind === "dict") throw new LearningError("Dyna imagines actions of a Box or a Discrete space, got a Dict");
  const d = coordinates.names.length;
  const m = actionSpace.kind === "box" ? actionSpace.low.length : 1;
  const o = seen.observationSpace.low.length;
  const random = createRandom(seed + APART);
  const ring = createRing(o, m);
  const onBatch = (batch: ReplayBatch) => {
    if (trusted) ring.write(batch, share, task.discount, random, unit);
  };
  const settings = { ...options.settings, seed, steps };
  const dreamt = await warmedUp(options, ring);
  const learner = dreamt
    ? await continueLearner({ create: options.create, settings, checkpoint: dreamt.save() }, options.source, {
        seed,
        steps,
        // what was learned is not to be lost to the first few real steps
        settings: { learningRate: GENTLE, onBatch },
      })
    : await options.create(options.source, { ...settings, onBatch });
  await dreamt?.release();
  const { actors } = learner;
  let model = options.model;
  let trusted = model !== undefined;
  let met: RealSteps = { n: 0, states: new Float64Array(0), actions: new Float64Array(0), nextStates: new Float64Array(0) };
  let fresh: RealSteps = met;
  let imagined = dreamt?.steps ?? 0;
  let since = 0;
  const errors: number[] = [];

  /** A real action as the learner's memory holds it. */
  function unit(action: number, j: number): number {
    if (actionSpace.kind !== "box") return action;
    return (2 * (action - actionSpace.low[j])) / (actionSpace.high[j] - actionSpace.low[j]) - 1;
  }
  const explore = (actions: ArrayLike<number>, n: number): Float64Array => {
    const out = Float64Array.from({ length: n * m }, (_, i) => actions[i]);
    for (let b = 0; b < n; b++) {
      const uniform = random.uniform() < UNIFORM;
      if (actionSpace.kind === "discrete") {
        if (uniform) out[b] = actionSpace.start + random.integer(actionSpace.n);
        continue;
      }
      for (let j = 0; j < m; j++) {
        const [low, high] = [actionSpace.low[j], actionSpace.high[j]];
        const x = uniform ? low + (high - low) * random.uniform() : out[b * m + j] + (NOISE * (high - low) * random.normal()) / 2;
        out[b * m + j] = Math.min(high, Math.max(low, x));
      }
    }
    return out;
  };
  const imagineBranches = async (now: LinearModel, n: number): Promise<void> => {
    let states = new Float64Array(n * d);
    for (let b = 0; b < n; b++) {
      const row = random.integer(met.n);
      states.set(met.states.subarray(row * d, (row + 1) * d), b * d);
    }
    for (let k = 0; k < branch && states.length > 0; k++) {
      const count = states.length / d;
      const observations = new Float64Array(count * o);
      seen.observations(states, count, observations);
      const actions = explore(await learner.act(observations, count), count);
      const { nextStates, rewards, ended } = imagine(now, task, states, actions, count);
      const next = new Float64Array(count * o);
      seen.observations(nextStates, count, next);
      ring.add({ observations, actions, rewards, ended, next }, count);
      imagined += count;
      const going = Array.from({ length: count }, (_, b) => b).filter((b) => !ended[b]);
      states = Float64Array.from({ length: going.length * d }, (_, i) => nextStates[going[Math.floor(i / d)] * d + (i % d)]);
    }
  };
  const correct = (now: LinearModel): LinearModel => {
    const { error, rms } = errorOf(now, fresh);
    errors.push(error);
    const moved = errorOf(now, met).moved;
    const { theta, features } = now;
    const width = features.names.length;
    const largest = Array.from({ length: d }, (_, j) =>
      theta.subarray(j * width, (j + 1) * width).reduce((most, x) => Math.max(most, Math.abs(x)), 0),
    );
    const fitted = refit(options.model!, met, {
      deviation: rms.map((x, j) => Math.max(x, FLOOR * moved[j], Number.MIN_VALUE)),
      spread: (j, f) => Math.max(Math.abs(options.model!.theta[j * width + f]), SMALL * largest[j], LEAST),
    }).model;
    trusted = errorOf(fitted, fresh).error < WORTHLESS;
    return fitted;
  };

  return {
    learner,
    get model() {
      return model;
    },
    errors,
    get imagined() {
      return imagined;
    },
    async iterate() {
      await learner.iterate();
      if (!model) return;
      const n = actors.n;
      const step: RealSteps = {
        n,
        states: coordinates.fromObservations(actors.acted, n),
        actions: actors.actions.slice(),
        nextStates: coordinates.fromObservations(actors.nextObservations, n),
      };
      met = joined(met, step);
      fresh = joined(fresh, step);
      if (met.n > FITTED)
        met = taken(
          met,
          Array.from({ length: FITTED }, (_, i) => met.n - FITTED + i),
          coordinates,
        );
      if (fresh.n >= refitEvery) {
        model = correct(model);
        fresh = { n: 0, states: new Float64Array(0), actions: new Float64Array(0), nextStates: new Float64Array(0) };
      }
      since += n;
      if (since < TOGETHER || !trusted) return;
      await imagineBranches(model, since * branches);
      since = 0;
    },
    release: () => learner.release(),
  };

  function errorOf(now: LinearModel, real: RealSteps) {
    const predicted = now.nextStates(real.states, real.actions, real.n);
    const rms = new Float64Array(d);
    const moved = new Float64Array(d);
    for (let i = 0; i < real.n * d; i++) {
      rms[i % d] += changeOf(coordinates, predicted, real.nextStates, i, i % d) ** 2 / real.n;
      moved[i % d] += changeOf(coordinates, real.states, real.nextStates, i, i % d) ** 2 / real.n;
    }
    const error = rms.reduce((sum, x, j) => sum + Math.sqrt(x / (moved[j] || 1)) / d, 0);
    return { error, rms: rms.map(Math.sqrt), moved: moved.map(Math.sqrt) };
  }
}

/** The learner after whole episodes in the model alone; they stay in memory, or it would forget all but where it has really been. */
async function warmedUp(options: DynaOptions, ring: ReturnType<typeof createRing>): Promise<Learner | undefined> {
  const { create, seen, task, model, warmUp = 0, start, horizon = 200, seed, settings } = options;
  if (!model || warmUp === 0) return undefined;
  if (!start) throw new LearningError("warmUp imagines whole episodes: give `start`, where they begin");
  const world = () => imaginedEnvironment("imagined", seen, task, () => model, start, horizon);
  const learner = await create(world, { ...settings, seed, steps: warmUp });
  const { actors } = learner;
  while (learner.steps < warmUp) {
    await learner.iterate();
    const { acted: observations, actions, rewards, terminated: ended, nextObservations: next } = actors;
    ring.add({ observations, actions, rewards, ended, next }, actors.n);
  }
  return learner;
}

function joined(a: RealSteps, b: RealSteps): RealSteps {
  const join = (x: Float64Array, y: Float64Array) => {
    const out = new Float64Array(x.length + y.length);
    out.set(x);
    out.set(y, x.length);
    return out;
  };
  return {
    n: a.n + b.n,
    states: join(a.states, b.states),
    actions: join(a.actions, b.actions),
    nextStates: join(a.nextStates, b.nextStates),
  };
}

interface Imagined {
  readonly observations: Float64Array;
  readonly actions: Float64Array;
  readonly rewards: Float64Array;
  readonly ended: Uint8Array;
  readonly next: Float64Array;
}

/** The last imagined transitions. */
function createRing(o: number, m: number) {
  const held = {
    observations: new Float32Array(CAPACITY * o),
    actions: new Float64Array(CAPACITY * m),
    rewards: new Float32Array(CAPACITY),
    ended: new Uint8Array(CAPACITY),
    next: new Float32Array(CAPACITY * o),
  };
  let filled = 0;
  let at = 0;
  return {
    add({ observations, actions, rewards, ended, next }: Imagined, n: number): void {
      for (let b = 0; b < n; b++) {
        held.observations.set(observations.subarray(b * o, (b + 1) * o), at * o);
        held.actions.set(actions.subarray(b * m, (b + 1) * m), at * m);
        held.rewards[at] = rewards[b];
        held.ended[at] = ended[b];
        held.next.set(next.subarray(b * o, (b + 1) * o), at * o);
        at = (at + 1) % CAPACITY;
        filled = Math.min(CAPACITY, filled + 1);
      }
    },
    /** Over the first rows of a batch. */
    write(batch: ReplayBatch, share: number, discount: number, random: Random, unit: (action: number, j: number) => number): void {
      if (filled === 0) return;
      const rows = Math.round(share * batch.returns.data.length);
      for (let b = 0; b < rows; b++) {
        const row = random.integer(filled);
        for (let j = 0; j < o; j++) {
          batch.observations.data[b * o + j] = held.observations[row * o + j];
          batch["next observations"].data[b * o + j] = held.next[row * o + j];
        }
        for (let j = 0; j < m; j++) batch.actions.data[b * m + j] = unit(held.actions[row * m + j], j);
        batch.returns.data[b] = held.rewards[row];
        batch.discounts.data[b] = held.ended[row] ? 0 : discount;
      }
    },
  };
}
