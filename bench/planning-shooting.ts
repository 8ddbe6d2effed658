import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Graph } from "../src/engine/graph.ts";
import { compile, concat, linear, tanh } from "../src/engine/index.ts";
import { createRandom, type Random } from "../src/numbers/random.ts";
import { median } from "../src/numbers/statistics.ts";
import { cem } from "../src/planning/cem.ts";
import type { ShootingProblem } from "../src/planning/shooting.ts";
import { loadWorldModel } from "../src/world-model/load.ts";

/** The arm's model that ships with the program. */
const shipped = fileURLToPath(new URL("../zoo/ArmPickAndPlace-v0-seed-0/model", import.meta.url));
/** Without it, a network of its size: coordinates, three moves and a grip, two hidden layers. Time does not depend on the weights. */
const [coordinates, moves, hidden] = [15, 4, 256];
const PLANS = 20;

/** Milliseconds of one plan by CEM in the arm's model: horizon 12, population 192, 3 iterations. */
export async function planningByShooting(seed: number): Promise<Record<string, number>> {
  const random = createRandom(seed);
  const { model, size, release } = existsSync(shipped) ? await armModel() : await modelOfItsSize(random);
  const policy = cem(
    {
      model,
      cost(states, _actions, n, _t, out) {
        for (let b = 0; b < n; b++) for (let j = 0; j < size; j++) out[b] += (states[b * size + j] - 0.1) ** 2;
      },
      low: new Array(moves).fill(-1),
      high: new Array(moves).fill(1),
      horizon: 12,
    },
    { random, population: 192, iterations: 3 },
  );
  const state = new Float64Array(size);
  await policy.act(state);
  const times: number[] = [];
  for (let k = 0; k < PLANS; k++) {
    const start = performance.now();
    await policy.act(state);
    times.push(performance.now() - start);
  }
  await release();
  return { cemMilliseconds: median(times) };
}

interface Planned {
  readonly model: ShootingProblem["model"];
  readonly size: number;
  release(): Promise<void>;
}

async function armModel(): Promise<Planned> {
  const model = await loadWorldModel(shipped);
  if (model.kind !== "continuous") throw new TypeError(`${shipped} holds a model of numbered states`);
  return { model, size: model.coordinates.names.length, release: async () => {} };
}

async function modelOfItsSize(random: Random): Promise<Planned> {
  const graph = new Graph();
  const weights = (rows: number, columns: number) =>
    graph.constant(
      Float32Array.from({ length: rows * columns }, () => random.normal() / Math.sqrt(columns)),
      [rows, columns],
    );
  const zeros = (rows: number) => graph.constant(new Float32Array(rows), [rows]);
  const x = concat([graph.input("states", ["N", coordinates]), graph.input("actions", ["N", moves])], 1);
  const first = tanh(linear(x, weights(hidden, coordinates + moves), zeros(hidden)));
  const second = tanh(linear(first, weights(hidden, hidden), zeros(hidden)));
  graph.output("change", linear(second, weights(coordinates, hidden), zeros(coordinates)));
  const session = await compile(graph);
  return {
    size: coordinates,
    release: () => session.release(),
    model: {
      stateSize: coordinates,
      async step(states, actions) {
        const { change } = await session.run({ states, actions });
        return { nextStates: Float64Array.from(states, (s, i) => s + 0.01 * (change.data[i] as number)) };
      },
    },
  };
}
