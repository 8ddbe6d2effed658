import type { Rewards } from "../bellman/rewards.ts";
import { bellmanSystem } from "../bellman/system.ts";
import type { NetworkCritic } from "../critics/critic.ts";
import { withGoals } from "../critics/goal-conditioned.ts";
import { add, concat, mul, slice, type Value } from "../engine/index.ts";
import type { Coordinates } from "../environments/environment.ts";
import { loadCritic } from "../formats/load-critic.ts";
import { FIRST_SCALE } from "../inversion/continuous/amortised.ts";
import { headRms } from "../inversion/samples.ts";
import { createRandom } from "../numbers/random.ts";
import { mean } from "../numbers/statistics.ts";
import { solvePointwise } from "../world-model/pointwise.ts";
import type { Reproduce, Reproduction } from "./harness/reproduction.ts";
import { summariseSeeds } from "./harness/summary.ts";

/** Where FetchReach's gripper moves, metres. */
const CENTRE = [1.345, 0.75, 0.535];
const WORKSPACE = 0.12;
const GOAL_BOX = 0.15;
/** A goal is reached within 5 cm; nearer than this its head may be about to end and says nothing. */
const GOAL_MASK = 0.14;
const PAIRS = 300;
const GOALS = 32;
/** Gripper velocities seen in the checkpoint's own normalisation are of this size. */
const SPEED = 0.012;
/** How far it may move in a step: the arm's controller takes up to 5 cm, and the gripper lags. */
const REACH = 0.03;

/** Share of the episode that is left, as the wrapper's time feature tells it, at a step and at the next. */
const TIME = 0.6;
const NEXT_TIME = 0.58;

/**
 * FetchReach-v1's state as its critic sees it: gripper position p and velocity v. The observation is achieved_goal = p, then p, two finger positions,
 * v, two finger velocities and the time feature; fingers rest and time is known.
 */
const observe = (time: number) => (states: Value) => {
  const position = slice(states, 0, 3, 1);
  const one = mul(slice(states, 0, 1, 1), 0);
  const fingers = concat([one, one], 1);
  return concat([position, position, fingers, slice(states, 3, 6, 1), add(fingers, 1e-3), add(one, time)], 1);
};

const coordinates: Coordinates = {
  names: ["x", "y", "z", "ẋ", "ẏ", "ż"],
  angular: new Array(6).fill(false),
  low: [...CENTRE.map((c) => c - 0.3), -1, -1, -1],
  high: [...CENTRE.map((c) => c + 0.3), 1, 1, 1],
  rateOf: new Array(6).fill(null),
  observe: observe(TIME),
  fromObservations(observations, n) {
    const out = new Float64Array(6 * n);
    for (let i = 0; i < n; i++) {
      out.set(observations.subarray(14 * i + 3, 14 * i + 6), 6 * i);
      out.set(observations.subarray(14 * i + 8, 14 * i + 11), 6 * i + 3);
    }
    return out;
  },
};

/** Every goal that is not reached costs 1 a step. */
const rewards: Rewards = (_states, _actions, n, out) => {
  out.fill(-1, 0, n);
};

const seedCount = 3;
const counts = [1, 4, 16, 32];

/**
 * The gripper's displacement in FetchReach-v1 from a published goal-conditioned TQC critic, by asking it about many goals: pointwise, without transitions.
 * There is no simulator here; the figure is the correlation of the inferred displacement with the action, which moves the gripper along the same axis.
 */
export const reproduceFetchReach: Reproduce = async ({ critics, seed, onProgress }): Promise<Reproduction> => {
  const start = performance.now();
  const critic = await loadCritic(`${critics ?? "."}/tqc/FetchReach-v1_1/FetchReach-v1.zip`, { quantiles: "mean" });
  if (critic.kind !== "network") throw new TypeError("tqc/FetchReach-v1_1 is not a network critic");
  const seeds = Array.from({ length: seedCount }, (_, i) => seed + i);
  const table: Record<string, readonly number[]>[] = [];
  const runs: Record<string, number>[] = [];
  for (const own of seeds) {
    const row: Record<string, readonly number[]> = {};
    for (const goals of counts) {
      onProgress?.(table.length * counts.length + counts.indexOf(goals), seedCount * counts.length, `seed ${own}, ${goals} goals`);
      row[goals] = await reachCorrelations(critic, own, goals);
    }
    const [correlationX, correlationY, correlationZ] = row[32];
    runs.push({ correlationX, correlationY, correlationZ });
    table.push(row);
  }
  onProgress?.(seedCount * counts.length, seedCount * counts.length, "done");
  const { figures, ranges } = summariseSeeds(runs);
  return {
    figures,
    ranges,
    seeds,
    seconds: (performance.now() - start) / 1000,
    details: { pairs: PAIRS, goals: GOALS, correlationsByGoals: Object.fromEntries(seeds.map((own, i) => [own, table[i]])) },
  };
};

/** Correlation of the inferred displacement with the action along x, y, z, over random states and actions. */
export async function reachCorrelations(critic: NetworkCritic, seed: number, goals: number): Promise<number[]> {
  const random = createRandom(seed);
  const spread = (by: number) => by * (2 * random.uniform() - 1);
  const grid = Array.from({ length: goals }, () => CENTRE.map((c) => c + spread(GOAL_BOX)));
  const states = new Float64Array(PAIRS * 6);
  const actions = new Float64Array(PAIRS * 4);
  for (let b = 0; b < PAIRS; b++) {
    for (let j = 0; j < 3; j++) {
      states[6 * b + j] = CENTRE[j] + spread(WORKSPACE);
      states[6 * b + 3 + j] = 0.7 * SPEED * random.normal();
    }
    for (let j = 0; j < 4; j++) actions[4 * b + j] = spread(1);
  }
  const system = await bellmanSystem(withGoals(critic, grid), coordinates, rewards, observe(NEXT_TIME));
  const targets = await system.targets(states, actions);
  const here = await system.values(states);
  const sigma = headRms(
    targets.map((y, at) => here[at] - y),
    goals,
  ).map((rms) => FIRST_SCALE * rms);
  const { nextStates } = await solvePointwise(system, states, targets, sigma, {
    reach: [REACH, REACH, REACH, SPEED, SPEED, SPEED],
    starts: 1,
    iterations: 15,
    huber: Infinity,
    seed,
    goalMask: GOAL_MASK,
  });
  await system.release();
  return [0, 1, 2].map((j) =>
    correlation(
      Float64Array.from({ length: PAIRS }, (_, b) => nextStates[6 * b + j] - states[6 * b + j]),
      Float64Array.from({ length: PAIRS }, (_, b) => actions[4 * b + j]),
    ),
  );
}

function correlation(a: Float64Array, b: Float64Array): number {
  const n = a.length;
  const [ma, mb] = [mean(a), mean(b)];
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    ab += (a[i] - ma) * (b[i] - mb);
    aa += (a[i] - ma) ** 2;
    bb += (b[i] - mb) ** 2;
  }
  return ab / Math.sqrt(aa * bb);
}
