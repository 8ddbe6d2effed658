import { describe, expect, test } from "vitest";
import { adamState, evaluate, type Graph, type Reference, type State } from "../../src/engine/index.ts";
import { pack } from "../../src/engine/pack.ts";
import { dqnGraph } from "../../src/learning/deep/dqn.ts";
import { qrDqnGraph } from "../../src/learning/deep/qr-dqn.ts";
import { sacGraph, sacState } from "../../src/learning/deep/sac.ts";
import { td3Graph, td3State } from "../../src/learning/deep/td3.ts";
import { initialise, type Layers } from "../../src/learning/layers.ts";
import { createRandom } from "../../src/numbers/random.ts";

/** Everything below is written anew in plain loops: it shares the graphs' inputs and none of their code. */

const B = 12;
const [O, M] = [3, 2];
const RATE = 0.05;
const TAU = 0.25;

type Feeds = Record<string, Reference>;
type Row = readonly number[];

const layersOf = (name: string, from: number, to: number): Layers => ({ name, sizes: [from, 5, to], activation: "ReLU" });

function feedsOf(graph: Graph, state: State, own: Readonly<Record<string, (i: number) => number>>, seed: number): Feeds {
  const random = createRandom(seed);
  const feeds: Feeds = {};
  for (const { name, shape } of graph.inputs) {
    const held = state[name];
    const dims = shape as readonly number[];
    const draw = own[name] ?? (() => random.normal());
    feeds[name] = held
      ? { shape: held.shape, data: Float64Array.from(held.data) }
      : { shape: dims, data: Float64Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => draw(i)) };
  }
  return feeds;
}

/** One hidden layer of ReLU. Weights are [to, from], row-major. */
function forward(state: State, name: string, x: Row): number[] {
  const dense = (i: number, input: Row) => {
    const { data: weight } = state[`${name} weight ${i}`];
    return Array.from(state[`${name} bias ${i}`].data, (bias, j) => {
      let sum = bias;
      for (let k = 0; k < input.length; k++) sum += weight[j * input.length + k] * input[k];
      return sum;
    });
  };
  return dense(
    1,
    dense(0, x).map((h) => Math.max(0, h)),
  );
}

function row({ shape, data }: Reference, b: number): number[] {
  const width = shape[1];
  return Array.from({ length: width }, (_, j) => data[b * width + j]);
}

const mean = (values: Row) => values.reduce((a, b) => a + b, 0) / values.length;
const eachRow = (of: (b: number) => number) => Array.from({ length: B }, (_, b) => of(b));
const huber = (e: number) => (Math.abs(e) <= 1 ? (e * e) / 2 : Math.abs(e) - 0.5);
const largest = (values: Row) => values.indexOf(Math.max(...values));

/** Rows differ in what is ahead: some ended (0), some were cut after three steps, some after one. */
const discounts = (i: number) => [0.9, 0, 0.729][i % 3];

function expectFollows(before: Feeds, after: Record<string, Reference>, slow: string, fast: string, part: number): void {
  const moved = Array.from(before[slow].data, (value, i) => value + part * (after[`new ${fast}`].data[i] - value));
  expect(Array.from(after[`new ${slow}`].data)).toEqual(moved.map((value) => expect.closeTo(value, 12)));
}

describe("losses and targets against a plain reference", () => {
  test("DQN: double, the online network chooses and the target values; Huber; the target follows by tau", () => {
    const A = 4;
    const layers = layersOf("online", O, A);
    const [online, target] = [1, 2].map((seed) => initialise(layers, createRandom(seed)));
    const state = { ...adamState(pack("online", online)), ...pack("target", target) };
    const graph = dqnGraph(layers, online, B, TAU);
    const feeds = feedsOf(graph, state, { actions: (i) => i % A, discounts, rate: () => RATE }, 4);
    let disagree = 0;
    const losses = eachRow((b) => {
      const next = row(feeds["next observations"], b);
      const chosen = largest(forward(online, "online", next));
      const values = forward(target, "online", next);
      if (largest(values) !== chosen && feeds.discounts.data[b] > 0) disagree++;
      const y = feeds.returns.data[b] + feeds.discounts.data[b] * values[chosen];
      return huber(forward(online, "online", row(feeds.observations, b))[feeds.actions.data[b]] - y);
    });
    expect(disagree).toBeGreaterThan(0);
    const after = evaluate(graph, feeds);
    expect(after.loss.data[0]).toBeCloseTo(mean(losses), 10);
    expectFollows(feeds, after, "target", "online", TAU);
  });

  test("QR-DQN: the target's mean chooses, its quantiles are the targets, the quantile Huber loss weighs by side", () => {
    const [A, Q] = [3, 4];
    const layers = layersOf("online", O, Q * A);
    const [online, target] = [1, 2].map((seed) => initialise(layers, createRandom(seed)));
    const state = { ...adamState(pack("online", online)), ...pack("target", target) };
    const graph = qrDqnGraph(layers, online, B, Q, TAU);
    const feeds = feedsOf(graph, state, { actions: (i) => i % A, discounts, rate: () => RATE }, 4);
    /** [quantile][action]: quantiles come first */
    const quantiles = (of: State, o: Row) => {
      const flat = forward(of, "online", o);
      return Array.from({ length: Q }, (_, j) => flat.slice(j * A, (j + 1) * A));
    };
    const losses = eachRow((b) => {
      const theta = quantiles(online, row(feeds.observations, b)).map((values) => values[feeds.actions.data[b]]);
      const ahead = quantiles(target, row(feeds["next observations"], b));
      const means = Array.from({ length: A }, (_, a) => mean(ahead.map((values) => values[a])));
      const best = largest(means);
      let loss = 0;
      for (let j = 0; j < Q; j++) {
        const midpoint = (2 * j + 1) / (2 * Q);
        for (let i = 0; i < Q; i++) {
          const e = feeds.returns.data[b] + feeds.discounts.data[b] * ahead[i][best] - theta[j];
          loss += ((e < 0 ? 1 - midpoint : midpoint) * huber(e)) / Q;
        }
      }
      return loss;
    });
    const after = evaluate(graph, feeds);
    expect(after.loss.data[0]).toBeCloseTo(mean(losses), 10);
    expectFollows(feeds, after, "target", "online", TAU);
  });

  /** a = tanh(μ + σ ε) and log π(a|s), by the density of a normal number and the change of variables. */
  function drawn(actor: State, o: Row, noise: Row): { readonly a: number[]; readonly logDensity: number } {
    const output = forward(actor, "actor", o);
    let logDensity = 0;
    const a = noise.map((epsilon, j) => {
      const sigma = Math.exp(Math.min(2, Math.max(-20, output[M + j])));
      const action = Math.tanh(output[j] + sigma * epsilon);
      logDensity += Math.log(Math.exp((-epsilon * epsilon) / 2) / (sigma * Math.sqrt(2 * Math.PI))) - Math.log(1 - action ** 2 + 1e-6);
      return action;
    });
    return { a, logDensity };
  }

  test("SAC: soft target of the smaller twin, actor on the smaller twin, temperature towards entropy −m; targets follow by tau", () => {
    const networks = {
      actor: layersOf("actor", O, 2 * M),
      critics: [layersOf("critic 0", O + M, 1), layersOf("critic 1", O + M, 1)],
    } as const;
    const alpha = 0.7;
    const state = sacState(networks, alpha, createRandom(3));
    const targets = { ...initialise(networks.critics[0], createRandom(2)), ...initialise(networks.critics[1], createRandom(3)) };
    const graph = sacGraph(networks, state, B, TAU);
    const feeds = feedsOf(graph, { ...state.all, ...pack("targets", targets) }, { discounts, rate: () => RATE }, 5);
    const { actor, critics } = state;
    const twins = (of: State, o: Row, a: Row) => [0, 1].map((i) => forward(of, `critic ${i}`, [...o, ...a])[0]);
    const [smaller, smallerTarget] = [new Set<number>(), new Set<number>()];
    const criticLosses = eachRow((b) => {
      const next = row(feeds["next observations"], b);
      const { a, logDensity } = drawn(actor, next, row(feeds["next noise"], b));
      const ahead = twins(targets, next, a);
      if (feeds.discounts.data[b] > 0) smallerTarget.add(ahead[0] < ahead[1] ? 0 : 1);
      const y = feeds.returns.data[b] + feeds.discounts.data[b] * (Math.min(...ahead) - alpha * logDensity);
      return twins(critics, row(feeds.observations, b), row(feeds.actions, b)).reduce((sum, q) => sum + (q - y) ** 2, 0);
    });
    const policy = eachRow((b) => drawn(actor, row(feeds.observations, b), row(feeds.noise, b)).logDensity);
    const actorLosses = eachRow((b) => {
      const o = row(feeds.observations, b);
      const { a, logDensity } = drawn(actor, o, row(feeds.noise, b));
      const q = twins(critics, o, a);
      smaller.add(q[0] < q[1] ? 0 : 1);
      return alpha * logDensity - Math.min(...q);
    });
    expect([smaller.size, smallerTarget.size]).toEqual([2, 2]);
    const after = evaluate(graph, feeds);
    // parameters are kept in 32 bits, α among them
    expect(after["critic loss"].data[0]).toBeCloseTo(mean(criticLosses), 6);
    expect(after["actor loss"].data[0]).toBeCloseTo(mean(actorLosses), 6);
    expect(after["temperature loss"].data[0]).toBeCloseTo(-Math.log(alpha) * (mean(policy) - M), 6);
    expectFollows(feeds, after, "targets", "critics", TAU);
  });

  function td3(count: 1 | 2, due: 0 | 1, targetNoise: number) {
    const networks = { actor: layersOf("actor", O, M), critics: [0, 1].slice(0, count).map((i) => layersOf(`critic ${i}`, O + M, 1)) };
    const state = td3State(networks, createRandom(1));
    const slow = td3State(networks, createRandom(5));
    const graph = td3Graph(networks, state, B, TAU, targetNoise);
    const own = { discounts, due: () => due, rate: () => RATE };
    const parameters = { ...state.all, ...pack("slow actor", slow.actor), ...pack("slow critics", slow.critics) };
    const feeds = feedsOf(graph, parameters, own, 7);
    const values = (of: State, o: Row, a: Row) => networks.critics.map((_, i) => forward(of, `critic ${i}`, [...o, ...a])[0]);
    return { state, slow, feeds, values, after: evaluate(graph, feeds) };
  }

  test.each([1, 2] as const)(
    "TD3 and DDPG, %i critics: the target's action with noise cut at 2.5 deviations, and held in ±1; the smallest target",
    (count) => {
      const deviation = 0.2;
      const { state, slow, feeds, values, after } = td3(count, 1, deviation);
      let beyond = 0;
      const least = new Set<number>();
      const criticLosses = eachRow((b) => {
        const next = row(feeds["next observations"], b);
        const noise = row(feeds.noise, b);
        const a = forward(slow.actor, "actor", next).map((u, j) => {
          if (Math.abs(noise[j]) > 0.5) beyond++;
          return Math.min(1, Math.max(-1, Math.tanh(u) + Math.min(0.5, Math.max(-0.5, noise[j]))));
        });
        const ahead = values(slow.critics, next, a);
        if (feeds.discounts.data[b] > 0) least.add(ahead.indexOf(Math.min(...ahead)));
        const y = feeds.returns.data[b] + feeds.discounts.data[b] * Math.min(...ahead);
        return values(state.critics, row(feeds.observations, b), row(feeds.actions, b)).reduce((sum, q) => sum + (q - y) ** 2, 0);
      });
      const actorLosses = eachRow((b) => {
        const o = row(feeds.observations, b);
        return -values(state.critics, o, forward(state.actor, "actor", o).map(Math.tanh))[0];
      });
      expect(beyond).toBeGreaterThan(2);
      expect(least.size).toBe(count);
      expect(after["critic loss"].data[0]).toBeCloseTo(mean(criticLosses), 9);
      expect(after["actor loss"].data[0]).toBeCloseTo(mean(actorLosses), 9);
      expectFollows(feeds, after, "slow critics", "critics", TAU);
      expectFollows(feeds, after, "slow actor", "actor", TAU);
    },
  );

  test("TD3: where it is not the actor's turn, critics move, the actor and every target stay", () => {
    const { feeds, after } = td3(2, 0, 0.2);
    for (const name of ["actor", "slow actor", "slow critics"])
      expect(Array.from(after[`new ${name}`].data)).toEqual(Array.from(feeds[name].data));
    expect(Array.from(after["new critics"].data)).not.toEqual(Array.from(feeds.critics.data));
  });
});
