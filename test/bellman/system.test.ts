import { describe, expect, test } from "vitest";
import type { Rewards } from "../../src/bellman/rewards.ts";
import { type BellmanSystem, bellmanSystem } from "../../src/bellman/system.ts";
import type { NetworkCritic, StateValueCritic } from "../../src/critics/critic.ts";
import { stateValueCritic } from "../../src/critics/state-value.ts";
import { add, linear, type Value } from "../../src/engine/index.ts";
import { make } from "../../src/environments/make.ts";
import { loadCritic } from "../../src/formats/load-critic.ts";
import { createRandom } from "../../src/numbers/random.ts";
import { discrete } from "../../src/spaces/space.ts";
import { linearCritic } from "../linear-critic.ts";
import { plainCoordinates } from "../planted-critic.ts";

const v = [
  [1, 2],
  [-0.5, 0.25],
  [4, -1],
];
const constant = [0.5, -1, 2];
const q = [
  [2, 0],
  [1, 1],
  [0, -3],
];
const byAction = [[1], [-2], [0.5]];
const heads = [
  { discount: 0.5, rewardScale: 1, rewardOffset: 0 },
  { discount: 0.75, rewardScale: 0.5, rewardOffset: 1 },
  { discount: 0.25, rewardScale: 2, rewardOffset: -0.25 },
];
/** r(s, a) = s₀ a + 2 */
const rewards: Rewards = (states, actions, n, out) => {
  for (let b = 0; b < n; b++) out[b] = states[2 * b] * actions[b] + 2;
};
const states = Float64Array.of(1, -2, 0.5, 0.25, -1, 3);
const actions = Float64Array.of(0.5, -1, 2);
const rows = [0, 1, 2];
const dot = (weights: readonly number[], x: ArrayLike<number>, b: number) => weights.reduce((sum, w, j) => sum + w * x[2 * b + j], 0);

async function withSystem(system: Promise<BellmanSystem>, use: (system: BellmanSystem) => Promise<void>) {
  const held = await system;
  try {
    await use(held);
  } finally {
    await held.release();
  }
}

describe("equations of action values", () => {
  const critic = linearCritic({ heads, v, constant, q, byAction });

  test("the right side is (Q − scale · r − offset)/γ, head by head", () =>
    withSystem(bellmanSystem(critic, plainCoordinates(2), rewards), async (system) => {
      const wanted = rows.flatMap((b) =>
        heads.map(({ discount, rewardScale, rewardOffset }, i) => {
          const value = dot(q[i], states, b) + byAction[i][0] * actions[b];
          return (value - rewardScale * (states[2 * b] * actions[b] + 2) - rewardOffset) / discount;
        }),
      );
      expect([...(await system.targets(states, actions))]).toEqual(wanted);
    }));

  test("the left side is V, with ∂V_i/∂x_j at [j, b, i]", () =>
    withSystem(bellmanSystem(critic, plainCoordinates(2), rewards), async (system) => {
      const values = rows.flatMap((b) => v.map((weights, i) => dot(weights, states, b) + constant[i]));
      expect([...(await system.values(states))]).toEqual(values);
      const linearised = await system.linearise(states);
      expect([...linearised.values]).toEqual(values);
      expect([...linearised.jacobian]).toEqual([0, 1].flatMap((j) => rows.flatMap(() => v.map((weights) => weights[j]))));
    }));

  test("the next state may be seen otherwise than the state: V alone asks how", () =>
    withSystem(
      bellmanSystem(critic, plainCoordinates(2), rewards, (x) => add(x, 1)),
      async (system) => {
        const ahead = states.map((x) => x + 1);
        const seen = rows.flatMap((b) => v.map((weights, i) => dot(weights, ahead, b) + constant[i]));
        expect([...(await system.values(states))]).toEqual(seen);
        await withSystem(bellmanSystem(critic, plainCoordinates(2), rewards), async (plain) =>
          expect(await system.targets(states, actions)).toEqual(await plain.targets(states, actions)),
        );
      },
    ));

  const own = [
    [1, 0],
    [0, 1],
    [1, 1],
  ];
  /** (Q − r)/γ with the reward that `paid` says. */
  const targetsWith = (paid: (b: number, i: number) => number) =>
    rows.flatMap((b) => heads.map(({ discount }, i) => (dot(q[i], states, b) + byAction[i][0] * actions[b] - paid(b, i)) / discount));
  const environments = (b: number, i: number) => heads[i].rewardScale * (states[2 * b] * actions[b] + 2) + heads[i].rewardOffset;

  test("heads of cumulants take their own signal, without scale or offset; heads beside them the environment's reward", () => {
    const mixed = heads.map((head, i) => (i === 0 ? head : { ...head, cumulant: `signal ${i}` }));
    return withSystem(
      bellmanSystem(linearCritic({ heads: mixed, v, constant, q, byAction, rewards: own }), plainCoordinates(2), rewards),
      async (system) => {
        const wanted = targetsWith((b, i) => (i === 0 ? environments(b, i) : dot(own[i], states, b)));
        expect([...(await system.targets(states, actions))]).toEqual(wanted);
      },
    );
  });

  test("where no head names a cumulant, rewards that the critic brings are those of all heads", () =>
    withSystem(
      bellmanSystem(linearCritic({ heads, v, constant, q, byAction, rewards: own }), plainCoordinates(2), rewards),
      async (system) => expect([...(await system.targets(states, actions))]).toEqual(targetsWith((b, i) => dot(own[i], states, b))),
    ));

  test("a head without a discount says nothing of the next state, and is refused by name", async () => {
    const silent = linearCritic({ heads: [{ name: "now", discount: 0 }, heads[1], heads[2]], v, q, byAction });
    await expect(bellmanSystem(silent, plainCoordinates(2), rewards)).rejects.toThrow(
      "head 'now' has discount 0: its value says nothing of the next state",
    );
  });
});

test("state values: (V(s) − Σ_j w_j (scale · r(s, a_j)) − offset)/γ over the actions of the policy", async () => {
  const logits = [
    [1, 0],
    [0, 2],
    [-1, 1],
  ];
  const graphOf =
    (matrix: readonly (readonly number[])[]) =>
    ([x]: readonly Value[]) =>
      linear(x, x.graph.constant(Float64Array.from(matrix.flat()), [matrix.length, 2]));
  const critic: StateValueCritic = stateValueCritic({
    name: "policy",
    algorithm: "PPO",
    heads: [{ name: "V", critic: "policy", discount: 0.5, rewardScale: 2, rewardOffset: 0.25 }],
    observationSpace: linearCritic({ heads, v }).observationSpace,
    actionSpace: discrete(3),
    stateValues: graphOf([[3, -1]]),
    policy: { kind: "softmax", space: discrete(3), logits: graphOf(logits) },
  });
  await withSystem(bellmanSystem(critic, plainCoordinates(2), rewards), async (system) => {
    const found = await system.targets(states, new Float64Array(3));
    const { points, actions: tried, weights } = await system.expectation!.points(states);
    expect(points).toBe(3);
    for (const b of rows) {
      const powers = logits.map((row) => Math.exp(dot(row, states, b)));
      const total = powers.reduce((x, y) => x + y);
      expect([...tried.subarray(3 * b, 3 * b + 3)]).toEqual([0, 1, 2]);
      let paid = 0.25;
      for (const a of [0, 1, 2]) {
        expect(weights[3 * b + a]).toBeCloseTo(powers[a] / total, 6);
        paid += (powers[a] / total) * 2 * (states[2 * b] * a + 2);
      }
      expect(found[b]).toBeCloseTo((dot([3, -1], states, b) - paid) / 0.5, 5);
    }
  });
});

/** What each algorithm's V is stands in test/critics/value-rules.test.ts: here, that the equations are made of those very values. */
test.each(["Pendulum-v1-sac", "CartPole-v1-dqn", "Pendulum-v1", "MountainCarContinuous-v0"])(
  "zoo/%s: twins, entropy and cumulants stand in the equations as the critic says them",
  async (name) => {
    const critic = (await loadCritic(`zoo/${name}`)) as NetworkCritic;
    const physics = make(critic.environment!).physics!;
    const n = 20;
    const random = createRandom(11);
    const d = physics.coordinates.names.length;
    const [at, o] = [new Float64Array(n * d), critic.observationSize];
    for (let b = 0; b < n; b++) physics.initialState(random, at, b * d);
    const observations = new Float64Array(n * o);
    physics.observations(at, n, observations);
    const chosen = Float64Array.from({ length: n }, () => (critic.actionSpace.kind === "discrete" ? random.integer(2) : random.uniform()));
    const paid = new Float64Array(n);
    physics.rewards(at, chosen, n, paid);
    await withSystem(bellmanSystem(critic, physics.coordinates, physics.rewards.bind(physics)), async (system) => {
      const k = critic.heads.length;
      const close = (got: ArrayLike<number>, wanted: ArrayLike<number>) => {
        for (let i = 0; i < n * k; i++) {
          if (Number.isNaN(wanted[i])) continue;
          expect(Math.abs(got[i] - wanted[i]), `${i}`).toBeLessThan(2e-4 * Math.max(1, Math.abs(wanted[i])));
        }
      };
      close(await system.values(at), await critic.stateValues(observations));
      const values = await critic.actionValues(observations, chosen);
      // signals of a critic's own are not seen from outside: heads of the environment's reward are held against it
      const everyOwn = critic.rewardGraph && critic.heads.every(({ cumulant }) => cumulant === undefined);
      const wanted = Float64Array.from(values, (value, i) => {
        const { cumulant, rewardScale, rewardOffset, discount } = critic.heads[i % k];
        if (cumulant !== undefined || everyOwn) return Number.NaN;
        return (value - (paid[Math.floor(i / k)] * rewardScale + rewardOffset)) / discount;
      });
      close(await system.targets(at, chosen), wanted);
    });
  },
);
