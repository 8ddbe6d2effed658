import { describe, expect, test } from "vitest";
import type { NetworkCritic } from "../../src/critics/critic.ts";
import { evaluate, Graph, jacobian } from "../../src/engine/index.ts";
import { type CheckpointCritic, loadCritic } from "../../src/formats/index.ts";
import { stack, withGoals } from "../../src/index.ts";
import { createRandom } from "../../src/numbers/random.ts";

const root = "test/formats/fixtures/zoo";
const random = createRandom(3);
const normals = (n: number, center = 0, spread = 1) => Array.from({ length: n }, () => center + spread * random.normal());

/** Flat Dict observations [achieved_goal, desired_goal, observation] near where a gripper lives. */
function reachObservation(size: number, position: readonly number[], goal: readonly number[]): number[] {
  return [...position, ...goal, ...position, ...normals(size - 3, 0, 0.01)];
}

describe("goals as heads", () => {
  for (const [name, size] of [
    ["her/PandaReach-v1_1", 6],
    ["tqc/FetchReach-v1_1", 11],
  ] as const) {
    test(`${name}: every head is the critic asked about its goal`, async () => {
      const critic = (await loadCritic(`${root}/${name}`)) as NetworkCritic;
      const goals = [normals(3, 0.3, 0.1), normals(3, 0.3, 0.1), normals(3, 0.3, 0.1)];
      const many = withGoals(critic, goals);
      const each = withGoals(critic, goals, { combine: "heads" });
      const k = critic.heads.length;
      expect(many.heads).toHaveLength(3);
      expect(many.heads[1].goal).toEqual(goals[1]);
      expect(many.observationSize).toBe(3 + size);
      expect(each.heads).toHaveLength(3 * k);
      const n = 5;
      const full = Array.from({ length: n }, () => reachObservation(size, normals(3, 0.3, 0.1), [0, 0, 0]));
      const actions = Array.from({ length: n }, () => normals(critic.actionSize, 0, 0.4));
      const short = full.map((o) => [...o.slice(0, 3), ...o.slice(6)]);
      const got = {
        q: await many.actionValues(short, actions),
        v: await many.stateValues(short),
        qs: await each.actionValues(short, actions),
      };
      for (const [g, goal] of goals.entries()) {
        const asked = full.map((o) => [...o.slice(0, 3), ...goal, ...o.slice(6)]);
        const q = await critic.actionValues(asked, actions);
        const v = await critic.stateValues(asked);
        for (let i = 0; i < n; i++) {
          const mean = (list: Float64Array) => list.subarray(i * k, (i + 1) * k).reduce((a, b) => a + b, 0) / k;
          expect(got.q[i * 3 + g]).toBeCloseTo(mean(q), 4);
          expect(got.v[i * 3 + g]).toBeCloseTo(mean(v), 4);
          for (let h = 0; h < k; h++) expect(got.qs[(i * 3 + g) * k + h]).toBeCloseTo(q[i * k + h], 4);
        }
      }
    });
  }

  test("their Jacobian agrees with differences of the exact values", async () => {
    const critic = (await loadCritic(`${root}/tqc/FetchReach-v1_1`)) as NetworkCritic;
    const many = withGoals(critic, [normals(3, 1, 0.1), normals(3, 1, 0.1)]);
    const d = many.observationSize;
    const graph = new Graph();
    const x = graph.input("x", ["N", d]);
    const values = graph.output("values", many.stateValueGraph(x));
    graph.output("jacobian", jacobian(values, x));
    const at = [1.3, 0.7, 0.5, 1.3, 0.7, 0.5, ...normals(d - 6, 0, 0.01)];
    const exact = evaluate(graph, { x: { shape: [1, d], data: Float64Array.from(at) } });
    const h = 1e-6;
    for (let i = 0; i < 6; i++) {
      const shifted = (by: number) =>
        evaluate(graph, { x: { shape: [1, d], data: Float64Array.from(at, (y, j) => y + (j === i ? by : 0)) } }).values.data;
      const [up, down] = [shifted(h), shifted(-h)];
      for (let k = 0; k < 2; k++) expect(exact.jacobian.data[i * 2 + k]).toBeCloseTo((up[k] - down[k]) / (2 * h), 3);
    }
  });

  test("reward scale and normalisation come from VecNormalize, the time feature from config.yml, the id from args.yml", async () => {
    const critic = (await loadCritic(`${root}/tqc/FetchReach-v1_1/FetchReach-v1.zip`)) as CheckpointCritic;
    expect(critic.environment).toBe("FetchReach-v1");
    expect(critic.checkpoint.timeFeature).toBe(true);
    expect(critic.checkpoint.normalization?.bound[0]).toBe(10);
    expect(critic.heads[0].rewardScale).toBeGreaterThan(0.01);
    expect(critic.heads[0].rewardScale).not.toBe(1);
    const plain = (await loadCritic(`${root}/sac/Pendulum-v1_1/Pendulum-v1`)) as CheckpointCritic;
    expect([plain.environment, plain.heads[0].rewardScale, plain.checkpoint.timeFeature]).toEqual(["Pendulum-v1", 1, false]);
  });

  test("a critic without desired_goal is refused", async () => {
    const critic = (await loadCritic(`${root}/sac/Pendulum-v1_1`)) as NetworkCritic;
    expect(() => withGoals(critic, [[0]])).toThrow("sac Pendulum-v1 is not goal-conditioned: its observation has no 'desired_goal'");
  });
});

describe("stacks", () => {
  test("hold the heads of all critics, each under its own name", async () => {
    const one = (await loadCritic(`${root}/ddpg/MountainCarContinuous-v0_1`)) as NetworkCritic;
    const two = (await loadCritic(`${root}/tqc/MountainCarContinuous-v0_1`, { quantiles: "mean" })) as NetworkCritic;
    const all = stack([one, two, one]);
    expect(all.heads.map((head) => head.critic)).toEqual([
      "ddpg MountainCarContinuous-v0",
      "tqc MountainCarContinuous-v0",
      "tqc MountainCarContinuous-v0",
      "ddpg MountainCarContinuous-v0 #2",
    ]);
    const states = [
      [-0.5, 0],
      [0.1, 0.02],
    ];
    const [v, a, b] = await Promise.all([all.stateValues(states), one.stateValues(states), two.stateValues(states)]);
    const wanted = [a[0], b[0], b[1], a[0], a[1], b[2], b[3], a[1]];
    for (const [i, y] of wanted.entries()) expect(v[i] / y).toBeCloseTo(1, 5);
  });

  test("refuse critics that observe differently", async () => {
    const one = (await loadCritic(`${root}/ddpg/MountainCarContinuous-v0_1`)) as NetworkCritic;
    const two = (await loadCritic(`${root}/sac/Pendulum-v1_1`)) as NetworkCritic;
    expect(() => stack([one, two])).toThrow("sac Pendulum-v1 and ddpg MountainCarContinuous-v0 do not observe or act alike");
  });
});
