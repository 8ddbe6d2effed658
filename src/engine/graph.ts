import { type ErrorDetails, VinverseError } from "../base/error.ts";

export type DType = "float32" | "int64" | "bool";

/** A length: a number, or the name of a length known only when the graph runs. The batch is "N". */
export type Dim = number | string;
export type Shape = readonly Dim[];

/** Constant data. Floats may be kept in either precision (ONNX Runtime gets float32); int64 is held as Int32Array, bool as Uint8Array. */
export type ConstantData = Float32Array | Float64Array | Int32Array | Uint8Array;

export type Attribute = number | string | readonly number[];
export type Attributes = Readonly<Record<string, Attribute>>;

/** A tensor that exists when the graph runs. */
export interface Value {
  readonly graph: Graph;
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
}

/** One ONNX operator applied to values; `null` marks an optional input that is left out. */
export interface Node {
  readonly operator: string;
  readonly inputs: readonly (Value | null)[];
  readonly outputs: readonly Value[];
  readonly attributes: Attributes;
}

/** A graph of ONNX operators, built by appending: nodes are always in an order in which they can run. */
export class Graph {
  readonly inputs: Value[] = [];
  readonly constants = new Map<Value, ConstantData>();
  readonly nodes: Node[] = [];
  readonly outputs = new Map<string, Value>();
  private count = 0;

  private value(dtype: DType, shape: Shape, name = `v${this.count++}`): Value {
    return { graph: this, name, dtype, shape };
  }

  /** Declare an input. Its name must be unused. */
  input(name: string, shape: Shape, dtype: DType = "float32"): Value {
    if (this.inputs.some((v) => v.name === name)) throw new Error(`graph already has an input '${name}'`);
    const value = this.value(dtype, shape, name);
    this.inputs.push(value);
    return value;
  }

  /** A constant tensor. `shape` must multiply to the data's length. */
  constant(data: ConstantData | readonly number[] | number, shape?: readonly number[], dtype: DType = "float32"): Value {
    const list = typeof data === "number" ? [data] : data;
    const dims = shape ?? (typeof data === "number" ? [] : [list.length]);
    const size = dims.reduce((a, b) => a * b, 1);
    if (size !== list.length) throw new Error(`constant of shape [${dims}] needs ${size} numbers, got ${list.length}`);
    const held = Array.isArray(list) ? pack(list, dtype) : (list as ConstantData);
    const value = this.value(dtype, dims);
    this.constants.set(value, held);
    return value;
  }

  /** Append an operator and return its outputs. Shapes and dtypes are inferred; a wrong use is refused with the operator's name. */
  apply(operator: string, inputs: readonly (Value | null)[], attributes: Attributes = {}): Value[] {
    for (const v of inputs) if (v !== null && v.graph !== this) throw new Error(`${operator}: an input belongs to another graph`);
    const kinds = operatorNamed(operator).infer(inputs, attributes, this);
    const outputs = kinds.map((kind) => this.value(kind.dtype, kind.shape));
    this.nodes.push({ operator, inputs, outputs, attributes });
    return outputs;
  }

  /** Name a value as an output of the graph. */
  output(name: string, value: Value): Value {
    if (this.outputs.has(name)) throw new Error(`graph already has an output '${name}'`);
    this.outputs.set(name, value);
    return value;
  }
}

/**
 * The ONNX operator set that graphs are written in. At 18 the axes of Squeeze, Unsqueeze and every Reduce…, the sizes of Split and the bounds of Clip
 * and Slice are inputs. Attributes keep ONNX's own names and codes (`Cast.to`: 1 float32, 7 int64, 9 bool). Max and Min take two inputs, LayerNormalization has one output.
 */
export const OPSET = 18;

/** A tensor of the reference evaluator: everything in Float64, row-major. */
export interface Reference {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

/**
 * One ONNX operator: what its outputs look like, what they are, and how they change.
 * `jvp`: tangents carry one more axis than their values, in front: the directions D (length 1 where constant).
 *   A tangent may have length 1 where its value has more (broadcasting); `null` is zero.
 * `vjp`: cotangents have the shape of their values; `null` is zero. Only inputs that are `needed` have to be answered. Both append to the node's graph.
 * `elementwise`: an output element depends on the input elements it is broadcast from only, and `jvp` works on tangents without the axis D as well.
 */
export interface Operator {
  readonly name: string;
  infer(inputs: readonly (Value | null)[], attributes: Attributes, graph: Graph): { readonly dtype: DType; readonly shape: Shape }[];
  evaluate(inputs: readonly (Reference | null)[], attributes: Attributes): Reference[];
  jvp?(node: Node, tangents: readonly (Value | null)[]): (Value | null)[];
  vjp?(node: Node, cotangents: readonly (Value | null)[], needed: readonly boolean[]): (Value | null)[];
  readonly elementwise?: boolean;
}

const registry = new Map<string, Operator>();

export function defineOperator(operator: Operator): Operator {
  registry.set(operator.name, operator);
  return operator;
}

export function operatorNames(): string[] {
  return [...registry.keys()].sort();
}

/** An operator that the engine cannot run or differentiate, by its name. */
export class UnsupportedOperatorError extends VinverseError {
  override readonly name = "UnsupportedOperatorError";

  constructor(message: string, details?: ErrorDetails) {
    super("ONNX", message, details);
  }
}

export function operatorNamed(name: string): Operator {
  const operator = registry.get(name);
  if (!operator) throw new UnsupportedOperatorError(`operator '${name}' is not one that vinverse can run and differentiate`);
  return operator;
}

function pack(list: readonly number[], dtype: DType): ConstantData {
  if (dtype === "int64") return Int32Array.from(list);
  if (dtype === "bool") return Uint8Array.from(list);
  return Float64Array.from(list);
}
