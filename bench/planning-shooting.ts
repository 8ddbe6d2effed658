import { Graph } from "../src/engine/graph.ts";
import { compile, concat, linear, tanh } from "../src/engine/index.ts";
import { createRandom } from "../src/engine/random.ts";
import { cem } from "../src/planning/cem.ts";
import { median } from "./bench.ts";

/** The size of the arm's model: gripper, object and opening; three moves and a grip; two hidden layers. */
const [d, m, hidden] = [7, 4, 256];
const PLANS = 20;

/** Milliseconds of one plan by CEM, horizon 12, population 192, 3 iterations, in a network of the size of the arm's model (its time does not depend on the weights). */
export async function planningByShooting(seed: number): Promise<Record<string, number>> {
  const random = createRandom(seed);
  const graph = new Graph();
  const weights = (rows: number, columns: number) =>
    graph.constant(
      Float32Array.from({ length: rows * columns }, () => random.normal() / Math.sqrt(columns)),
      [rows, columns],
    );
  const zeros = (rows: number) => graph.constant(new Float32Array(rows), [rows]);
  const x = concat([graph.input("states", ["N", d]), graph.input("actions", ["N", m])], 1);
  const first = tanh(linear(x, weights(hidden, d + m), zeros(hidden)));
  const second = tanh(linear(first, weights(hidden, hidden), zeros(hidden)));
  graph.output("change", linear(second, weights(d, hidden), zeros(d)));
  const session = await compile(graph);
  const policy = cem(
    {
      model: {
        stateSize: d,
        async step(states, actions) {
          const { change } = await session.run({ states, actions });
          return { nextStates: Float64Array.from(states, (s, i) => s + 0.01 * (change.data[i] as number)) };
        },
      },
      cost(states, _actions, n, _t, out) {
        for (let b = 0; b < n; b++) for (let j = 0; j < d; j++) out[b] += (states[b * d + j] - 0.1) ** 2;
      },
      low: new Array(m).fill(-1),
      high: new Array(m).fill(1),
      horizon: 12,
    },
    { random, population: 192, iterations: 3 },
  );
  const state = new Float64Array(d);
  await policy.act(state);
  const times: number[] = [];
  for (let k = 0; k < PLANS; k++) {
    const start = performance.now();
    await policy.act(state);
    times.push(performance.now() - start);
  }
  await session.release();
  return { cemMilliseconds: median(times) };
}
