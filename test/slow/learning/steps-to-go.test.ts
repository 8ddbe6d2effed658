import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { NetworkCritic } from "../../../src/critics/critic.ts";
import { networkCritic } from "../../../src/critics/network-critic.ts";
import { restoreCritic } from "../../../src/critics/saved.ts";
import { inSteps } from "../../../src/critics/steps-to-go.ts";
import { abs, adamState, add, concat, evaluate, exp, mul, type Reference, sub, type Value } from "../../../src/engine/index.ts";
import type { Physics } from "../../../src/environments/environment.ts";
import { saveCritic } from "../../../src/formats/critic-folder.ts";
import { type StepsToGoPhase, type StepsToGoTask, trainStepsToGo } from "../../../src/learning/invertible/steps-to-go.ts";
import { stepsToGoGraph } from "../../../src/learning/invertible/steps-to-go-graph.ts";
import { reacherTask } from "../../../src/learning/invertible/steps-to-go-tasks.ts";
import { initialise, type Layers, renamed } from "../../../src/learning/layers.ts";
import { createRandom } from "../../../src/numbers/random.ts";
import { fewestSteps } from "../../../src/reproduce/reacher.ts";
import { box, discrete } from "../../../src/spaces/space.ts";

const folder = mkdtempSync(join(tmpdir(), "vinverse-steps-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const STRIDE = 0.1;
/** A walker on [−1, 1]: left, stay, right. */
const line: Physics = {
  horizon: 100,
  observationSpace: box([-1], [1]),
  actionSpace: discrete(3),
  coordinates: {
    names: ["x"],
    angular: [false],
    low: [-1],
    high: [1],
    rateOf: [null],
    observe: (states) => states,
    fromObservations: (observations) => observations.slice(),
  },
  observations: (states, n, out) => out.set(states.subarray(0, n)),
  initialState(random, out = new Float64Array(1), offset = 0) {
    out[offset] = 2 * random.uniform() - 1;
    return out;
  },
  rewards: (_states, _actions, n, out) => void out.fill(0, 0, n),
  ended: (_states, n, out) => void out.fill(0, 0, n),
  reward: (_states, _actions, _nextStates, n, out) => void out.fill(0, 0, n),
  step(states, actions, n, out) {
    for (let b = 0; b < n; b++) out.nextStates[b] = Math.min(1, Math.max(-1, states[b] + STRIDE * (actions[b] - 1)));
  },
};
const RADIUS = 0.06;
const task: StepsToGoTask = {
  environment: "line",
  physics: line,
  goals: [-0.8, 0.6].map((target) => ({ indices: [0], target: [target], radius: RADIUS })),
  encoding: {
    centre: Float64Array.of(0),
    scale: Float64Array.of(1),
    linear: Float64Array.of(1),
    waves: Float64Array.of(Math.PI / 2, Math.PI, 2 * Math.PI),
  },
  low: [-1],
  high: [1],
  draw(random, n, out) {
    for (let b = 0; b < n; b++) out[b] = 2 * random.uniform() - 1;
  },
};
const phases = (slow: number, residual: number, walkers: number): StepsToGoPhase[] => [
  { kind: "slow", updates: slow, learningRate: 1e-3, batchSize: 128, walkers },
  { kind: "residual", updates: residual, learningRate: 3e-4, batchSize: 128, walkers },
];
const settings = { seed: 3, hidden: [32, 32], phases: phases(1500, 500, 0) };

describe("steps to go", () => {
  test("a trained critic counts steps, is 0 in its goals, and its state values are its best action's", async () => {
    const saved = await trainStepsToGo(task, settings);
    const critic = restoreCritic(saved) as NetworkCritic;
    const x = Float64Array.from({ length: 41 }, (_, i) => -1 + i / 20);
    const values = await critic.stateValues(x);
    const ofActions = await Promise.all(
      [0, 1, 2].map((a) =>
        critic.actionValues(
          x,
          x.map(() => a),
        ),
      ),
    );
    let off = 0;
    for (let b = 0; b < x.length; b++) {
      task.goals.forEach(({ target: [at] }, g) => {
        const away = Math.abs(x[b] - at);
        const best = Math.max(...ofActions.map((q) => q[b * 2 + g]));
        if (away < RADIUS) expect(values[b * 2 + g]).toBe(0);
        else {
          expect(values[b * 2 + g]).toBeCloseTo(best, 4);
          off += Math.abs(values[b * 2 + g] + Math.ceil((away - RADIUS) / STRIDE)) / (2 * x.length);
        }
      });
    }
    // a smooth network of a staircase: half a step on average is what it can do near the edges
    expect(off).toBeLessThan(0.6);
    expect((saved.made!.bellmanResidual as { readonly mean: number }).mean).toBeLessThan(0.5);
  });

  test("a training that was stopped goes on to the same bytes", async () => {
    const short = { ...settings, phases: phases(500, 700, 0.5), hidden: [16] };
    const stop = new Error("stop");
    const running = trainStepsToGo(task, {
      ...short,
      folder,
      onProgress: (done) => {
        if (done === 1100) throw stop;
      },
    });
    await expect(running).rejects.toBe(stop);
    await saveCritic(`${folder}/resumed`, await trainStepsToGo(task, { ...short, folder }));
    await saveCritic(`${folder}/whole`, await trainStepsToGo(task, short));
    expect(readFileSync(`${folder}/resumed/tensors.safetensors`)).toEqual(readFileSync(`${folder}/whole/tensors.safetensors`));
  });

  test.each(["slow", "residual"] as const)(
    "the gradient of the %s loss is that of central differences in Float64, up to the clip",
    (phase) => {
      const batch = 3;
      const parts = { encoding: task.encoding, goals: task.goals, actions: 3 };
      const layers: Layers = { name: "online", sizes: [7, 5, 6], activation: "SiLU", layerNorm: true };
      const parameters = initialise(layers, createRandom(1));
      const graph = stepsToGoGraph({ layers, parameters, parts, batch, phase });
      const random = createRandom(4);
      const state = { ...adamState(parameters), ...renamed(initialise({ ...layers, name: "slow" }, createRandom(2)), "slow", "slow") };
      const feeds: Record<string, Reference> = Object.fromEntries(
        Object.entries(state).map(([name, { shape, data }]) => [name, { shape, data: Float64Array.from(data) }]),
      );
      for (const { name, shape } of graph.inputs) {
        if (feeds[name]) continue;
        const dims = shape as readonly number[];
        const draw =
          name === "code"
            ? (i: number) => Number(i % 3 === Math.floor(i / 3))
            : name === "open"
              ? (i: number) => Number(i % 4 !== 1)
              : () => random.normal();
        feeds[name] = { shape: dims, data: Float64Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => draw(i)) };
      }
      const stepped = evaluate(graph, feeds);
      const step = 1e-5;
      const pairs: (readonly [number, number])[] = [];
      for (const [name, { shape, data }] of Object.entries(parameters)) {
        for (let trial = 0; trial < 4; trial++) {
          const at = random.integer(data.length);
          const lossAt = (by: number) => {
            const moved = feeds[name].data.slice();
            moved[at] += by;
            return evaluate(graph, { ...feeds, [name]: { shape, data: moved } }).loss.data[0];
          };
          pairs.push([stepped[`new m ${name}`].data[at] / 0.1, (lossAt(step) - lossAt(-step)) / (2 * step)]);
        }
      }
      const [given, expected] = pairs.reduce((a, b) => (Math.abs(b[1]) > Math.abs(a[1]) ? b : a));
      const clip = given / expected;
      expect(clip).toBeGreaterThan(0.01);
      expect(clip).toBeLessThan(1 + 1e-6);
      for (const [mine, theirs] of pairs) expect(Math.abs(mine - clip * theirs)).toBeLessThan(1e-6 * Math.max(1, Math.abs(given)));
    },
  );
});

test("a discounted critic of sparse goals counts steps once it is asked in steps", async () => {
  const discounts = [0.9, 0.99];
  const heads = discounts.map((discount, i) => ({ name: `${i}`, critic: "line", discount, rewardScale: 1, rewardOffset: 0 }));
  // V = γ^(n − 1), n = |x − target| / stride of each head, whatever the action
  const powers = (x: Value) =>
    concat(
      task.goals.map(({ target }, i) => exp(mul(sub(mul(abs(sub(x, target[0])), 1 / STRIDE), 1), Math.log(discounts[i])))),
      1,
    );
  const critic = networkCritic({
    name: "line",
    algorithm: "drawn",
    heads,
    observationSpace: line.observationSpace,
    actionSpace: line.actionSpace,
    actionValues: ([x], action) => add(powers(x), mul(action, 0)),
    stateValues: ([x]) => powers(x),
  });
  const steps = inSteps(critic, task.goals);
  const x = [-0.82, -0.3, 0.15, 0.9];
  const values = await steps.stateValues(x);
  task.goals.forEach(({ target }, g) => {
    x.forEach((at, b) => {
      const away = Math.abs(at - target[0]);
      expect(values[2 * b + g]).toBeCloseTo(away < RADIUS ? 0 : -away / STRIDE, 3);
    });
  });
  expect(() => inSteps(critic, task.goals.slice(1))).toThrow("line has 2 heads, but 1 goals are given");
});

test("the fewest steps of a reacher obey Bellman's equation but for whole torques", () => {
  const reacher = reacherTask();
  const random = createRandom(6);
  const n = 60;
  const states = new Float64Array(4 * n);
  for (let b = 0; b < n; b++) reacher.physics.initialState(random, states, 4 * b);
  const here = fewestSteps(reacher, states, n);
  const best = new Float64Array(4 * n).fill(Infinity);
  const observations = new Float64Array(6 * n);
  for (let a = 0; a < 9; a++) {
    const out = { nextStates: new Float64Array(4 * n), rewards: new Float64Array(n), terminated: new Uint8Array(n) };
    reacher.physics.step(states, new Float64Array(n).fill(a), n, out);
    const there = fewestSteps(reacher, out.nextStates, n);
    reacher.physics.observations(out.nextStates, n, observations);
    for (let b = 0; b < n; b++)
      reacher.goals.forEach(({ target }, g) => {
        const arrived = Math.hypot(observations[6 * b + 4] - target[0], observations[6 * b + 5] - target[1]) < 0.2;
        best[4 * b + g] = Math.min(best[4 * b + g], arrived ? 1 : 1 + there[4 * b + g]);
      });
  }
  let equal = 0;
  for (let i = 0; i < 4 * n; i++) {
    expect(here[i]).toBeLessThanOrEqual(best[i] + 1);
    equal += Number(here[i] === best[i]) / (4 * n);
  }
  expect(equal).toBeGreaterThan(0.8);
});
