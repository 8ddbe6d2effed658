import { describe, expect, test } from "vitest";
import type { Tables } from "../../src/environments/environment.ts";
import { buildTables } from "../../src/environments/tables.ts";
import { algorithms } from "../../src/learning/deep/algorithms.ts";
import type { ReplayBatch } from "../../src/learning/deep/replay.ts";
import { type TabularKind, tabularLearner } from "../../src/learning/tabular/tabular-learner.ts";

const small = { seed: 1, steps: 400, learningStarts: 40, batchSize: 32, hidden: [8], updatesPerStep: 1, numEnvs: 1 };

describe("the loop around an update hands it what was asked for", () => {
  test.each(["dqn", "qr-dqn", "sac", "td3", "ddpg"])(
    "%s: n-step returns with powers of γ, and a target that moves by tau",
    async (name) => {
      const environment = name.includes("dqn") ? "CartPole-v1" : "MountainCarContinuous-v0";
      const discounts = new Set<number>();
      const onBatch = (batch: ReplayBatch) => {
        for (const discount of batch.discounts.data) discounts.add(Number(Number(discount).toFixed(5)));
      };
      const tau = 0.125;
      const options = { ...small, nSteps: 3, discount: 0.8, tau, onBatch };
      const learner = await algorithms[name].create(environment, options);
      while (learner.updates < 5) await learner.iterate();
      const powers = [0, 0.8, 0.64, 0.512];
      expect([...discounts].every((discount) => powers.includes(discount))).toBe(true);
      expect(discounts).toContain(0.512);
      const [slow, fast] = { dqn: ["target", "online"], "qr-dqn": ["target", "online"], sac: ["targets", "critics"] }[name] ?? [
        "slow critics",
        "critics",
      ];
      const read = () => {
        const checkpoint = learner.save();
        return [slow, fast].map((key) => Array.from(checkpoint[`state ${key}`].data as Float32Array));
      };
      const due = name === "td3" ? 2 : 1;
      while (learner.updates % due !== due - 1) await learner.iterate();
      const [before] = read();
      await learner.iterate();
      const [after, towards] = read();
      expect(after).toEqual(before.map((value, i) => expect.closeTo(value + tau * (towards[i] - value), 5)));
      expect(after).not.toEqual(before);
      await learner.release();
    },
  );

  test("TD3's actor and targets move at every second update, DDPG's at each", async () => {
    for (const [name, expected] of [
      ["td3", [false, true, false, true]],
      ["ddpg", [true, true, true, true]],
    ] as const) {
      const learner = await algorithms[name].create("Pendulum-v1", small);
      while (learner.steps + 1 < small.learningStarts) await learner.iterate();
      const actor = () =>
        ["actor", "slow actor", "slow critics"].map((key) => Array.from(learner.save()[`state ${key}`].data as Float32Array));
      const moved: boolean[][] = [[], [], []];
      let before = actor();
      while (learner.updates < 4) {
        await learner.iterate();
        const after = actor();
        after.forEach((values, k) => {
          moved[k].push(values.some((value, i) => value !== before[k][i]));
        });
        before = after;
      }
      expect(moved).toEqual([expected, expected, expected]);
      await learner.release();
    }
  });
});

/** A walk: 0 → 1 → 2 → end by action 0, back to 0 by action 1; two tasks that pay otherwise and end otherwise. */
function walk(pay: (s: number, a: number) => number, lastEnds: boolean): Tables {
  return buildTables(3, 2, 0, (s, a, add) => add(a === 1 ? 0 : Math.min(2, s + 1), 1, pay(s, a), lastEnds && s === 2 && a === 0));
}

describe("tables: one step at a time against the rule itself", () => {
  const gamma = 0.75;
  const tasks = [{ tables: walk((s, a) => s + 10 * a, true) }, { tables: walk((s, a) => 3 * s - a, false) }];

  test.each(["q-learning", "sarsa"] as const)("%s", (kind: TabularKind) => {
    const learner = tabularLearner(kind, tasks, { seed: 4, discount: gamma, steps: 300, epsilon: 0.7, pursued: 1 });
    const q = new Float64Array(12);
    const visits = new Int32Array(6);
    const power = kind === "sarsa" ? 1 : 0.8;
    let taken = [...learner.visits];
    const at = (g: number, s: number, a: number) => g * 6 + s * 2 + a;
    /** The pair that one more step took. */
    const stepped = () => {
      learner.advance(1);
      const pair = learner.visits.findIndex((count, i) => count !== taken[i]);
      taken = [...learner.visits];
      return pair;
    };
    let pair = stepped();
    let finished = 0;
    for (let t = 0; t < 300; t++) {
      const have = learner.q.slice();
      // what comes next is seen from the step that follows
      const following = stepped();
      const [s, a] = [pair >> 1, pair % 2];
      const alpha = (1 + (1 - gamma) * visits[pair]++) ** -power;
      const ends = s === 2 && a === 0;
      const next = a === 1 ? 0 : Math.min(2, s + 1);
      tasks.forEach(({ tables }, g) => {
        const over = g === 0 && ends;
        // SARSA's next action at an end is drawn and never taken: for the endless task it is one of two
        const options = kind === "sarsa" ? (ends ? [0, 1] : [following % 2]) : [];
        const ahead = kind === "sarsa" ? options.map((b) => q[at(g, next, b)]) : [Math.max(q[at(g, next, 0)], q[at(g, next, 1)])];
        const wanted = ahead.map(
          (value) => q[at(g, s, a)] + alpha * (tables.rewards[tables.offsets[pair]] + (over ? 0 : gamma * value) - q[at(g, s, a)]),
        );
        const nearest = wanted.reduce((best, value) =>
          Math.abs(value - have[at(g, s, a)]) < Math.abs(best - have[at(g, s, a)]) ? value : best,
        );
        expect(have[at(g, s, a)]).toBeCloseTo(nearest, 12);
        q[at(g, s, a)] = nearest;
      });
      if (ends) finished++;
      pair = following;
    }
    expect(finished).toBeGreaterThan(3);
  });

  test("SARSA's state values are means over its own behaviour: ε-greedy for the first task, equals shared", () => {
    const epsilon = 0.4;
    const learner = tabularLearner("sarsa", tasks, { seed: 2, discount: gamma, steps: 100, epsilon, pursued: 1 });
    learner.q.set([5, 1, 2, 2, 0, 3, 7, 8, 9, 10, 11, 12]);
    const expected = [
      [0.8 * 5 + 0.2 * 1, 2, 0.2 * 0 + 0.8 * 3],
      [0.8 * 7 + 0.2 * 8, 0.5 * 9 + 0.5 * 10, 0.2 * 11 + 0.8 * 12],
    ].flat();
    expect(Array.from(learner.v()!)).toEqual(expected.map((value) => expect.closeTo(value, 12)));
  });
});
