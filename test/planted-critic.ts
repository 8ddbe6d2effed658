import type { NetworkCritic } from "../src/critics/critic.ts";
import { type NetworkDefinition, networkCritic } from "../src/critics/network-critic.ts";
import { add, linear, matmul, mul, tanh, type Value } from "../src/engine/index.ts";
import type { Coordinates } from "../src/environments/environment.ts";
import type { Random } from "../src/numbers/random.ts";
import { box, type Space } from "../src/spaces/space.ts";

export interface Planted {
  readonly name?: string;
  readonly heads: number;
  readonly discount?: number;
  /** [d, d] and [d, m]: s' = s + A s + B a. */
  readonly a: readonly (readonly number[])[];
  readonly b: readonly (readonly number[])[];
  /** Coordinates that V depends on; all where left out. */
  readonly sees?: readonly number[];
  /** Size of an error of Q that has nothing to do with the next state. */
  readonly noise?: number;
}

/**
 * A critic that obeys the Bellman equation of s' = s + A s + B a exactly: V is a random smooth network, Q = r + γ V(s'), r = −1.
 */
export function plantedCritic({ name = "planted", heads, discount = 0.9, a, b, sees, noise = 0 }: Planted, random: Random): NetworkCritic {
  const d = a.length;
  const m = b[0].length;
  const width = 16;
  const normal = (n: number, scale: number) => Float64Array.from({ length: n }, () => scale * random.normal());
  const first = normal(width * d, 1 / Math.sqrt(d));
  if (sees) for (let i = 0; i < width * d; i++) if (!sees.includes(i % d)) first[i] = 0;
  const bias = normal(width, 0.5);
  const second = normal(heads * width, 1);
  const junkIn = normal(width * (d + m), 2);
  const junkOut = normal(heads * width, noise);
  const { actionSpace, observationSpace } = plantedSpaces(d, m);
  const value = (x: Value) => {
    const { graph } = x;
    return linear(
      tanh(linear(x, graph.constant(first, [width, d]), graph.constant(bias, [width]))),
      graph.constant(second, [heads, width]),
    );
  };
  const definition: NetworkDefinition = {
    name,
    algorithm: "planted",
    heads: Array.from({ length: heads }, (_, i) => ({ name: `head ${i}`, critic: name, discount, rewardScale: 1, rewardOffset: 0 })),
    observationSpace,
    actionSpace,
    stateValues: ([x]) => value(x),
    actionValues([x], action) {
      const { graph } = x;
      const move = add(linear(x, graph.constant(a.flat(), [d, d])), linear(action, graph.constant(b.flat(), [d, m])));
      const q = add(mul(value(add(x, move)), discount), -1);
      if (noise === 0) return q;
      const both = add(
        matmul(x, graph.constant(junkIn.subarray(0, d * width), [d, width])),
        matmul(action, graph.constant(junkIn.subarray(d * width), [m, width])),
      );
      return add(q, linear(tanh(mul(both, 3)), graph.constant(junkOut, [heads, width])));
    },
  };
  return networkCritic(definition);
}

export function plantedSpaces(d: number, m: number): { readonly observationSpace: Space; readonly actionSpace: Space } {
  const ones = (n: number, x: number) => new Array<number>(n).fill(x);
  return { observationSpace: box(ones(d, -4), ones(d, 4)), actionSpace: box(ones(m, -1), ones(m, 1)) };
}

export function plainCoordinates(d: number, rateOf: readonly (number | null)[] = new Array<number | null>(d).fill(null)): Coordinates {
  return {
    names: Array.from({ length: d }, (_, i) => `x${i}`),
    angular: new Array<boolean>(d).fill(false),
    low: new Array<number>(d).fill(-4),
    high: new Array<number>(d).fill(4),
    rateOf,
    observe: (states) => states,
    fromObservations: (observations) => observations.slice(),
  };
}

export function plantedSamples(d: number, m: number, n: number, random: Random) {
  const states = Float64Array.from({ length: n * d }, () => random.normal());
  const actions = Float64Array.from({ length: n * m }, () => 2 * random.uniform() - 1);
  return { n, states, actions };
}
