import type { Graph, Value } from "./graph.ts";
import { add, div, max, min, mul, reduceSum, slice, sqrt, sub } from "./operators/index.ts";
import { gradient } from "./vjp.ts";

/** Tensors that a graph takes as NAME and gives back as "new NAME". */
export type State = Readonly<Record<string, { readonly shape: readonly number[]; readonly data: Float32Array }>>;

export interface AdamOptions {
  /** β₁, β₂ */
  readonly decay?: readonly [number, number];
  /** ε */
  readonly epsilon?: number;
  /** Gradients together are not longer than this (Euclidean norm). */
  readonly clip?: number;
  /** Tells the steps of one graph apart. */
  readonly name?: string;
  /** Of one element, 1 or 0: whether to step at all. */
  readonly gate?: Value;
}

/**
 * One step of Adam (Kingma and Ba 2015) on a loss of one element, appended to its graph:
 *   m ← β₁m + (1−β₁)g,  v ← β₂v + (1−β₂)g²,  θ ← θ − η (m/(1−β₁ᵗ)) / (√(v/(1−β₂ᵗ)) + ε).
 * Takes "m NAME" and "v NAME" of every parameter and "powers" (β₁ᵗ⁻¹, β₂ᵗ⁻¹), gives each as "new …", the parameters too.
 * @param parameters inputs of the graph by their names
 * @param rate η, of one element
 * @returns the parameters after the step
 */
export function adam(
  loss: Value,
  parameters: Readonly<Record<string, Value>>,
  rate: Value,
  { decay: [b1, b2] = [0.9, 0.999], epsilon = 1e-8, clip, name = "adam", gate }: AdamOptions = {},
): Record<string, Value> {
  const { graph } = loss;
  const names = Object.keys(parameters);
  const slopes = gradient(
    loss,
    names.map((key) => parameters[key]),
  );
  const squares = slopes.map((slope) => mul(slope, slope));
  // the gradient is shortened by its coefficients in the moments: one pass over the parameters less
  const part = clip === undefined ? 1 : shortened(squares, clip);
  const [ofSlope, ofSquare] = typeof part === "number" ? [1 - b1, 1 - b2] : [mul(part, 1 - b1), mul(mul(part, part), 1 - b2)];
  const held = (old: Value, fresh: Value) => (gate ? add(old, mul(gate, sub(fresh, old))) : fresh);
  const before = graph.input(`powers ${name}`, [2]);
  const powers = mul(before, graph.constant([b1, b2]));
  graph.output(`new powers ${name}`, held(before, powers));
  const correct = sub(1, powers);
  const [first, second] = [slice(correct, 0, 1, 0), slice(correct, 1, 2, 0)];
  // η m̂/(√v̂ + ε), its corrections moved to the scalars
  const root = sqrt(second);
  const [length, small] = [div(mul(rate, root), first), mul(root, epsilon)];
  return Object.fromEntries(
    names.map((key, i) => {
      const { shape } = parameters[key];
      const [oldM, oldV] = [graph.input(`m ${key}`, shape), graph.input(`v ${key}`, shape)];
      const m = graph.output(`new m ${key}`, held(oldM, add(mul(oldM, b1), mul(slopes[i], ofSlope))));
      const v = graph.output(`new v ${key}`, held(oldV, add(mul(oldV, b2), mul(squares[i], ofSquare))));
      const step = div(mul(m, length), add(sqrt(v), small));
      return [key, graph.output(`new ${key}`, sub(parameters[key], gate ? mul(gate, step) : step))];
    }),
  );
}

/** min(length / ‖g‖, 1) */
function shortened(squares: readonly Value[], length: number): Value {
  const norm = sqrt(squares.map((square) => reduceSum(square, null)).reduce((a, b) => add(a, b)));
  return min(div(length, max(norm, 1e-12)), 1);
}

/** Parameters with the moments that Adam starts from. */
export function adamState(parameters: State, name = "adam"): State {
  const zeros = Object.entries(parameters).flatMap(([key, { shape, data }]) =>
    ["m", "v"].map((kind) => [`${kind} ${key}`, { shape, data: new Float32Array(data.length) }] as const),
  );
  return { ...parameters, ...Object.fromEntries(zeros), [`powers ${name}`]: { shape: [2], data: Float32Array.of(1, 1) } };
}

/** c ← c + τ (θ − c) of every parameter θ and its copy c, an input of the graph (Polyak averaging; τ = 1 copies). Gives "new COPY". */
export function follow(
  copies: Readonly<Record<string, Value>>,
  parameters: Readonly<Record<string, Value>>,
  rename: (copy: string) => string,
  part: number | Value,
): void {
  for (const [name, copy] of Object.entries(copies)) {
    const towards = parameters[rename(name)];
    copy.graph.output(`new ${name}`, add(copy, mul(sub(towards, copy), part)));
  }
}

/** Declare every parameter as an input. */
export function inputsOf(graph: Graph, parameters: State): Record<string, Value> {
  return Object.fromEntries(Object.entries(parameters).map(([name, { shape }]) => [name, graph.input(name, shape)]));
}
