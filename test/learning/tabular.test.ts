import { expect, test } from "vitest";
import { make } from "../../src/environments/make.ts";
import { exactCritic, qLearning, sarsa } from "../../src/learning/tabular.ts";
import { evaluatePolicy } from "../../src/planning/value-iteration.ts";

const id = "FourRooms104-v0";
const discount = 0.9;
const tasks = [
  [2, 1],
  [11, 10],
].map((goal) => ({ goal, tables: make(id, { goals: [goal] }).tables! }));

const q = (critic: ReturnType<typeof exactCritic>) => {
  if (critic.values.kind !== "table") throw new TypeError("tables were learnt");
  return critic.values.q;
};

test("Q-learning of two goals at once reaches the exact values of both", () => {
  const exact = q(exactCritic(make(id), tasks, discount));
  const learnt = q(qLearning(make(id), tasks, { seed: 1, discount, steps: 400_000, epsilon: 0.5 }));
  const errors = learnt.map((value, i) => Math.abs(value - exact[i]));
  expect(Math.max(...errors)).toBeLessThan(0.02 * Math.max(...exact.map(Math.abs)));
});

test("SARSA that always explores reaches the values of the uniform policy", () => {
  const [task] = tasks;
  const { states, actions } = task.tables;
  const policy = new Float64Array(states * actions).fill(1 / actions);
  const expected = evaluatePolicy(task.tables, policy, { discount }).q;
  const learnt = q(sarsa(make(id), [task], { seed: 1, discount, steps: 600_000, epsilon: 1 }));
  let [off, all] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    off += (learnt[i] - expected[i]) ** 2;
    all += expected[i] ** 2;
  }
  expect(Math.sqrt(off / all)).toBeLessThan(0.1);
});
