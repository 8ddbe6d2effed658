import { describe, expect, test } from "vitest";
import { adamState, evaluate, type Graph, type Reference, type State } from "../../src/engine/index.ts";
import { pack } from "../../src/engine/pack.ts";
import { coordinateValueGraph, directGraph } from "../../src/learning/invertible/coordinate-value-graph.ts";
import { generalValueGraph } from "../../src/learning/invertible/general-value-graph.ts";
import { stepsToGoGraph } from "../../src/learning/invertible/steps-to-go-graph.ts";
import { initialise, type Layers, renamed, toNetwork } from "../../src/learning/layers.ts";
import { createRandom } from "../../src/numbers/random.ts";
import { discrete } from "../../src/spaces/space.ts";

/** Losses of critics that are made to be inverted, each written anew in plain loops over one batch. */

const B = 5;
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

const row = ({ shape, data }: Reference, b: number): number[] => Array.from(data.slice(b * shape[1], (b + 1) * shape[1]));
const mean = (values: Row) => values.reduce((a, b) => a + b, 0) / values.length;
const numbers = (n: number, seed: number) => {
  const random = createRandom(seed);
  return Float64Array.from({ length: n }, () => random.normal());
};

const forms = [true, false].flatMap((slowly) => [true, false].map((increments) => ({ slowly, increments })));
test.each(forms)("general value functions, towards a slow copy: $slowly, increments: $increments", ({ slowly, increments }) => {
  const [o, C, A] = [3, 2, 2];
  const gammas = [0.5, 0.9];
  const heads = C * gammas.length;
  const gammaOf = (i: number) => gammas[Math.floor(i / C)];
  const layers = layersOf("online", o, A * heads);
  const [online, slow] = [1, 2].map((seed) => initialise(layers, createRandom(seed)));
  const scorer = layersOf("logits", o, A);
  const logits = initialise(scorer, createRandom(3));
  const [centre, scale, weights] = [numbers(o, 4), numbers(o, 5).map(Math.exp), numbers(o * C, 6)];
  const phases = [0.5, 1.5];
  const sigma = [0.5, 0.7, 2, 3];
  const graph = generalValueGraph({
    layers,
    parameters: online,
    slowly,
    batch: B,
    actionSize: 1,
    parts: {
      actionSpace: discrete(A),
      discounts: gammas,
      policy: { kind: "softmax", logits: toNetwork(scorer, logits) },
      centre,
      scale,
      weights,
      phases: Float64Array.from(phases),
      ...(increments ? { increments: Float64Array.from(sigma) } : {}),
    },
  });
  const state = { ...adamState(pack("online", online)), ...(slowly ? pack("slow", slow) : {}) };
  const feeds = feedsOf(graph, state, { actions: (i) => i % A, rate: () => 0.05 }, 7);
  const standard = (raw: Row) => raw.map((x, j) => (x - centre[j]) / scale[j]);
  const said = (of: State, raw: Row, a: number) => forward(of, "online", standard(raw)).slice(a * heads, (a + 1) * heads);
  const stateValue = (of: State, raw: Row) => {
    const scores = forward(logits, "logits", raw).map(Math.exp);
    const total = scores.reduce((x, y) => x + y, 0);
    return Array.from({ length: heads }, (_, i) => {
      const c = i % C;
      const r = Math.cos(standard(raw).reduce((sum, x, j) => sum + x * weights[j * C + c], 0) + phases[c]);
      const ahead = scores.reduce((sum, score, a) => sum + (score / total) * said(of, raw, a)[i], 0);
      return increments ? (r + gammaOf(i) * sigma[i] * ahead) / (1 - gammaOf(i)) : r + gammaOf(i) * ahead;
    });
  };
  const squares: number[] = [];
  for (let b = 0; b < B; b++) {
    const [here, next] = [row(feeds.observations, b), row(feeds["next observations"], b)];
    const own = said(online, here, feeds.actions.data[b]);
    const [now, ahead] = [stateValue(online, here), stateValue(slowly ? slow : online, next)];
    for (let i = 0; i < heads; i++) {
      const toCome = increments ? now[i] + sigma[i] * own[i] : own[i];
      squares.push((increments ? 1 / sigma[i] ** 2 : 1 - gammaOf(i)) * (toCome - ahead[i]) ** 2);
    }
  }
  const after = evaluate(graph, feeds);
  expect(after.loss.data[0]).toBeCloseTo(mean(squares), 6);
  if (!slowly) return;
  const moved = Array.from(feeds.slow.data, (value, i) => value + 0.02 * (after["new online"].data[i] - value));
  expect(Array.from(after["new slow"].data)).toEqual(moved.map((value) => expect.closeTo(value, 12)));
});

describe("steps to go: k(s, a) = 0 where the next state is in the goal, else 1 + min k(s', a')", () => {
  const [o, A, G] = [2, 3, 2];
  const encoding = { centre: numbers(o, 1), scale: numbers(o, 2).map(Math.exp), linear: numbers(o * 2, 3), waves: numbers(o * 2, 4) };
  const layers = layersOf("k", 2 + 2 * 2, A * G);
  const [online, copy] = [5, 6].map((seed) => initialise(layers, createRandom(seed)));
  /** [action][goal] */
  const steps = (of: State, raw: Row) => {
    const u = raw.map((x, j) => (x - encoding.centre[j]) / encoding.scale[j]);
    const times = (matrix: Float64Array) => [0, 1].map((k) => u.reduce((sum, x, j) => sum + x * matrix[2 * j + k], 0));
    const phase = times(encoding.waves);
    const out = forward(of, "k", [...times(encoding.linear), ...phase.map(Math.cos), ...phase.map(Math.sin)]);
    return Array.from({ length: A }, (_, a) => out.slice(a * G, (a + 1) * G).map((x) => 20 * Math.log1p(Math.exp(x))));
  };
  const smooth = (e: number, beta: number) => (Math.abs(e) < beta ? (e * e) / (2 * beta) : Math.abs(e) - beta / 2);
  const target = (of: State, raw: Row, open: Row) => open.map((goes, g) => goes * (1 + Math.min(...steps(of, raw).map((k) => k[g]))));
  const goals = [0, 1].map((g) => ({ indices: [0], target: [g], radius: 0.1 }));
  const build = (phase: "slow" | "residual") => {
    const graph = stepsToGoGraph({ layers, parameters: online, parts: { encoding, goals, actions: A }, batch: B, phase });
    const state = { ...adamState(online), ...renamed(copy, "k", "slow") };
    const own = { open: (i: number) => (i % 3 === 0 ? 0 : 1), code: (i: number) => (i % A === Math.floor(i / A) % A ? 1 : 0) };
    const feeds = feedsOf(graph, state, { ...own, rate: () => 0.01, part: () => 0.25 }, 8);
    return { feeds, after: evaluate(graph, feeds) };
  };

  test("all actions towards the slow copy", () => {
    const { feeds, after } = build("slow");
    const errors: number[] = [];
    for (let b = 0; b < B; b++) {
      const here = steps(online, row(feeds.observations, b));
      for (let a = 0; a < A; a++) {
        const y = target(copy, row(feeds["next observations"], b * A + a), row(feeds.open, b * A + a));
        for (let g = 0; g < G; g++) errors.push(2 * smooth(here[a][g] - y[g], 10));
      }
    }
    expect(after.loss.data[0]).toBeCloseTo(mean(errors), 6);
    for (const [name, { data }] of Object.entries(renamed(copy, "k", "slow"))) {
      const fast = after[`new ${name.replace("slow", "k")}`].data;
      expect(Array.from(after[`new ${name}`].data)).toEqual(Array.from(data, (x, i) => expect.closeTo(x + 0.25 * (fast[i] - x), 10)));
    }
  });

  test("one action through both sides, with a small pull towards the slow copy", () => {
    const { feeds, after } = build("residual");
    const errors: number[] = [];
    for (let b = 0; b < B; b++) {
      const here = steps(online, row(feeds.observations, b))[row(feeds.code, b).indexOf(1)];
      const [next, open] = [row(feeds["next observations"], b), row(feeds.open, b)];
      const [own, slow] = [target(online, next, open), target(copy, next, open)];
      for (let g = 0; g < G; g++) errors.push(smooth(here[g] - own[g], 1) + 0.1 * smooth(here[g] - slow[g], 5));
    }
    expect(after.loss.data[0]).toBeCloseTo(mean(errors), 6);
  });
});

describe("values of coordinates: y = (x' − x)/σ + ū(s'), w ← y, u ← γ y", () => {
  const [d, m] = [3, 1];
  const gammas = [0.5, 0.9];
  const heads = d * gammas.length;
  const encoding = {
    centre: numbers(d, 1),
    scale: numbers(d, 2).map(Math.exp),
    gains: numbers(d, 3),
    weights: numbers(d * 2, 4),
    phases: numbers(2, 5),
  };
  const importance = [1, 0.5, 2];
  const encode = (x: Row) => {
    const z = x.map((value, j) => (value - encoding.centre[j]) / encoding.scale[j]);
    const bent = [0, 1].map((k) =>
      Math.tanh(z.reduce((sum, value, j) => sum + value * encoding.weights[2 * j + k], 0) + encoding.phases[k]),
    );
    return [...z.map((value, j) => value * encoding.gains[j]), ...bent];
  };
  const huber = (e: number) => (Math.abs(e) <= 1 ? (e * e) / 2 : Math.abs(e) - 0.5);

  test("both networks, and the slow copy of u", () => {
    const [u, w] = [layersOf("state", d + 2, heads), layersOf("action", d + 2 + m, heads)];
    const [ofStates, ofActions, slow] = [initialise(u, createRandom(1)), initialise(w, createRandom(2)), initialise(u, createRandom(3))];
    const graph = coordinateValueGraph({
      encoding,
      discounts: gammas,
      actionSize: m,
      batch: B,
      state: { layers: u, parameters: ofStates },
      action: { layers: w, parameters: ofActions },
      importance,
      both: true,
    });
    const state = {
      ...adamState(pack("action", ofActions), "action"),
      ...adamState(pack("state", ofStates), "state"),
      ...pack("slow", slow),
    };
    const feeds = feedsOf(graph, state, { rate: () => 0.01, "state rate": () => 0.02, part: () => 0.25 }, 6);
    const [ofW, ofU]: [number[], number[]] = [[], []];
    for (let b = 0; b < B; b++) {
      const [x, a, next] = ["states", "actions", "next states"].map((name) => row(feeds[name], b));
      const ahead = forward(slow, "state", encode(next));
      const [own, value] = [forward(ofActions, "action", [...encode(x), ...a]), forward(ofStates, "state", encode(x))];
      for (let i = 0; i < heads; i++) {
        const j = i % d;
        const y = (next[j] - x[j]) / encoding.scale[j] + ahead[i];
        ofW.push(huber(importance[j] * (own[i] - y)));
        ofU.push((value[i] - gammas[Math.floor(i / d)] * y) ** 2);
      }
    }
    const after = evaluate(graph, feeds);
    expect(after.loss.data[0]).toBeCloseTo(mean(ofW), 6);
    expect(after["state loss"].data[0]).toBeCloseTo(mean(ofU), 6);
    const moved = Array.from(feeds.slow.data, (value, i) => value + 0.25 * (after["new state"].data[i] - value));
    expect(Array.from(after["new slow"].data)).toEqual(moved.map((value) => expect.closeTo(value, 12)));
  });

  test("the change itself, fitted without values", () => {
    const layers = layersOf("action", d + 2 + m, d);
    const parameters = initialise(layers, createRandom(2));
    const graph = directGraph({ encoding, actionSize: m, batch: B, action: { layers, parameters }, importance });
    const feeds = feedsOf(graph, adamState(pack("action", parameters), "action"), { rate: () => 0.01 }, 6);
    const losses: number[] = [];
    for (let b = 0; b < B; b++) {
      const [x, a, next] = ["states", "actions", "next states"].map((name) => row(feeds[name], b));
      const found = forward(parameters, "action", [...encode(x), ...a]);
      for (let j = 0; j < d; j++) losses.push(huber(importance[j] * (found[j] - (next[j] - x[j]) / encoding.scale[j])));
    }
    expect(evaluate(graph, feeds).loss.data[0]).toBeCloseTo(mean(losses), 6);
  });
});
