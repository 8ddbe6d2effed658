import { describe, expect, test } from "vitest";
import { adamState, evaluate, type Graph, type Reference, type State } from "../../src/engine/index.ts";
import { pack } from "../../src/engine/pack.ts";
import { dqnGraph } from "../../src/learning/deep/dqn.ts";
import { qrDqnGraph } from "../../src/learning/deep/qr-dqn.ts";
import { sacGraph, sacState } from "../../src/learning/deep/sac.ts";
import { td3Graph, td3State } from "../../src/learning/deep/td3.ts";
import { coordinateValueGraph, directGraph } from "../../src/learning/invertible/coordinate-value-graph.ts";
import { generalValueGraph } from "../../src/learning/invertible/general-value-graph.ts";
import { initialise, type Layers, toNetwork } from "../../src/learning/layers.ts";
import { createRandom } from "../../src/numbers/random.ts";
import { box, discrete } from "../../src/spaces/space.ts";

const BATCH = 4;
const STEP = 1e-5;
/** First moments start at 0, so that the first is (1 − β₁) times the gradient. */
const FIRST = 0.1;

type Feeds = Record<string, Reference>;

function stateFeeds(state: State): Feeds {
  return Object.fromEntries(Object.entries(state).map(([name, { shape, data }]) => [name, { shape, data: Float64Array.from(data) }]));
}

/** Feeds for every input of the graph that has none: normal numbers, but for those named. */
function fillFeeds(graph: Graph, held: Feeds, own: Readonly<Record<string, () => number>>, seed: number): Feeds {
  const random = createRandom(seed);
  const feeds = { ...held };
  for (const { name, shape } of graph.inputs) {
    if (feeds[name]) continue;
    const dims = shape as readonly number[];
    const draw = own[name] ?? (() => random.normal());
    feeds[name] = { shape: dims, data: Float64Array.from({ length: dims.reduce((a, b) => a * b, 1) }, draw) };
  }
  return feeds;
}

/** Largest difference between the gradient that Adam was given and central differences of the loss, over every parameter. */
function worst(graph: Graph, loss: string, pack: string, feeds: Feeds): { readonly difference: number; readonly size: number } {
  const stepped = evaluate(graph, feeds)[`new m ${pack}`].data;
  const { shape, data } = feeds[pack];
  let difference = 0;
  let size = 0;
  for (let at = 0; at < data.length; at++) {
    const lossAt = (by: number) => {
      const moved = data.slice();
      moved[at] += by;
      return evaluate(graph, { ...feeds, [pack]: { shape, data: moved } })[loss].data[0];
    };
    const expected = (lossAt(STEP) - lossAt(-STEP)) / (2 * STEP);
    difference = Math.max(difference, Math.abs(stepped[at] / FIRST - expected));
    size = Math.max(size, Math.abs(expected));
  }
  return { difference, size };
}

const TOLERANCE = 1e-6;

function check(graph: Graph, loss: string, pack: string, feeds: Feeds): void {
  const { difference, size } = worst(graph, loss, pack, feeds);
  expect(size).toBeGreaterThan(1e-3);
  expect(difference).toBeLessThan(TOLERANCE * Math.max(1, size));
}

const tiny = (name: string, from: number, to: number): Layers => ({ name, sizes: [from, 5, to], activation: "ReLU" });
/** Entries that stay away from 0 and 1 by construction. */
const action = (n: number) => {
  const random = createRandom(3);
  return () => random.integer(n);
};
const discounts = () => 0.9;

describe("the gradient that each loss gives to Adam, against central differences in Float64", () => {
  test("DQN", () => {
    const online = tiny("online", 3, 2);
    const parameters = initialise(online, createRandom(1));
    const state = { ...adamState(pack("online", parameters)), ...pack("target", initialise(online, createRandom(2))) };
    const graph = dqnGraph(online, parameters, BATCH, 0.01);
    check(graph, "loss", "online", fillFeeds(graph, stateFeeds(state), { actions: action(2), discounts }, 4));
  });

  test.each(["Tanh", "SiLU"])("DQN with normalised layers of %s", (activation) => {
    const online: Layers = { ...tiny("online", 3, 2), activation, layerNorm: true };
    const parameters = initialise(online, createRandom(1));
    const state = { ...adamState(pack("online", parameters)), ...pack("target", initialise(online, createRandom(2))) };
    const graph = dqnGraph(online, parameters, BATCH, 0.01);
    check(graph, "loss", "online", fillFeeds(graph, stateFeeds(state), { actions: action(2), discounts }, 4));
  });

  test("QR-DQN", () => {
    const quantiles = 3;
    const online = tiny("online", 3, quantiles * 2);
    const parameters = initialise(online, createRandom(1));
    const state = { ...adamState(pack("online", parameters)), ...pack("target", initialise(online, createRandom(2))) };
    const graph = qrDqnGraph(online, parameters, BATCH, quantiles, 0.01);
    check(graph, "loss", "online", fillFeeds(graph, stateFeeds(state), { actions: action(2), discounts }, 4));
  });

  test("SAC: critics, actor and temperature", () => {
    const networks = {
      actor: tiny("actor", 3, 4),
      critics: [tiny("critic 0", 5, 1), tiny("critic 1", 5, 1)],
    } as const;
    const state = sacState(networks, 0.3, createRandom(1));
    const graph = sacGraph(networks, state, BATCH, 0.01);
    const feeds = fillFeeds(graph, stateFeeds(state.all), { discounts }, 4);
    check(graph, "critic loss", "critics", feeds);
    check(graph, "actor loss", "actor", feeds);
    check(graph, "temperature loss", "temperature", feeds);
  });

  test("TD3: critics and actor", () => {
    const networks = {
      actor: tiny("actor", 3, 2),
      critics: [tiny("critic 0", 5, 1), tiny("critic 1", 5, 1)],
    };
    const state = td3State(networks, createRandom(1));
    const graph = td3Graph(networks, state, BATCH, 0.01, 0.2);
    const feeds = fillFeeds(graph, stateFeeds(state.all), { discounts, due: () => 1 }, 4);
    check(graph, "critic loss", "critics", feeds);
    check(graph, "actor loss", "actor", feeds);
  });

  test("TD3: without its turn the actor and the targets stay, moments and all", () => {
    const networks = {
      actor: tiny("actor", 3, 2),
      critics: [tiny("critic 0", 5, 1)],
    };
    const state = td3State(networks, createRandom(1));
    const graph = td3Graph(networks, state, BATCH, 0.01, 0.2);
    const feeds = fillFeeds(graph, stateFeeds(state.all), { due: () => 0, rate: () => 0.01 }, 4);
    const after = evaluate(graph, feeds);
    for (const name of ["actor", "slow actor", "slow critics", "powers actor", "m actor", "v actor"])
      expect(Array.from(after[`new ${name}`].data)).toEqual(Array.from(feeds[name].data));
    expect(after["new critics"].data).not.toEqual(feeds.critics.data);
  });

  test("DDPG: the one critic and its actor", () => {
    const networks = { actor: tiny("actor", 3, 2), critics: [tiny("critic 0", 5, 1)] };
    const state = td3State(networks, createRandom(6));
    const graph = td3Graph(networks, state, BATCH, 0.01, 0.2);
    const feeds = fillFeeds(graph, stateFeeds(state.all), { discounts, due: () => 1 }, 4);
    check(graph, "critic loss", "critics", feeds);
    check(graph, "actor loss", "actor", feeds);
  });

  const policies = [
    ["uniform, Discrete", discrete(2), { kind: "uniform" }],
    [
      "softmax, Discrete",
      discrete(2),
      { kind: "softmax", logits: toNetwork(tiny("logits", 3, 2), initialise(tiny("logits", 3, 2), createRandom(8))) },
    ],
    ["uniform, Box", box([-1, -2], [1, 2]), { kind: "uniform" }],
  ] as const;
  const forms = policies.flatMap(([name, space, policy]) =>
    [true, false].flatMap((slowly) => [true, false].map((increments) => ({ name, space, policy, slowly, increments }))),
  );
  test.each(forms)(
    "general value functions of $name, towards a slow copy: $slowly, increments: $increments",
    ({ space, policy, slowly, increments }) => {
      const m = space.kind === "box" ? 2 : 1;
      const layers: Layers = { name: "online", sizes: space.kind === "box" ? [5, 5, 4] : [3, 5, 2 * 4], activation: "SiLU" };
      const parameters = initialise(layers, createRandom(1));
      const random = createRandom(5);
      const graph = generalValueGraph({
        layers,
        parameters,
        slowly,
        batch: BATCH,
        actionSize: m,
        parts: {
          actionSpace: space,
          discounts: [0.5, 0.9],
          policy,
          centre: Float64Array.of(0.1, 0.2, 0.3),
          scale: Float64Array.of(1, 2, 3),
          weights: Float64Array.from({ length: 6 }, () => random.normal()),
          phases: Float64Array.of(0.5, 1.5),
          ...(increments ? { increments: Float64Array.of(0.5, 0.7, 2, 3) } : {}),
        },
      });
      const state = { ...adamState(pack("online", parameters)), ...(slowly ? pack("slow", initialise(layers, createRandom(2))) : {}) };
      const feeds = fillFeeds(graph, stateFeeds(state), space.kind === "box" ? {} : { actions: action(2) }, 4);
      check(graph, "loss", "online", feeds);
    },
  );

  const encoding = (() => {
    const random = createRandom(9);
    const numbers = (n: number) => Float64Array.from({ length: n }, () => random.normal());
    return { centre: numbers(3), scale: numbers(3).map(Math.exp), gains: numbers(3), weights: numbers(6), phases: numbers(2) };
  })();
  const values = (name: string, from: number, to: number): Layers => ({ name, sizes: [from, 5, to], activation: "SiLU" });
  const importance = [1, 0.5, 2];

  test("values of coordinates: of actions and of states", () => {
    const [u, w] = [values("state", 5, 6), values("action", 6, 6)];
    const [ofStates, ofActions] = [initialise(u, createRandom(1)), initialise(w, createRandom(2))];
    const graph = coordinateValueGraph({
      encoding,
      discounts: [0.5, 0.9],
      actionSize: 1,
      batch: BATCH,
      state: { layers: u, parameters: ofStates },
      action: { layers: w, parameters: ofActions },
      importance,
      both: true,
    });
    const state = {
      ...adamState(pack("action", ofActions), "action"),
      ...adamState(pack("state", ofStates), "state"),
      ...pack("slow", initialise(u, createRandom(3))),
    };
    const feeds = fillFeeds(graph, stateFeeds(state), {}, 4);
    check(graph, "loss", "action", feeds);
    check(graph, "state loss", "state", feeds);
  });

  test("changes of coordinates themselves", () => {
    const w = values("action", 6, 3);
    const parameters = initialise(w, createRandom(2));
    const graph = directGraph({ encoding, actionSize: 1, batch: BATCH, action: { layers: w, parameters }, importance });
    check(graph, "loss", "action", fillFeeds(graph, stateFeeds(adamState(pack("action", parameters), "action")), {}, 4));
  });
});
