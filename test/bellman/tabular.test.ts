import { describe, expect, test } from "vitest";
import { bellmanColumns, bellmanTargets, rewardClasses, tabularResidual } from "../../src/bellman/tabular.ts";
import type { TabularCritic } from "../../src/critics/critic.ts";
import { tabularCritic } from "../../src/critics/tabular.ts";
import type { Tables } from "../../src/environments/environment.ts";

const NONE = Number.NaN;
const [states, actions] = [3, 2];
const heads = [
  { name: "goal", critic: "table", discount: 0.5, rewardScale: 1, rewardOffset: 0 },
  { name: "task", critic: "table", discount: 0.25, rewardScale: 2, rewardOffset: -1 },
];
const v = Float64Array.of(1, 2, 4, 8, -4, 16);
const q = Float64Array.from({ length: 12 }, (_, i) => i - 3);
const critic = (more: Partial<TabularCritic> = {}): TabularCritic => ({
  ...tabularCritic({ name: "table", states, actions, heads, q, v }),
  ...more,
});

describe("columns and targets", () => {
  test("a column is γ V(s') where nothing ends", () => {
    expect([...bellmanColumns(critic())]).toEqual([0.5, 2, 1, -1, 2, 4]);
  });

  test("where a head ends on arrival it is T(s') less the reward that is taken off the targets", () => {
    const terminalValue = Float64Array.of(NONE, NONE, 3, 7, NONE, NONE);
    expect([...bellmanColumns(critic({ terminalValue }))]).toEqual([0.5, 7, 1, -1, 3, 4]);
    expect([...bellmanColumns(critic({ terminalValue }), [0.25, -2])]).toEqual([0.5, 9, 1, -1, 2.75, 4]);
  });

  test("a target is Q − r, pair by pair and head by head", () => {
    const rewards = Float64Array.from({ length: 12 }, (_, i) => i / 4);
    const wanted = Array.from({ length: 6 }, (_, k) => [q[k] - k / 4, q[6 + k] - (6 + k) / 4]).flat();
    expect([...bellmanTargets(critic(), rewards)]).toEqual(wanted);
    expect([...bellmanTargets(critic())]).toEqual(Array.from({ length: 6 }, (_, k) => [q[k], q[6 + k]]).flat());
  });
});

describe("classes of rewards", () => {
  const rewards = Float64Array.of(1, 1, 2, 2, 1, 1, /* task */ 0, 9, 0, 9, 0, 9);

  test("one class where no head ends, or no reward is known", () => {
    for (const found of [
      rewardClasses(critic(), rewards),
      rewardClasses(critic({ terminalValue: Float64Array.of(0, NONE, NONE, NONE, NONE, NONE) }), undefined),
    ])
      expect({ classOf: [...found.classOf], rewards: found.rewards.map((x) => [...x]) }).toEqual({
        classOf: [0, 0, 0, 0, 0, 0],
        rewards: [[0, 0]],
      });
  });

  test("pairs that pay the ending heads alike are of one class; what other heads are paid does not count", () => {
    const terminalValue = Float64Array.of(NONE, NONE, 3, NONE, NONE, NONE);
    const found = rewardClasses(critic({ terminalValue }), rewards);
    expect([...found.classOf]).toEqual([0, 0, 1, 1, 0, 0]);
    expect(found.rewards.map((x) => [...x])).toEqual([
      [1, 0],
      [2, 0],
    ]);
    const both = rewardClasses(critic({ terminalValue: Float64Array.of(NONE, NONE, 3, NONE, 0, NONE) }), rewards);
    expect([...both.classOf]).toEqual([0, 1, 2, 3, 0, 1]);
  });

  test("64 classes are handled, 65 are refused", () => {
    const many = (n: number) => {
      const [value, terminalValue] = [new Float64Array(n), Float64Array.from({ length: n }, (_, s) => (s === 0 ? 1 : NONE))];
      const one = tabularCritic({ name: "wide", states: n, actions: 1, heads: [heads[0]], q: value, v: value });
      return rewardClasses(
        { ...one, terminalValue },
        Float64Array.from({ length: n }, (_, k) => k),
      );
    };
    expect(many(64).rewards).toHaveLength(64);
    expect(() => many(65)).toThrow(/differ in more than 64 ways; fold them into terminalValue/);
  });
});

describe("the residual under true tables", () => {
  /** Outcomes [probability, next state, reward, ends] of every pair, written out. */
  const outcomes: readonly (readonly (readonly [number, number, number, 0 | 1])[])[] = [
    [[1, 1, 1, 0]],
    [
      [0.5, 0, 2, 0],
      [0.5, 2, -2, 1],
    ],
    [[1, 2, 0.5, 1]],
    [
      [0.25, 1, 4, 0],
      [0.75, 0, 0, 0],
    ],
    [[1, 2, 0, 0]],
    [[1, 0, 8, 1]],
  ];
  const flat = outcomes.flat();
  const offsets = Int32Array.from([0, ...outcomes.map((_, k) => outcomes.slice(0, k + 1).flat().length)]);
  const tables: Tables = {
    states,
    actions,
    offsets,
    probabilities: Float64Array.from(flat, ([p]) => p),
    nextStates: Int32Array.from(flat, ([, s]) => s),
    rewards: Float64Array.from(flat, ([, , r]) => r),
    terminated: Uint8Array.from(flat, ([, , , end]) => end),
    initial: Float64Array.of(1, 0, 0),
  };

  test("rewards of the tables in the critic's scale; nothing after an end", () => {
    const wanted = heads.flatMap(({ discount, rewardScale, rewardOffset }, i) =>
      outcomes.map(
        (list, k) =>
          list.reduce((sum, [p, s, r, end]) => sum + p * (rewardScale * r + rewardOffset + (end ? 0 : discount * v[3 * i + s])), 0) -
          q[6 * i + k],
      ),
    );
    expect([...tabularResidual(critic(), tables)]).toEqual(wanted);
  });

  test("the critic's own rewards stand in for those of the tables, and its terminal values for reward and rest", () => {
    const rewards = Float64Array.from({ length: 12 }, (_, i) => i / 8);
    const terminalValue = Float64Array.of(NONE, NONE, 3, NONE, NONE, NONE);
    const wanted = heads.flatMap(({ discount }, i) =>
      outcomes.map(
        (list, k) =>
          list.reduce((sum, [p, s, , end]) => {
            const rest = rewards[6 * i + k] + (end ? 0 : discount * v[3 * i + s]);
            return sum + p * (i === 0 && s === 2 ? 3 : rest);
          }, 0) - q[6 * i + k],
      ),
    );
    expect([...tabularResidual(critic({ rewards, terminalValue }), tables)]).toEqual(wanted);
  });

  test("tables of another size are refused with both sizes", () => {
    expect(() => tabularResidual(critic(), { ...tables, states: 4 })).toThrow("critic table has 3 × 2 pairs, the environment 4 × 2");
  });
});
