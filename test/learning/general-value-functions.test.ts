import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { bellmanSystem } from "../../src/bellman/system.ts";
import { generalValueFunctions } from "../../src/critics/general-value-functions.ts";
import { restoreCritic, type SavedCritic } from "../../src/critics/saved.ts";
import { evaluate, Graph, matmul } from "../../src/engine/index.ts";
import { collectTransitions, randomPolicy } from "../../src/environments/collect.ts";
import { make } from "../../src/environments/make.ts";
import { loadCritic } from "../../src/formats/load-critic.ts";
import { inferDynamics } from "../../src/inversion/infer.ts";
import { algorithms } from "../../src/learning/deep/algorithms.ts";
import { policyOf } from "../../src/learning/deep/policy-of.ts";
import { trainGeneralValues } from "../../src/learning/invertible/general-value-functions.ts";
import { createRandom } from "../../src/numbers/random.ts";
import { discrete } from "../../src/spaces/space.ts";
import { scoreModel } from "../../src/world-model/score.ts";

const quick = { cumulants: 4, discounts: [0.5, 0.9], hidden: [24], transitions: 3000, batchSize: 64 };

test.each(["Pendulum-v1", "CartPole-v1"] as const)(
  "%s: what training says of a head's residual is what Bellman's equation shows",
  async (id) => {
    const environment = make(id);
    const { critic } = await trainGeneralValues(environment, { ...quick, seed: 1, targetSteps: 150, residualSteps: 150 });
    const restored = restoreCritic(critic);
    if (restored.kind !== "network") throw new TypeError("a network was trained");
    const { coordinates, rewards } = environment.physics!;
    const system = await bellmanSystem(restored, coordinates, rewards.bind(environment.physics));
    const n = 2000;
    const { states, actions, nextStates } = await collectTransitions(environment, randomPolicy(environment.actionSpace, 8), { n, seed: 9 });
    const [values, targets] = [await system.values(nextStates), await system.targets(states, actions)];
    critic.heads.forEach(({ residual }, i) => {
      let sum = 0;
      for (let b = 0; b < n; b++) sum += (values[b * critic.heads.length + i] - targets[b * critic.heads.length + i]) ** 2 / n;
      expect(Math.sqrt(sum) / residual!).toBeGreaterThan(0.8);
      expect(Math.sqrt(sum) / residual!).toBeLessThan(1.25);
    });
    await system.release();
  },
);

test("the residual gradient leaves a smaller residual than as many steps towards a slow copy", async () => {
  const environment = make("Pendulum-v1");
  const residual = async (targetSteps: number, residualSteps: number) => {
    const { critic } = await trainGeneralValues(environment, { ...quick, seed: 2, targetSteps, residualSteps });
    return Math.hypot(...critic.heads.map((head) => head.residual!));
  };
  const [towards, through] = [await residual(2000, 0), await residual(500, 1500)];
  expect(through).toBeLessThan(0.8 * towards);
});

test("the same seed gives the same critic", async () => {
  const run = () => trainGeneralValues(make("CartPole-v1"), { ...quick, seed: 4, targetSteps: 20, residualSteps: 20 });
  expect((await run()).critic).toEqual((await run()).critic);
});

test.each([
  { id: "CartPole-v1", algorithm: "dqn" },
  { id: "Pendulum-v1", algorithm: "sac" },
] as const)("values of what a $algorithm critic of $id does: it acts as that critic does", async ({ id, algorithm }) => {
  const learner = await algorithms[algorithm].create(id, { seed: 1, steps: 100, hidden: [8] });
  const behaviour = learner.critic();
  const { critic } = await trainGeneralValues(make(id), {
    ...quick,
    seed: 5,
    targetSteps: 5,
    residualSteps: 5,
    policy: policyOf(behaviour),
  });
  const act = async (saved: SavedCritic) => {
    const restored = restoreCritic(saved);
    if (restored.kind !== "network") throw new TypeError("a network was trained");
    const graph = new Graph();
    graph.output("action", restored.policyGraph!(graph.input("x", ["N", restored.observationSize])));
    const random = createRandom(3);
    const x = {
      shape: [50, restored.observationSize],
      data: Float64Array.from({ length: 50 * restored.observationSize }, () => random.normal()),
    };
    return Array.from(evaluate(graph, { x }).action.data);
  };
  const [expected, found] = [await act(behaviour), await act(critic)];
  for (const [i, action] of expected.entries()) expect(found[i]).toBeCloseTo(action, 9);
  await learner.release();
});

const zoo = [
  { name: "Pendulum-v1", most: 0.1 },
  { name: "CartPole-v1", most: 0.12 },
  { name: "Pendulum-v1-sac", most: 0.06 },
  { name: "CartPole-v1-dqn", most: 0.06 },
] as const;

test.each(zoo)("zoo/$name gives up its dynamics pair by pair", async ({ name, most }) => {
  const critic = await loadCritic(`zoo/${name}`);
  const id = critic.environment!;
  const { model } = await inferDynamics(critic, { environment: id, method: "pointwise", samples: 400, seed: 21 });
  const score = await scoreModel(model, make(id), { n: 400, seed: 22 });
  expect(score.kind === "continuous" && score.error).toBeLessThan(most);
});

test("zoo/FourRooms104-v0 gives up every next state", async () => {
  expect(existsSync("zoo/FourRooms104-v0/critic.json")).toBe(true);
  const id = "FourRooms104-v0";
  const { model } = await inferDynamics(await loadCritic(`zoo/${id}`));
  const score = await scoreModel(model, make(id));
  expect(score).toMatchObject({ kind: "tabular", correct: 416, pairs: 416, ambiguous: 0, misses: 0 });
});

test("values of increments are means of their action values over the policy, with the bootstrapped value in closed form", () => {
  const random = createRandom(2);
  const [o, cumulants, discounts] = [3, 4, [0.5, 0.9]];
  const numbers = (n: number) => Float64Array.from({ length: n }, () => random.normal());
  const graph = new Graph();
  const x = graph.input("x", ["N", o]);
  const weight = graph.constant(numbers(o * 16), [o, 16]);
  const values = generalValueFunctions({
    actionSpace: discrete(2),
    policy: { kind: "uniform" },
    centre: numbers(o),
    scale: numbers(o).map(Math.exp),
    weights: numbers(o * cumulants),
    phases: numbers(cumulants),
    discounts,
    increments: numbers(cumulants * discounts.length).map(Math.exp),
    continuation: (input) => matmul(input, weight),
  });
  graph.output("v", values.stateValues([x]));
  graph.output("r", values.rewards([x], x));
  for (const a of [0, 1]) {
    const action = graph.input(`a${a}`, ["N", 1]);
    graph.output(`q${a}`, values.actionValues([x], action));
    graph.output(`n${a}`, values.continuation(x, action));
  }
  const n = 5;
  const feeds = {
    x: { shape: [n, o], data: numbers(n * o) },
    a0: { shape: [n, 1], data: new Float64Array(n) },
    a1: { shape: [n, 1], data: new Float64Array(n).fill(1) },
  };
  const out = evaluate(graph, feeds);
  out.v.data.forEach((v, i) => {
    const gamma = discounts[Math.floor((i % 8) / cumulants)];
    expect((out.q0.data[i] + out.q1.data[i]) / 2).toBeCloseTo(v, 10);
    expect(out.r.data[i] + gamma * out.n1.data[i]).toBeCloseTo(out.q1.data[i], 10);
  });
});
