import { expect, test } from "vitest";
import { restoreCritic } from "../../src/critics/saved.ts";
import { make } from "../../src/environments/make.ts";
import { identifyTabular } from "../../src/identifiability/tabular.ts";
import { inferDynamics } from "../../src/inversion/infer.ts";
import { exactCritic, learnedCritic, qLearning, sarsa } from "../../src/learning/tabular/tabular.ts";
import { tabularLearner } from "../../src/learning/tabular/tabular-learner.ts";
import { tabularResiduals } from "../../src/learning/tabular/tabular-progress.ts";
import { signalTasks } from "../../src/learning/tabular/tabular-tasks.ts";
import { evaluatePolicy } from "../../src/planning/value-iteration.ts";
import { scoreModel } from "../../src/world-model/score.ts";

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

test("signals learned beside a task reach their exact values, and behaviour is for the task alone", () => {
  const signals = signalTasks(tasks[0].tables, 3, false).slice(0, 3);
  const all = [tasks[0], ...signals];
  const exact = q(exactCritic(make(id), all, discount));
  const learnt = q(qLearning(make(id), all, { seed: 1, discount, steps: 800_000, epsilon: 0.8, pursued: 1 }));
  const alone = q(qLearning(make(id), [tasks[0]], { seed: 1, discount, steps: 800_000, epsilon: 0.8 }));
  const each = exact.length / all.length;
  expect(learnt.slice(0, each)).toEqual(alone);
  all.forEach((_, g) => {
    const [want, have] = [exact, learnt].map((values) => values.slice(g * each, (g + 1) * each));
    expect(Math.hypot(...have.map((value, i) => value - want[i])) / Math.hypot(...want)).toBeLessThan(0.1);
  });
});

test("exact values of random signals tell every state from every other", () => {
  for (const name of ["FourRooms-v0", "Taxi-v3"]) {
    const { tables } = make(name);
    const critic = restoreCritic(exactCritic(make(name), signalTasks(tables!, 4, true), discount));
    if (critic.kind !== "tabular") throw new TypeError("tables were learnt");
    expect(identifyTabular(critic)).toMatchObject({ tiedStates: 0 });
  }
});

test("what Q-learning took of Taxi is told from its values, and of what it never took nothing is said", async () => {
  const [environment, seed] = [make("Taxi-v3"), 5];
  const { tables } = environment;
  const all = [{ tables: tables! }, ...signalTasks(tables!, seed, false)];
  const options = { seed, discount: 0.95, steps: 1_000_000, pursued: 1 };
  const learner = tabularLearner("q-learning", all, options);
  learner.advance(options.steps);
  const critic = restoreCritic(learnedCritic("q-learning", environment, all, learner, options));
  if (critic.kind !== "tabular") throw new TypeError("tables were learnt");
  const { gaps } = identifyTabular(critic);
  const { taken, told, certain } = tabularResiduals(all, options.discount, learner, gaps);
  // a fifth of the states, where the passenger has arrived, is never met; four pairs end the episode
  expect({ taken, told }).toEqual({ taken: 2400, told: 2396 });
  expect(certain).toBeGreaterThan(2370);
  const { model } = await inferDynamics(critic);
  const score = await scoreModel(model, environment);
  expect(score).toMatchObject({ pairs: 3000, none: 604 });
  expect(score.kind === "tabular" && score.correct).toBeGreaterThanOrEqual(certain);
  expect(score.kind === "tabular" && score.correct).toBeLessThanOrEqual(told);
});

test("SARSA's critic values states as it behaves: Bellman's equation holds for it better than with the best action's value", () => {
  const [task] = tasks;
  const signals = signalTasks(task.tables, 3, false).slice(0, 3);
  const all = [task, ...signals];
  const options = { seed: 2, discount, steps: 400_000 };
  const learner = tabularLearner("sarsa", all, { ...options, pursued: 1 });
  learner.advance(options.steps);
  const own = tabularResiduals(all, discount, learner).residualOverSignal!;
  const greedy = tabularResiduals(all, discount, { ...learner, v: () => undefined }).residualOverSignal!;
  expect(own).toBeLessThan(0.7 * greedy);
  const critic = restoreCritic(learnedCritic("sarsa", make(id), all, learner, options));
  expect(critic.kind === "tabular" && critic.v).toEqual(learner.v());
});
