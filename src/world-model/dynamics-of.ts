import type { Value } from "../engine/index.ts";

/** Arrays of a model, by name, as they are saved. */
export type Tensors = Readonly<Record<string, { readonly shape: readonly number[]; readonly data: Float64Array | Float32Array }>>;

/** How the factor of the noise depends on (s, a): the same everywhere, or linear in the features of a linear model. */
export type NoiseKind = "constant" | "linear";

/** An amortised f in s' = s + f(s, a), of one kind with settings of its own. */
export interface DynamicsOf<Kind extends string, Settings extends object> {
  readonly kind: Kind;
  readonly settings: Settings;
  /** Set where next states scatter (noise.ts). */
  readonly noise?: NoiseKind;
  /** All its numbers. */
  readonly tensors: Tensors;
  /** f(s, a): flat [n, d]. */
  change(states: Float64Array, actions: Float64Array, n: number): Promise<Float64Array>;
  /** One standard deviation of f(s, a) by the spread of its parameters: flat [n, d]. */
  deviation(states: Float64Array, actions: Float64Array, n: number): Promise<Float64Array>;
  /** Append s + f(s, a) of states [N, d] and actions [N, m], before it is confined to the box of states. */
  graph(states: Value, actions: Value): Value;
  /** What a person would want to know: structure, time step, size. */
  describe(): Readonly<Record<string, unknown>>;
  /** Free what it runs on, where it runs on anything. */
  release?(): Promise<void>;
}

/** What dynamics of a kind are read from. */
export interface DynamicsFile {
  readonly settings: Readonly<Record<string, unknown>>;
  /** Named as in `tensors` of the dynamics. */
  readonly tensors: Tensors;
  /** @throws FormatError where the tensor is missing or not of Float64 */
  float64(name: string): Float64Array;
  /** An error that names a part of the settings. */
  refuse(field: string, problem: string): Error;
}
