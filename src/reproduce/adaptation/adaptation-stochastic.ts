import { createStochasticAdaptiveAgent } from "../../agents/tabular/adapt-stochastic.ts";
import { BlendedModel, type OutcomeRows } from "../../agents/tabular/blend.ts";
import { remapActions } from "../../agents/tabular/change-world.ts";
import { confirmRows } from "../../agents/tabular/confirm-rows.ts";
import { createDetector, type Detector } from "../../agents/tabular/detect.ts";
import { DynaQ } from "../../agents/tabular/dyna-q.ts";
import { arrivals, exactRows, type GoalWorld, solveGoals, stepWorld } from "../../agents/tabular/goal-world.ts";
import { firstBest, QLearning } from "../../agents/tabular/q-learning.ts";
import { runTask, type TaskResult } from "../../agents/tabular/run-task.ts";
import { createRandom, type Random } from "../../numbers/random.ts";
import { gridOf, median, medianOf, speedup, sum } from "../../numbers/statistics.ts";
import { lakeWorld, oldGoals } from "../goal-worlds.ts";
import { exactGoalCritic } from "../rivals/goal-critic.ts";
import { goalThatMatters } from "./changes.ts";

const SEEDS = 30;
const TUNING = 900_000;
const TUNED_ON = 5;
const HEADS = 16;
const CAP = 20_000;
const EVERY = 25;
const ALARM = 1e-5;
/** Steps without a change a seed: 30 seeds make 3 · 10⁵. */
const QUIET = 10_000;
const EPSILON = 0.05;

export interface Instance {
  readonly old: GoalWorld;
  readonly world: GoalWorld;
  readonly goal: number;
  readonly seed: number;
}

/** Ice of success ⅔ that becomes ice of success 0.4. */
export function slipChange(seed: number): Instance {
  const [old, world] = [lakeWorld(2 / 3), lakeWorld(0.4)];
  return { old, world, goal: goalThatMatters(old, world, createRandom(seed))!, seed };
}

/** In a quarter of the lake every cell has its actions in an order of its own: no channel and no permutation explains it. */
export function regionalChange(seed: number): Instance {
  const random = createRandom(seed);
  const old = lakeWorld(2 / 3);
  for (;;) {
    const orders = Array.from({ length: old.states }, () => random.permutation(4));
    const world = remapActions(old, (s, a) => (s % 8 < 4 && s < 32 ? orders[s][a] : a));
    const goal = goalThatMatters(old, world, random);
    if (goal !== undefined) return { old, world, goal, seed };
  }
}

/** What was inferred from 16 old goals and confirmed by walking before the change, frozen. */
export function stochasticReference({ old, goal, seed }: Instance): OutcomeRows {
  const random = createRandom(seed + 5);
  const critic = exactGoalCritic(old, oldGoals(old, HEADS, random, [goal]));
  return confirmRows(new BlendedModel(critic, { tau: 1e-5, staying: true }), old, goal, random);
}

type Settings = Readonly<Record<string, number>>;
const basics = ({ old, seed }: Instance) => ({
  states: old.states,
  actions: old.actions,
  discount: old.discount,
  random: createRandom(seed + 1),
});
const rivals = {
  continuedQ: (instance: Instance, s: Settings) =>
    new QLearning({ ...basics(instance), learningRate: s.rate, epsilon: s.epsilon, q: solveGoals(instance.old, [instance.goal]).q }),
  resetQ: (instance: Instance, s: Settings) =>
    new QLearning({ ...basics(instance), learningRate: s.rate, epsilon: s.epsilon, initial: s.initial }),
  dynaQ(instance: Instance, s: Settings) {
    const { old, goal, seed } = instance;
    const random = createRandom(seed + 6);
    const sample = (pair: number) =>
      Array.from({ length: s.window }, () => {
        const next = stepWorld(old, Math.floor(pair / old.actions), pair % old.actions, random);
        return { next, reward: next === goal ? 1 : 0, ended: next === goal || old.traps[next] === 1 };
      });
    return new DynaQ({
      ...basics(instance),
      learningRate: s.rate,
      epsilon: s.epsilon,
      planning: 20,
      window: s.window,
      q: solveGoals(old, [goal]).q,
      model: (pair) => (old.traps[Math.floor(pair / old.actions)] || Math.floor(pair / old.actions) === goal ? [] : sample(pair)),
    });
  },
};
const grids: Readonly<Record<keyof typeof rivals, Record<string, number>[]>> = {
  continuedQ: gridOf({ rate: [0.05, 0.1, 0.3], epsilon: [0.05, 0.2] }),
  resetQ: gridOf({ rate: [0.1, 0.3], epsilon: [0.05], initial: [0.3, 0.5] }),
  dynaQ: gridOf({ rate: [0.1], epsilon: [0.05, 0.2], window: [5, 20] }),
};

/** Changes where outcomes are drawn, and what the detector costs. */
export function adaptStochastic(seed: number, onProgress: (done: number, what: string) => void) {
  onProgress(0, "slip");
  const slip = held(slipChange, seed);
  onProgress(1, "a region");
  const regional = held(regionalChange, seed);
  onProgress(1.8, "detection");
  const strongest = Object.values(regional.rivals).reduce((best, entry) => (entry.timesOurs.value < best.timesOurs.value ? entry : best));
  return {
    slip: { ...slip, overContinuedQ: slip.rivals.continuedQ.timesOurs },
    regional: { ...regional, overBestBaseline: strongest.timesOurs },
    unsolved: slip.unsolved + regional.unsolved,
    detection: detection(seed),
  };
}

function held(change: (seed: number) => Instance, seed: number) {
  const instances = Array.from({ length: SEEDS }, (_, i) => change(seed + i));
  const run = ({ world, goal, seed: own }: Instance, agent: Parameters<typeof runTask>[2]): TaskResult =>
    runTask(world, goal, agent, createRandom(own + 2), { cap: CAP, every: EVERY, atOnce: true });
  const alarms: number[] = [];
  let words = "";
  const own = instances.map((instance) => {
    const agent = createStochasticAdaptiveAgent({
      ...basics(instance),
      reference: stochasticReference(instance),
      arrival: arrivals(instance.old, [instance.goal]),
      falseAlarmRate: ALARM,
      epsilon: EPSILON,
    });
    const result = run(instance, agent);
    alarms.push(agent.alarm?.step ?? CAP);
    words ||= agent.describe();
    return result;
  });
  const steps = (results: readonly TaskResult[]) => results.map(({ solved }) => solved);
  const count = (results: readonly TaskResult[]) => results.filter(({ capped }) => capped).length;
  const heldBy = (name: keyof typeof rivals) => {
    const scored = grids[name].map((settings) => {
      const tuning = Array.from({ length: TUNED_ON }, (_, i) => change(TUNING + i));
      const tried = tuning.map((instance) => run(instance, rivals[name](instance, settings)).solved);
      return { settings, score: median(tried) + (0.1 * sum(tried)) / TUNED_ON };
    });
    const { settings } = scored.reduce((best, entry) => (entry.score < best.score ? entry : best));
    const results = instances.map((instance) => run(instance, rivals[name](instance, settings)));
    return {
      steps: medianOf(steps(results)),
      unsolved: count(results),
      timesOurs: speedup(steps(results), steps(own)),
      settings,
      grid: scored,
    };
  };
  const table = { continuedQ: heldBy("continuedQ"), resetQ: heldBy("resetQ"), dynaQ: heldBy("dynaQ") };
  return { steps: medianOf(steps(own)), alarms: medianOf(alarms), unsolved: count(own), rivals: table, words };
}

/** Steps from the change to the alarm against ln(1/FAR)/KL of the steps that were taken, and alarms while nothing changes. */
function detection(seed: number) {
  const ratios: number[] = [];
  const exactRatios: number[] = [];
  let alarms = 0;
  let quiet = 0;
  for (let i = 0; i < SEEDS; i++) {
    const instance = slipChange(seed + i);
    const { old, world, goal } = instance;
    const policy = firstBest(solveGoals(old, [goal]).q, old.states, old.actions);
    const rows = stochasticReference(instance);
    const make = (reference: OutcomeRows) => createDetector({ reference, states: old.states, actions: old.actions, falseAlarmRate: ALARM });
    const watch = (true_: GoalWorld, detector: Detector, steps: number, random: Random, stop: boolean) => {
      let state = old.start;
      let information = 0;
      let rung = 0;
      for (let t = 1, elapsed = 0; t <= steps; t++) {
        const action = random.uniform() < EPSILON ? random.integer(old.actions) : policy[state];
        const next = stepWorld(true_, state, action, random);
        information += divergence(true_, old, state * old.actions + action);
        if (detector.observe(state, action, next)) {
          rung++;
          if (stop) return { step: t, information: information / t, rung };
        }
        elapsed++;
        const over = next === goal || true_.traps[next] || elapsed >= old.horizon;
        state = over ? old.start : next;
        if (over) elapsed = 0;
      }
      return { step: steps, information: information / steps, rung };
    };
    const found = watch(world, make(rows), CAP, createRandom(instance.seed + 8), true);
    ratios.push((found.step * found.information) / Math.log(1 / ALARM));
    const exact = watch(world, make(exactRows(old)), CAP, createRandom(instance.seed + 8), true);
    exactRatios.push((exact.step * exact.information) / Math.log(1 / ALARM));
    alarms += watch(old, make(rows), QUIET, createRandom(instance.seed + 9), false).rung;
    quiet += QUIET;
  }
  return {
    falseAlarmRate: alarms / quiet,
    alarms,
    quietSteps: quiet,
    overBound: medianOf(ratios),
    overBoundWithExactReference: medianOf(exactRatios),
  };
}

/** KL(P_new ‖ P_old) of a pair. */
function divergence(world: GoalWorld, old: GoalWorld, pair: number): number {
  const chanceOf = ({ tables }: GoalWorld) => {
    const chances = new Map<number, number>();
    for (let o = tables.offsets[pair]; o < tables.offsets[pair + 1]; o++)
      chances.set(tables.nextStates[o], (chances.get(tables.nextStates[o]) ?? 0) + tables.probabilities[o]);
    return chances;
  };
  const before = chanceOf(old);
  let sum = 0;
  for (const [t, p] of chanceOf(world)) sum += p * Math.log(p / before.get(t)!);
  return sum;
}
