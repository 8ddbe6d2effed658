import { inferHybrid } from "../../inversion/hybrid/infer-hybrid.ts";
import { createRandom, type Random } from "../../numbers/random.ts";
import { bootstrap, type Interval, mean } from "../../numbers/statistics.ts";
import type { ContinuousPolicy } from "../../planning/policy.ts";
import type { Simulator } from "../../planning/simulator.ts";
import { simulatorOfDynamics, simulatorOfPhysics } from "../../planning/simulator.ts";
import type { ReproduceOptions } from "../harness/reproduction.ts";
import { drawSamples, type GoalCritics, obtainSparseCritic, SPARSE_DISCOUNT, stepsSystem } from "../sparse-goals.ts";
import { type GoalOfStates, improvedReturns } from "./old-policies.ts";

/** A goal that no critic has seen. */
export interface UnseenGoal extends GoalOfStates {
  readonly name: string;
  readonly published: number;
  plan(model: Simulator, seed: number): Promise<ContinuousPolicy>;
  /** Return of the optimum from each of n starts [n, d], or a bound above it: [n]. */
  optimum(starts: Float64Array, n: number): Promise<Float64Array>;
}

export interface TransferStudy {
  readonly critics: GoalCritics;
  readonly goals: readonly UnseenGoal[];
  start(random: Random, out?: Float64Array, offset?: number): Float64Array;
}

export interface GoalResult {
  readonly goal: string;
  /** Mean return over the mean of the optimum, from all starts of all runs. */
  readonly ratio: Interval;
  /** [runs] of each model by itself */
  readonly ratios: readonly number[];
  /** The same planner in the true laws. */
  readonly exactModel: number;
  /** Generalised policy improvement over the old policies, their values known exactly. */
  readonly generalisedPolicyImprovement: number;
  readonly published: number;
  readonly optimum: number;
  readonly missed: number;
  readonly episodes: number;
}

/** Critics that ship; a run beyond them takes the first again, for samples and starts of its own. */
const CRITICS = 3;
const RUNS = 5;
const STARTS = 60;
const SAMPLES = 40_000;
/** Starts of the baseline, which follows every old policy after every action at every step. */
const IMPROVED = 8;
const LONGEST = 300;
const APART = 100;

/** Infer a model from each critic by itself, plan for every unseen goal in it, and follow the plans in the true world. */
export async function transferGoals(
  { critics: source, goals, start }: TransferStudy,
  options: ReproduceOptions,
  onProgress: (share: number, what: string) => void,
): Promise<GoalResult[]> {
  const { physics } = source.task;
  const d = physics.coordinates.names.length;
  const exact = simulatorOfPhysics(physics);
  const critics = [];
  for (let i = 0; i < CRITICS; i++) {
    const saved = await obtainSparseCritic(source, i, options, (done, total, what) =>
      onProgress(0, `${what} ${Math.round((100 * done) / total)} %`),
    );
    critics.push({ saved, system: await stepsSystem(saved, source.task) });
  }
  const rows = goals.map(() => ({ got: [] as number[], exact: [] as number[], optimum: [] as number[] }));
  for (let run = 0; run < RUNS; run++) {
    const seed = options.seed + run;
    onProgress(run / RUNS, `${source.task.environment}, seed ${seed}`);
    const { system } = critics[run % CRITICS];
    const { dynamics } = await inferHybrid(system, physics.actionSpace, drawSamples(physics, SAMPLES, seed + APART), {
      validators: [critics[(run + 1) % CRITICS].system],
      seed,
    });
    const model = simulatorOfDynamics(dynamics, physics.coordinates);
    const random = createRandom(seed + 2 * APART);
    const starts = new Float64Array(STARTS * d);
    for (let b = 0; b < STARTS; b++) start(random, starts, b * d);
    for (const [g, goal] of goals.entries()) {
      const got = await returnsOf(await goal.plan(model, seed), exact, goal, starts, STARTS);
      const ceiling = await returnsOf(await goal.plan(exact, seed), exact, goal, starts, STARTS);
      const optimum = await goal.optimum(starts, STARTS);
      rows[g].got.push(...got);
      rows[g].exact.push(...ceiling);
      // what was got is no more than the optimum
      rows[g].optimum.push(...optimum.map((x, b) => Math.max(x, got[b], ceiling[b])));
    }
  }
  const random = createRandom(options.seed + 3 * APART);
  const starts = new Float64Array(IMPROVED * d);
  for (let b = 0; b < IMPROVED; b++) start(random, starts, b * d);
  const results: GoalResult[] = [];
  for (const [g, goal] of goals.entries()) {
    onProgress((RUNS - 1 + (g + 1) / goals.length) / RUNS, `${source.task.environment}, old policies for ${goal.name}`);
    const improved = await improvedReturns(critics[0].saved, physics, goal, starts, IMPROVED);
    const { got, exact: ceiling, optimum } = rows[g];
    const share = (values: readonly number[], picked: ArrayLike<number>) => {
      let [sum, best] = [0, 0];
      for (let i = 0; i < picked.length; i++) {
        sum += values[picked[i]];
        best += optimum[picked[i]];
      }
      return sum / best;
    };
    const every = got.map((_, i) => i);
    results.push({
      goal: goal.name,
      ratio: bootstrap(got.length, (picked) => share(got, picked)),
      ratios: Array.from({ length: RUNS }, (_, run) => share(got, every.slice(run * STARTS, (run + 1) * STARTS))),
      exactModel: share(ceiling, every),
      generalisedPolicyImprovement: mean(improved) / mean(await goal.optimum(starts, IMPROVED)),
      published: goal.published,
      optimum: mean(optimum),
      missed: got.filter((x) => x === 0).length,
      episodes: got.length,
    });
  }
  await Promise.all(critics.map(({ system }) => system.release()));
  return results;
}

/** Discounted returns [n] of a policy in a world from n starts [n, d]: γ^t where step t arrives, 0 where none does. */
export async function returnsOf(
  policy: ContinuousPolicy,
  world: Simulator,
  goal: GoalOfStates,
  starts: Float64Array,
  n: number,
): Promise<Float64Array> {
  const d = world.stateSize;
  const returns = new Float64Array(n);
  const [away, ended] = [new Float64Array(1), new Uint8Array(1)];
  for (let b = 0; b < n; b++) {
    policy.reset();
    let state = starts.slice(b * d, (b + 1) * d);
    for (let t = 0; t < LONGEST; t++) {
      state = (await world.step(state, await policy.act(state), 1)).nextStates as Float64Array<ArrayBuffer>;
      goal.end?.(state, 1, ended);
      if (ended[0]) break;
      goal.distance(state, 1, away);
      if (away[0] >= 0) continue;
      returns[b] = SPARSE_DISCOUNT ** t;
      break;
    }
  }
  return returns;
}
