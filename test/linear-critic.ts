import type { Head, NetworkCritic } from "../src/critics/critic.ts";
import { networkCritic } from "../src/critics/network-critic.ts";
import { add, linear, type Value } from "../src/engine/index.ts";
import { box } from "../src/spaces/space.ts";

/** Values that a test can compute by hand. Numbers of few binary digits are exact in float32 too. */
export interface LinearValues {
  readonly heads: readonly Partial<Head>[];
  /** [k][d] and [k]: V(x) = W x + c */
  readonly v: readonly (readonly number[])[];
  readonly constant?: readonly number[];
  /** [k][d] and [k][m]: Q(x, a) = A x + B a */
  readonly q?: readonly (readonly number[])[];
  readonly byAction?: readonly (readonly number[])[];
  /** [k][d]: r_i(x) = R x, where heads have cumulants of their own. */
  readonly rewards?: readonly (readonly number[])[];
}

/** A network critic of linear values. Heads are named 0, 1, …; all are of one critic, γ = ½, unless it is said otherwise. */
export function linearCritic({ heads, v, constant, q = v, byAction, rewards }: LinearValues): NetworkCritic {
  const [k, d] = [v.length, v[0].length];
  const m = byAction?.[0].length ?? 1;
  const matrix = (x: Value, rows: readonly (readonly number[])[]) =>
    linear(x, x.graph.constant(Float64Array.from(rows.flat()), [rows.length, rows[0].length]));
  return networkCritic({
    name: "linear",
    algorithm: "planted",
    heads: heads.map((head, i) => ({ name: `${i}`, critic: "linear", discount: 0.5, rewardScale: 1, rewardOffset: 0, ...head })),
    observationSpace: box(new Array(d).fill(-9), new Array(d).fill(9)),
    actionSpace: box(new Array(m).fill(-9), new Array(m).fill(9)),
    stateValues: ([x]) => add(matrix(x, v), x.graph.constant(Float64Array.from(constant ?? new Array(k).fill(0)), [k])),
    actionValues: ([x], action) => add(matrix(x, q), matrix(action, byAction ?? v.map(() => new Array(m).fill(0)))),
    rewards: rewards && (([x]) => matrix(x, rewards)),
  });
}
