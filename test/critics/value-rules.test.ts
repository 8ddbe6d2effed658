import { describe, expect, test } from "vitest";
import { readStableBaselines3 } from "../../src/formats/stable-baselines3.ts";
import { type CriticOptions, stableBaselines3Critic } from "../../src/formats/stable-baselines3-critic.ts";
import { openZip } from "../../src/formats/zip.ts";
import { createRandom } from "../../src/numbers/random.ts";
import { boxSpace, discreteSpace, forward, mlpTensors, type Tensors, writeAgent } from "../formats/write-checkpoint.ts";

const relu = (x: number) => Math.max(x, 0);
const tanh = "<class 'torch.nn.modules.activation.Tanh'>";
const random = createRandom(7);
const rows = Array.from({ length: 12 }, () => Array.from({ length: 3 }, () => random.normal()));
const space = boxSpace([-9, -9, -9], [9, 9, 9]);

function load(data: Record<string, unknown>, tensors: Tensors, variables?: Tensors, options?: CriticOptions) {
  const bytes = writeAgent({ gamma: 0.97, observation_space: space, ...data }, tensors, variables);
  return stableBaselines3Critic(readStableBaselines3(openZip(bytes, "agent.zip"), "agent.zip"), { file: "agent.zip" }, options);
}

function expectClose(got: ArrayLike<number>, wanted: readonly number[]) {
  expect(got.length).toBe(wanted.length);
  const scale = Math.max(1, ...wanted.map(Math.abs));
  for (const [i, y] of wanted.entries()) expect(Math.abs(got[i] - y) / scale).toBeLessThan(2e-5);
}

describe("state values are what each algorithm trained towards", () => {
  test("DQN: Q online, V the best of the target network", async () => {
    const tensors = { ...mlpTensors("q_net.q_net", [3, 16, 4], 1), ...mlpTensors("q_net_target.q_net", [3, 16, 4], 2) };
    const critic = load({ action_space: discreteSpace(4) }, tensors);
    expect(critic.algorithm).toBe("DQN");
    const actions = rows.map((_, i) => i % 4);
    expectClose(
      await critic.actionValues(rows, actions),
      rows.map((o, i) => forward(tensors, "q_net.q_net", o, relu)[actions[i]]),
    );
    expectClose(
      await critic.stateValues(rows),
      rows.map((o) => Math.max(...forward(tensors, "q_net_target.q_net", o, relu))),
    );
    const online = load({ action_space: discreteSpace(4) }, tensors, undefined, { target: false });
    expectClose(
      await online.stateValues(rows),
      rows.map((o) => Math.max(...forward(tensors, "q_net.q_net", o, relu))),
    );
  });

  test("QR-DQN: sorted quantiles, V at the target's greedy action", async () => {
    const tensors = {
      ...mlpTensors("quantile_net.quantile_net", [3, 16, 15], 3),
      ...mlpTensors("quantile_net_target.quantile_net", [3, 16, 15], 4),
    };
    const data = { action_space: discreteSpace(3), n_quantiles: 5, policy_kwargs: { activation_fn: tanh } };
    const critic = load(data, tensors);
    const quantiles = (o: readonly number[], prefix: string, a: number) => {
      const y = forward(tensors, prefix, o, Math.tanh);
      return Array.from({ length: 5 }, (_, j) => y[j * 3 + a]).sort((p, q) => p - q);
    };
    const average = (list: readonly number[]) => list.reduce((a, b) => a + b, 0) / list.length;
    const best = (o: readonly number[]) => {
      const all = [0, 1, 2].map((a) => quantiles(o, "quantile_net_target.quantile_net", a));
      return all.sort((p, q) => average(q) - average(p))[0];
    };
    expect(critic.heads).toHaveLength(5);
    expect(new Set(critic.heads.map((head) => head.critic)).size).toBe(1);
    expectClose(
      await critic.actionValues(
        rows,
        rows.map(() => 1),
      ),
      rows.flatMap((o) => quantiles(o, "quantile_net.quantile_net", 1)),
    );
    expectClose(await critic.stateValues(rows), rows.flatMap(best));
    const mean = load(data, tensors, undefined, { quantiles: "mean" });
    expectClose(
      await mean.stateValues(rows),
      rows.map((o) => average(best(o))),
    );
  });

  test("TD3: the lesser target critic at the target actor's action, for both heads; actions are rescaled", async () => {
    const tensors = {
      ...mlpTensors("actor.mu", [3, 8, 2], 5),
      ...mlpTensors("actor_target.mu", [3, 8, 2], 6),
      ...mlpTensors("critic.qf0", [5, 8, 1], 7),
      ...mlpTensors("critic.qf1", [5, 8, 1], 8),
      ...mlpTensors("critic_target.qf0", [5, 8, 1], 9),
      ...mlpTensors("critic_target.qf1", [5, 8, 1], 10),
    };
    const critic = load({ action_space: boxSpace([-2, 0], [2, 10]) }, tensors);
    expect(critic.algorithm).toBe("TD3");
    const actions = rows.map((_, i) => [Math.sin(i) * 2, 5 + 5 * Math.cos(i)]);
    const unit = (a: readonly number[]) => [a[0] / 2, (a[1] - 5) / 5];
    expectClose(
      await critic.actionValues(rows, actions),
      rows.flatMap((o, i) => ["critic.qf0", "critic.qf1"].map((q) => forward(tensors, q, [...o, ...unit(actions[i])], relu)[0])),
    );
    expectClose(
      await critic.stateValues(rows),
      rows.flatMap((o) => {
        const a = forward(tensors, "actor_target.mu", o, relu).map(Math.tanh);
        const v = Math.min(...["critic_target.qf0", "critic_target.qf1"].map((q) => forward(tensors, q, [...o, ...a], relu)[0]));
        return [v, v];
      }),
    );
  });

  const logDensity = (epsilon: readonly number[], deviation: readonly number[], a: readonly number[]) =>
    epsilon.reduce(
      (sum, e, j) => sum - 0.5 * e * e - Math.log(deviation[j]) - 0.5 * Math.log(2 * Math.PI) - Math.log(1 - a[j] ** 2 + 1e-6),
      0,
    );

  function sacTensors(actions: number, outputs: number): Tensors {
    return {
      ...mlpTensors("actor.latent_pi", [3, 8, 8], 11),
      "actor.mu.weight": mlpTensors("m", [8, actions], 12)["m.0.weight"],
      "actor.mu.bias": mlpTensors("m", [8, actions], 12)["m.0.bias"],
      "actor.log_std.weight": mlpTensors("m", [8, actions], 13, 0.3)["m.0.weight"],
      "actor.log_std.bias": mlpTensors("m", [8, actions], 13, 0.3)["m.0.bias"],
      ...mlpTensors("critic.qf0", [3 + actions, 8, outputs], 14),
      ...mlpTensors("critic.qf1", [3 + actions, 8, outputs], 15),
      ...mlpTensors("critic_target.qf0", [3 + actions, 8, outputs], 16),
      ...mlpTensors("critic_target.qf1", [3 + actions, 8, outputs], 17),
    };
  }
  function affine(tensors: Tensors, name: string, h: readonly number[]): number[] {
    const { shape, data } = tensors[`${name}.weight`];
    return Array.from(
      { length: shape[0] },
      (_, o) => tensors[`${name}.bias`].data[o] + h.reduce((sum, x, i) => sum + data[o * shape[1] + i] * x, 0),
    );
  }

  test("SAC with two actions: the expectation of the lesser target minus α log π", async () => {
    const tensors = sacTensors(2, 1);
    const variables: Tensors = { log_ent_coef: { shape: [1], data: [Math.log(0.2)] } };
    const critic = load({ action_space: boxSpace([-1, -1], [1, 1]), ent_coef: "auto" }, tensors, variables);
    expect(critic.algorithm).toBe("SAC");
    expect(critic.checkpoint.temperature).toBeCloseTo(0.2, 6);
    const nodes = [1, -1].flatMap((side) => [
      [side * Math.SQRT2, 0],
      [0, side * Math.SQRT2],
    ]);
    expectClose(
      await critic.stateValues(rows),
      rows.flatMap((o) => {
        const h = forward(tensors, "actor.latent_pi", o, relu, true);
        const mean = affine(tensors, "actor.mu", h);
        const deviation = affine(tensors, "actor.log_std", h).map((x) => Math.exp(Math.min(Math.max(x, -20), 2)));
        let v = 0;
        for (const epsilon of nodes) {
          const a = mean.map((m, j) => Math.tanh(m + deviation[j] * epsilon[j]));
          const q = Math.min(...["critic_target.qf0", "critic_target.qf1"].map((name) => forward(tensors, name, [...o, ...a], relu)[0]));
          v += (q - 0.2 * logDensity(epsilon, deviation, a)) / nodes.length;
        }
        return [v, v];
      }),
    );
  });

  test("SAC with state-dependent exploration: variance from the latent features, clipped mean, Gauss–Hermite nodes", async () => {
    const plain = sacTensors(1, 1);
    const tensors: Tensors = {
      ...Object.fromEntries(Object.entries(plain).filter(([key]) => !/^actor\.(mu|log_std)/.test(key))),
      "actor.log_std": { shape: [8, 1], data: Array.from({ length: 8 }, (_, i) => Math.fround(-1 - 0.1 * i)) },
      "actor.mu.0.weight": plain["actor.mu.weight"],
      "actor.mu.0.bias": plain["actor.mu.bias"],
    };
    const critic = load({ action_space: boxSpace([-3], [3]), ent_coef: 0.1, policy_kwargs: { use_sde: true } }, tensors);
    // nodes and weights of numpy.polynomial.hermite_e.hermegauss(5), weights over their sum
    const nodes = [-2.8569700138728056, -1.355626179974266, 0, 1.355626179974266, 2.8569700138728056];
    const weights = [0.011257411327720688, 0.2220759220056126, 0.5333333333333333, 0.2220759220056126, 0.011257411327720688];
    expectClose(
      await critic.stateValues(rows),
      rows.flatMap((o) => {
        const h = forward(tensors, "actor.latent_pi", o, relu, true);
        const mean = Math.min(Math.max(affine(plain, "actor.mu", h)[0], -2), 2);
        const deviation = Math.sqrt(h.reduce((sum, x, i) => sum + x * x * Math.exp(2 * tensors["actor.log_std"].data[i]), 1e-6));
        const v = nodes.reduce((sum, e, k) => {
          const a = Math.tanh(mean + deviation * e);
          const q = Math.min(...["critic_target.qf0", "critic_target.qf1"].map((name) => forward(tensors, name, [...o, a], relu)[0]));
          return sum + weights[k] * (q - 0.1 * logDensity([e], [deviation], [a]));
        }, 0);
        return [v, v];
      }),
    );
  });

  test("TQC: pooled, sorted, truncated and read at the quantile midpoints, for any number of critics", async () => {
    const tensors = sacTensors(1, 5);
    const critic = load({ action_space: boxSpace([-1], [1]), ent_coef: 0.05, top_quantiles_to_drop_per_net: 2 }, tensors, undefined, {
      soft: false,
    });
    expect(critic.algorithm).toBe("TQC");
    expect(critic.heads).toHaveLength(10);
    const pool = (o: readonly number[]) => {
      const a = Math.tanh(affine(tensors, "actor.mu", forward(tensors, "actor.latent_pi", o, relu, true))[0]);
      const all = ["critic_target.qf0", "critic_target.qf1"].flatMap((name) => forward(tensors, name, [...o, a], relu));
      return all.sort((p, q) => p - q).slice(0, 6);
    };
    const value = (o: readonly number[]) => {
      const z = pool(o);
      const read = [0.1, 0.3, 0.5, 0.7, 0.9].map((tau) => {
        const t = tau * 6 - 0.5;
        const low = Math.min(Math.max(Math.floor(t), 0), 5);
        return z[low] + Math.min(Math.max(t - low, 0), 1) * (z[Math.min(low + 1, 5)] - z[low]);
      });
      return [...read, ...read];
    };
    expectClose(await critic.stateValues(rows), rows.flatMap(value));
    const mean = load({ action_space: boxSpace([-1], [1]), ent_coef: 0.05, top_quantiles_to_drop_per_net: 2 }, tensors, undefined, {
      soft: false,
      quantiles: "mean",
    });
    expectClose(
      await mean.stateValues(rows),
      rows.flatMap((o) => {
        const v = pool(o).reduce((sum, z) => sum + z / 6, 0);
        return [v, v];
      }),
    );
    expectClose(
      await critic.actionValues(
        rows,
        rows.map(() => 0.25),
      ),
      rows.flatMap((o) => ["critic.qf0", "critic.qf1"].flatMap((name) => forward(tensors, name, [...o, 0.25], relu).sort((p, q) => p - q))),
    );
  });
});
