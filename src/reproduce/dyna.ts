import { createDyna, type Dyna } from "../agents/continuous/dyna.ts";
import { wrapAngle } from "../environments/coordinates.ts";
import type { Physics } from "../environments/environment.ts";
import { pendulum } from "../environments/pendulum.ts";
import { physicsEnvironment } from "../environments/physics-environment.ts";
import { loadCritic } from "../formats/load-critic.ts";
import { inferDynamics } from "../inversion/infer.ts";
import { sac } from "../learning/deep/sac.ts";
import { createRandom } from "../numbers/random.ts";
import { type Interval, meanOf, medianOf } from "../numbers/statistics.ts";
import { distil, type LinearModel } from "../world-model/linear-model.ts";
import type { Reproduce } from "./harness/reproduction.ts";

const SEEDS = 5;
const FRESH = 300_000;
/** What the critic has not been trained for: to lean at 0.3 rad, which takes a steady torque. */
const LEAN = 0.3;
const DISCOUNT = 0.99;
const STEPS = 5000;
const EVERY = 250;
const EPISODES = 10;
const HORIZON = 200;
/** Mean return of evaluation episodes that counts as solved; the best known is about −145. */
const ENOUGH = -230;
const EVALUATIONS_AFTER = 2;
const LEARNER = { hidden: [64, 64], batchSize: 64, learningStarts: 200 };
const ASKED = 2000;

/** The same learner, alone with one and with four updates a step, and with what it imagines in the model: branches alone, and 8000 steps before the first real one besides. */
const arms: Readonly<Record<string, { readonly updatesPerStep: number; readonly imagines: boolean; readonly warmUp: number }>> = {
  "SAC, 1 update a step": { updatesPerStep: 1, imagines: false, warmUp: 0 },
  "SAC, 4 updates a step": { updatesPerStep: 4, imagines: false, warmUp: 0 },
  "branches, 4 updates a step": { updatesPerStep: 4, imagines: true, warmUp: 0 },
  "warmed up in the model": { updatesPerStep: 1, imagines: true, warmUp: 8000 },
};
const OURS = "warmed up in the model";

interface Run {
  /** Real steps to the first evaluation that is enough; the most there are where none was. */
  readonly steps: number;
  readonly solved: boolean;
  /** Mean returns after 0, 250, … real steps. */
  readonly curve: readonly number[];
  readonly losses: Readonly<Record<string, number>>;
  readonly imagined: number;
  readonly modelErrors: readonly number[];
}

/** A new reward for the pendulum: SAC alone against Dyna in the model that an old critic gives. */
export const reproduceDyna: Reproduce = async ({ seed, critics = "zoo", onProgress }) => {
  const start = performance.now();
  const physics = leaning();
  const model = await modelOf(`${critics}/Pendulum-v1`, physics, seed);
  const seeds = Array.from({ length: SEEDS }, (_, i) => FRESH + seed + i);
  const names = Object.keys(arms);
  const runs: Record<string, Run[]> = {};
  let done = 0;
  for (const name of names) {
    runs[name] = [];
    for (const own of seeds) {
      onProgress?.(done++, names.length * seeds.length, `${name}, seed ${own}`);
      runs[name].push(await runArm(name, physics, model, own));
    }
  }
  const steps = (name: string) => runs[name].map((run) => run.steps);
  const alone = names.filter((name) => !arms[name].imagines);
  const medians = Object.fromEntries(names.map((name) => [name, medianOf(steps(name))]));
  const best = alone.reduce((a, b) => (medians[b].value < medians[a].value ? b : a));
  const unsolved = Object.fromEntries(names.map((name) => [name, runs[name].filter(({ solved }) => !solved).length]));
  const curves = names.map((name) => ({ name, ...curveOf(runs[name]) }));
  return {
    figures: { stepsWarmedUp: medians[OURS].value, stepsAlone: medians[best].value, unsolved: unsolved[OURS] },
    ranges: {
      stepsWarmedUp: [Math.min(...steps(OURS)), Math.max(...steps(OURS))],
      stepsAlone: [Math.min(...steps(best)), Math.max(...steps(best))],
    },
    seeds,
    seconds: (performance.now() - start) / 1000,
    details: { task: `lean at ${LEAN} rad`, enough: ENOUGH, bestAlone: best, medianSteps: medians, unsolved, runs },
    charts: [
      {
        title: "A new reward for the pendulum",
        text: `Mean return of ${EPISODES} evaluation episodes against real steps, mean over ${SEEDS} seeds; runs end soon after they are solved, and stay at their last return.`,
        x: "real steps",
        y: "return",
        series: curves,
      },
    ],
    claim: {
      holds: medians[OURS].value < medians[best].value && unsolved[OURS] === 0,
      text: `Warmed up in the inferred model, the new task is solved after ${medians[OURS].value} real steps at the median; the learner alone takes ${medians[best].value} (${best}). Branches without the warming up take ${medians["branches, 4 updates a step"].value}.`,
    },
  };
};

async function runArm(name: string, physics: Physics, model: LinearModel, seed: number): Promise<Run> {
  const { updatesPerStep, imagines, warmUp } = arms[name];
  const dyna = await createDyna({
    create: sac,
    source: () => physicsEnvironment("Pendulum leaning", physics),
    seen: physics,
    task: {
      discount: DISCOUNT,
      reward: (states, actions, _next, n, out) => physics.rewards(states, actions, n, out),
    },
    ...(imagines ? { model } : {}),
    warmUp,
    start: (random, out, offset) => void physics.initialState(random, out, offset),
    horizon: HORIZON,
    seed,
    steps: STEPS,
    settings: { ...LEARNER, updatesPerStep },
  });
  const curve = [await evaluated(dyna, physics)];
  let solvedAt = curve[0] >= ENOUGH ? 0 : -1;
  while (dyna.learner.steps < STEPS) {
    await dyna.iterate();
    if (dyna.learner.steps % EVERY !== 0) continue;
    curve.push(await evaluated(dyna, physics));
    if (solvedAt < 0 && curve[curve.length - 1] >= ENOUGH) solvedAt = dyna.learner.steps;
    if (solvedAt >= 0 && dyna.learner.steps >= solvedAt + EVALUATIONS_AFTER * EVERY) break;
  }
  const { losses } = dyna.learner;
  await dyna.release();
  return {
    steps: solvedAt < 0 ? STEPS : solvedAt,
    solved: solvedAt >= 0,
    curve,
    losses,
    imagined: dyna.imagined,
    modelErrors: [...dyna.errors],
  };
}

/** Mean return of episodes without exploration; they take no step of the learner's. */
async function evaluated({ learner }: Dyna, physics: Physics): Promise<number> {
  const states = new Float64Array(EPISODES * 2);
  const random = createRandom(FRESH - 1);
  for (let b = 0; b < EPISODES; b++) physics.initialState(random, states, 2 * b);
  const observations = new Float64Array(EPISODES * 3);
  const out = { nextStates: states, rewards: new Float64Array(EPISODES), terminated: new Uint8Array(EPISODES) };
  let sum = 0;
  for (let t = 0; t < HORIZON; t++) {
    physics.observations(states, EPISODES, observations);
    physics.step(states, Float64Array.from(await learner.act(observations, EPISODES)), EPISODES, out);
    for (const reward of out.rewards) sum += reward / EPISODES;
  }
  return sum;
}

/** The laws of Pendulum-v1, paid for leaning. */
function leaning(): Physics {
  const laws = pendulum();
  const rewards: Physics["rewards"] = (states, actions, n, out) => {
    for (let i = 0; i < n; i++) out[i] = -(wrapAngle(states[2 * i] - LEAN) ** 2 + 0.1 * states[2 * i + 1] ** 2 + 0.001 * actions[i] ** 2);
  };
  return {
    ...laws,
    rewards,
    reward: (states, actions, _nextStates, n, out) => rewards(states, actions, n, out),
    step(states, actions, n, out) {
      // before the step: the next states may be written over these
      rewards(states, actions, n, out.rewards);
      const paid = out.rewards.slice(0, n);
      laws.step(states, actions, n, out);
      out.rewards.set(paid);
    },
  };
}

/** What the old critic says of how the pendulum moves, in few numbers. No step of the world is used. */
async function modelOf(path: string, { coordinates, actionSpace }: Physics, seed: number): Promise<LinearModel> {
  const { model } = await inferDynamics(await loadCritic(path), { environment: "Pendulum-v1", method: "pointwise", seed });
  if (model.kind !== "continuous") throw new TypeError(`${path} holds no critic of the pendulum`);
  const random = createRandom(seed);
  const { low, high } = coordinates;
  const states = Float64Array.from({ length: 2 * ASKED }, (_, i) => low[i % 2] + (high[i % 2] - low[i % 2]) * random.uniform());
  const actions = Float64Array.from({ length: ASKED }, () => 4 * random.uniform() - 2);
  return (await distil(model, actionSpace, { n: ASKED, states, actions })).model;
}

function curveOf(runs: readonly Run[]): { x: number[]; y: number[]; intervals: Interval[] } {
  const length = Math.max(...runs.map(({ curve }) => curve.length));
  const at = (run: Run, i: number) => run.curve[Math.min(i, run.curve.length - 1)];
  const points = Array.from({ length }, (_, i) => meanOf(runs.map((run) => at(run, i))));
  return { x: points.map((_, i) => i * EVERY), y: points.map(({ value }) => value), intervals: points };
}
