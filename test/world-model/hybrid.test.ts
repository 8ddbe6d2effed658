import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { bellmanSystem } from "../../src/bellman/system.ts";
import type { NetworkCritic } from "../../src/critics/critic.ts";
import { restoreCritic } from "../../src/critics/saved.ts";
import { encodedSize, stepsToGoHeads } from "../../src/critics/steps-to-go.ts";
import { evaluate } from "../../src/engine/index.ts";
import { mountainCarTask } from "../../src/learning/invertible/steps-to-go-tasks.ts";
import { initialise, toNetwork } from "../../src/learning/layers.ts";
import { createRandom } from "../../src/numbers/random.ts";
import { applyContacts, describeContacts } from "../../src/world-model/contact.ts";
import { continuousModel } from "../../src/world-model/continuous.ts";
import type { ContinuousDefinition } from "../../src/world-model/definition.ts";
import { createFeatures } from "../../src/world-model/features.ts";
import { loadWorldModel } from "../../src/world-model/load.ts";
import { stepGraph } from "../../src/world-model/step-graph.ts";
import { createStructure } from "../../src/world-model/structure.ts";
import { structuredDynamics } from "../../src/world-model/structured-dynamics.ts";
import type { ContinuousWorldModel } from "../../src/world-model/world-model.ts";

const home = mkdtempSync(join(tmpdir(), "vinverse-hybrid-"));
afterAll(() => rmSync(home, { recursive: true }));

const task = mountainCarTask();
const { coordinates, actionSpace, observationSpace } = task.physics;
const contacts = [
  { coordinate: 0, side: "low", other: 1, offset: 0, slope: 0 },
  { coordinate: 0, side: "high", other: 1, offset: 0.1, slope: -0.4 },
] as const;

async function hybridModel() {
  const random = createRandom(8);
  const layers = { name: "n", sizes: [encodedSize(task.encoding), 6, 3 * 4], activation: "SiLU", layerNorm: true };
  const critic = restoreCritic({
    name: "drawn",
    algorithm: "steps-to-go",
    heads: stepsToGoHeads("drawn", task.goals),
    observationSpace,
    actionSpace,
    values: { kind: "steps-to-go", encoding: task.encoding, goals: task.goals, network: toNetwork(layers, initialise(layers, random)) },
  }) as NetworkCritic;
  const [centre, scale] = [Float64Array.of(-0.3, 0), Float64Array.of(0.5, 0.04)];
  const settings = { integrator: "semi-implicit", features: "chebyshev", contacts } as const;
  const p = createStructure(
    settings.integrator,
    coordinates,
    createFeatures(settings.features, coordinates, actionSpace, centre, scale),
  ).parameters;
  const theta = Float64Array.from({ length: p }, (_, i) => (i === 0 ? 1 : 0.02 * random.normal()));
  const covariance = new Float64Array(p * p);
  for (let q = 0; q < p; q++) covariance[q * p + q] = 1e-6;
  const definition: ContinuousDefinition = {
    environment: "MountainCarGoal-v0",
    actionSpace,
    observationSpace,
    system: await bellmanSystem(critic, coordinates, (_s, _a, n, out) => void out.fill(0, 0, n)),
    sigma: new Float64Array(4).fill(0.3),
    solver: { method: "amortised", dynamics: structuredDynamics(settings, coordinates, actionSpace, { centre, scale, theta, covariance }) },
    provenance: {},
  };
  return continuousModel(definition);
}

function pairs(n: number) {
  const random = createRandom(9);
  const states = new Float64Array(2 * n);
  task.draw(random, n, states);
  for (let b = 0; b < n; b += 2) states[2 * b] = b % 4 ? 0.6 - 0.03 * random.uniform() : -1.2 + 0.03 * random.uniform();
  return { states, actions: Float64Array.from({ length: n }, () => random.integer(3)) };
}

test("a hybrid model comes back from its folder, faces and all, and is written to the same bytes again", async () => {
  const model = await hybridModel();
  const [first, second, third] = ["a", "b", "c"].map((name) => join(home, name));
  await model.save(first);
  const loaded = (await loadWorldModel(first)) as ContinuousWorldModel;
  await loaded.save(second);
  await (await loadWorldModel(second)).save(third);
  for (const name of readdirSync(first)) {
    const bytes = readFileSync(join(second, name));
    // a graph that was read numbers its constants in another order than one that was built
    if (!name.endsWith(".onnx")) expect(bytes.equals(readFileSync(join(first, name))), name).toBe(true);
    expect(bytes.equals(readFileSync(join(third, name))), `${name}, saved again`).toBe(true);
  }
  const { states, actions } = pairs(200);
  const [before, after] = [await model.predict(states, actions), await loaded.predict(states, actions)];
  expect(after).toEqual(before);
  const stopped = Array.from({ length: 200 }, (_, b) => b).filter((b) => before.nextStates[2 * b] === -1.2);
  expect(stopped.length).toBeGreaterThan(10);
  for (const b of stopped) expect(before.nextStates[2 * b + 1]).toBeCloseTo(0, 15);
});

test("the step as a graph says what the model says, at the walls too", async () => {
  const model = await hybridModel();
  const { states, actions } = pairs(200);
  const expected = (await model.predict(states, actions)).nextStates;
  const { next_states } = evaluate(stepGraph(model.definition), {
    states: { shape: [200, 2], data: states },
    actions: { shape: [200, 1], data: actions },
  });
  for (let i = 0; i < expected.length; i++) expect(next_states.data[i]).toBeCloseTo(expected[i], 10);
});

test("a face counts from its boundary on, and only for what the coordinate was before", () => {
  const raw = Float64Array.of(-1.2, -0.05, -1.1999, -0.05, 0.7, 0.05);
  applyContacts(contacts, coordinates, raw);
  expect(raw[1]).toBeCloseTo(0, 15);
  expect(raw[3]).toBe(-0.05);
  expect(raw[5]).toBeCloseTo(0.1 * 0.07 - 0.4 * 0.05, 12);
  expect(describeContacts(contacts, coordinates)["position ≤ -1.2"]).toBe("velocity = 0");
});
