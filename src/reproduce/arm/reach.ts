import type { OnProgress } from "../../base/progress.ts";
import type { NetworkCritic } from "../../critics/critic.ts";
import { withGoals } from "../../critics/goal-conditioned.ts";
import { restoreCritic, type SavedCritic } from "../../critics/saved.ts";
import { compile, concat, Graph, mul } from "../../engine/index.ts";
import { workspace } from "../../environments/arm/model.ts";
import type { Coordinates, Environment } from "../../environments/environment.ts";
import { make, prepare } from "../../environments/make.ts";
import { vectorize } from "../../environments/vector-environment.ts";
import { inferDynamics } from "../../inversion/infer.ts";
import type { Samples } from "../../inversion/samples.ts";
import { algorithms, presetOf } from "../../learning/deep/algorithms.ts";
import { createRandom } from "../../numbers/random.ts";
import { sum } from "../../numbers/statistics.ts";
import { cem } from "../../planning/cem.ts";
import type { ContinuousWorldModel } from "../../world-model/world-model.ts";
import type { ArmPart } from "./part.ts";

export const ARM_REACH = "ArmReach-v0";
const ALGORITHM = "td3";
/** Goals that one critic is asked about: a head each. */
const GOALS = 32;
const SAMPLES = 2000;
const RADIUS = 0.02;
const EPISODES = 100;
/** Starts and goals that nothing was tuned on. */
const FIRST_START = 900_000;
const SCORED = 1000;
const PLAN = { horizon: 3, population: 64, iterations: 4 };
/** Inference draws its goals and samples, and the planner its plans, from seeds apart from training's. */
const APART = 100;

/**
 * Where the grip is, and nothing of how fast it moves: the hand is asked about at rest. Its controller leads from where it is, so that its velocity
 * says little of where it will be.
 */
export const gripCoordinates: Coordinates = {
  names: ["x", "y", "z"],
  angular: [false, false, false],
  low: workspace.low,
  high: workspace.high,
  rateOf: [null, null, null],
  // achieved goal, position, velocity: the observation without the desired goal
  observe: (states) => concat([states, states, mul(states, 0)], 1),
  fromObservations(observations, n) {
    const out = new Float64Array(3 * n);
    for (let i = 0; i < n; i++) out.set(observations.subarray(9 * i + 3, 9 * i + 6), 3 * i);
    return out;
  },
};

/** n × 3 places drawn from the workspace. */
function places(n: number, seed: number): Float64Array {
  const random = createRandom(seed);
  const { low, high } = workspace;
  return Float64Array.from({ length: 3 * n }, (_, i) => low[i % 3] + (high[i % 3] - low[i % 3]) * random.uniform());
}

/** The goal-conditioned critic of a training seed, learned with hindsight. */
export async function trainReach(seed: number, onProgress?: OnProgress): Promise<SavedCritic> {
  await prepare(ARM_REACH);
  const { steps, settings } = presetOf(ARM_REACH);
  const learner = await algorithms[ALGORITHM].create(ARM_REACH, { ...settings, seed, steps });
  while (learner.steps < steps) {
    await learner.iterate();
    if (learner.steps % 200 === 0) onProgress?.(learner.steps, steps, `seed ${seed}, learning to reach: step ${learner.steps}`);
  }
  const critic = learner.critic();
  await learner.release();
  return critic;
}

/** The model: from the values of a few goals at random places and actions, no step taken. */
export async function inferReach(critic: NetworkCritic, seed: number, { heads = GOALS, n = SAMPLES } = {}) {
  const flat = places(heads, seed + APART);
  const goals = Array.from({ length: heads }, (_, i) => Array.from(flat.subarray(3 * i, 3 * i + 3)));
  const random = createRandom(seed + 2 * APART);
  const samples: Samples = {
    n,
    states: places(n, seed + 3 * APART),
    actions: Float64Array.from({ length: 3 * n }, () => 2 * random.uniform() - 1),
  };
  const inferred = await inferDynamics(withGoals(critic, goals), { coordinates: gripCoordinates, reward: -1, samples, seed });
  if (inferred.model.kind !== "continuous") throw new TypeError(`${critic.name} gave a model that is not continuous`);
  const { model, identifiability } = inferred as Extract<typeof inferred, { equations: unknown }>;
  return { model, identifiability };
}

export interface ReachTrial {
  /** Share of episodes that end within the radius of their goal. */
  readonly held: number;
  /** Share that were ever within it. */
  readonly reached: number;
  /** Mean number of steps until they first were. */
  readonly steps: number;
}

/** Episodes of actions chosen from (achieved, desired, observation), all copies at once; episode i starts with seed + i. */
async function trial(
  act: (observations: Float64Array, n: number) => Promise<Float64Array>,
  episodes: number,
  seed: number,
  onStep?: (t: number, of: number) => void,
): Promise<ReachTrial> {
  const environment = make(ARM_REACH);
  const vector = vectorize(environment, episodes);
  vector.reset(seed);
  const first = new Int32Array(episodes).fill(-1);
  const within = new Uint8Array(episodes);
  for (let t = 0; t < environment.horizon; t++) {
    vector.step(await act(vector.observations, episodes));
    // the observation after the last step, before any new start
    const seen = vector.nextObservations;
    for (let i = 0; i < episodes; i++) {
      const at = i * vector.observationSize;
      within[i] = Math.hypot(seen[at] - seen[at + 3], seen[at + 1] - seen[at + 4], seen[at + 2] - seen[at + 5]) < RADIUS ? 1 : 0;
      if (within[i] && first[i] < 0) first[i] = t + 1;
    }
    onStep?.(t + 1, environment.horizon);
  }
  const arrived = first.filter((t) => t > 0);
  return {
    held: sum(within) / episodes,
    reached: arrived.length / episodes,
    steps: sum(arrived) / Math.max(1, arrived.length),
  };
}

/** CEM in the model, anew at every step; the cost is the distance to the goal. */
export async function planReach(
  model: ContinuousWorldModel,
  episodes: number,
  seed: number,
  onStep?: (t: number, of: number) => void,
  plan = PLAN,
): Promise<ReachTrial> {
  const goal = new Float64Array(3);
  const ones = [1, 1, 1];
  const problem = {
    model,
    cost: (states: Float64Array, _actions: Float64Array, n: number, _t: number, out: Float64Array) => {
      for (let i = 0; i < n; i++) out[i] += Math.hypot(states[3 * i] - goal[0], states[3 * i + 1] - goal[1], states[3 * i + 2] - goal[2]);
    },
    low: ones.map((x) => -x),
    high: ones,
    horizon: plan.horizon,
  };
  const planners = Array.from({ length: episodes }, (_, i) => cem(problem, { random: createRandom(seed + i), ...plan }));
  return trial(
    async (observations, n) => {
      const actions = new Float64Array(3 * n);
      for (let i = 0; i < n; i++) {
        goal.set(observations.subarray(12 * i + 3, 12 * i + 6));
        actions.set(await planners[i].act(observations.subarray(12 * i, 12 * i + 3)), 3 * i);
      }
      return actions;
    },
    episodes,
    seed,
    onStep,
  );
}

/** The critic's own policy in the same episodes. */
async function followReach(critic: NetworkCritic, episodes: number, seed: number): Promise<ReachTrial> {
  const graph = new Graph();
  graph.output("action", critic.policyGraph!(graph.input("observations", ["N", critic.observationSize])));
  const session = await compile(graph, { threads: 1 });
  const act = async (observations: Float64Array) => Float64Array.from((await session.run({ observations })).action.data as Float32Array);
  const out = await trial(act, episodes, seed);
  await session.release();
  return out;
}

/** RMSE(p̂' − p')/RMS(p' − p) of each coordinate along episodes of random actions, in motion as well as at rest. Scoring only. */
export async function scoreReach(model: ContinuousWorldModel, environment: Environment, seed: number): Promise<number[]> {
  const copies = 40;
  const vector = vectorize(environment, copies);
  vector.reset(seed);
  const random = createRandom(seed);
  const error = new Float64Array(3);
  const moved = new Float64Array(3);
  const from = new Float64Array(3 * copies);
  for (let round = 0; round < SCORED / copies; round++) {
    for (let i = 0; i < copies; i++) from.set(vector.observations.subarray(12 * i, 12 * i + 3), 3 * i);
    const actions = Float64Array.from({ length: 3 * copies }, () => 2 * random.uniform() - 1);
    vector.step(actions);
    const { nextStates } = await model.predict(from, actions);
    for (let at = 0; at < 3 * copies; at++) {
      const truth = vector.nextObservations[12 * Math.floor(at / 3) + (at % 3)];
      error[at % 3] += (nextStates[at] - truth) ** 2;
      moved[at % 3] += (from[at] - truth) ** 2;
    }
  }
  return Array.from(error, (sum, j) => Math.sqrt(sum / moved[j]));
}

export interface ReachResult {
  /** Share of fresh episodes that end within 2 cm of a goal that no head was of. */
  readonly reachSuccess: number;
  readonly detail: Readonly<Record<string, unknown>>;
}

/** Learn to reach with hindsight, infer how the grip moves from what the critic says of a few goals, and plan in that to others. */
export async function armReachPart(seed: number, onProgress?: OnProgress, critic?: SavedCritic): Promise<ReachResult> {
  await prepare(ARM_REACH);
  const total = 10;
  const saved = critic ?? (await trainReach(seed, (done, of, what) => onProgress?.((6 * done) / of, total, what)));
  const restored = restoreCritic(saved) as NetworkCritic;
  onProgress?.(6, total, `seed ${seed}, inferring how the grip moves`);
  const { model, identifiability } = await inferReach(restored, seed);
  const start = FIRST_START + 1000 * seed;
  const planned = await planReach(model, EPISODES, start, (t, of) =>
    onProgress?.(7 + (2 * t) / of, total, `seed ${seed}, planning to reach`),
  );
  const followed = await followReach(restored, EPISODES, start);
  const changeErrors = await scoreReach(model, make(ARM_REACH), start + EPISODES);
  onProgress?.(total, total, "done");
  return {
    reachSuccess: planned.held,
    detail: {
      seed,
      goals: GOALS,
      samples: SAMPLES,
      episodes: EPISODES,
      planned,
      criticsOwnPolicy: followed,
      changeErrors,
      verdict: identifiability.verdict.sentence,
      model: model.definition.solver.method === "amortised" ? model.definition.solver.dynamics.describe() : undefined,
      critic: saved.made,
    },
  };
}

/** The same as a part of the study of the arm. */
export const reachPart: ArmPart = async ({ subject, onProgress }) => {
  const { reachSuccess, detail } = await armReachPart(subject.seed, onProgress);
  return { figures: { reachSuccess }, details: detail };
};
