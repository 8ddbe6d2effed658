import { addDims, divideDims, multiplyDims, normalAxis, sameShape, type Term, termsOf } from "../dims.ts";
import type { Attributes, ConstantData, Dim, DType, Graph, Node, Shape, Value } from "../graph.ts";
import { operatorNamed, type Reference } from "../graph.ts";

/** What sugar takes where ONNX wants a tensor: numbers become constants of the other operand's dtype. */
export type Operand = Value | number;

const foldLimit = 32;

/** Append an operator, or compute it now where every input is a small constant. */
export function op(operator: string, inputs: readonly (Value | null)[], attributes: Attributes = {}): Value {
  return ops(operator, inputs, attributes)[0];
}

export function ops(operator: string, inputs: readonly (Value | null)[], attributes: Attributes = {}): Value[] {
  const graph = inputs.find((v) => v !== null)?.graph;
  if (!graph) throw new Error(`${operator}: needs a value that belongs to a graph`);
  return fold(graph, operator, inputs, attributes) ?? graph.apply(operator, inputs, attributes);
}

function fold(graph: Graph, operator: string, inputs: readonly (Value | null)[], attributes: Attributes): Value[] | null {
  let size = 0;
  const held: (Reference | null)[] = [];
  for (const v of inputs) {
    const data = v && graph.constants.get(v);
    if (v && !data) return null;
    if (data) size += data.length;
    if (size > foldLimit) return null;
    held.push(v && data ? { shape: v.shape as number[], data: Float64Array.from(data) } : null);
  }
  const kinds = operatorNamed(operator).infer(inputs, attributes, graph);
  const length = kinds.reduce((sum, kind) => sum + Number(multiplyDims(kind.shape)), 0);
  if (!(length <= foldLimit)) return null;
  return operatorNamed(operator)
    .evaluate(held, attributes)
    .map((result, i) => graph.constant(packed(result.data, kinds[i].dtype), result.shape, kinds[i].dtype));
}

function packed(data: Float64Array, dtype: DType): ConstantData {
  if (dtype === "int64") return Int32Array.from(data);
  return dtype === "bool" ? Uint8Array.from(data) : data;
}

const scalars = new WeakMap<Graph, Map<string, Value>>();

/** A scalar constant; equal ones are shared within a graph. */
export function scalar(graph: Graph, x: number, dtype: DType = "float32"): Value {
  const held = scalars.get(graph) ?? new Map<string, Value>();
  scalars.set(graph, held);
  const key = `${dtype} ${Object.is(x, -0) ? "-0" : x}`;
  const value = held.get(key) ?? graph.constant([x], [], dtype);
  held.set(key, value);
  return value;
}

export function isScalar(value: Value, x: number): boolean {
  const data = value.graph.constants.get(value);
  return data?.length === 1 && value.shape.length === 0 && data[0] === x;
}

/** Operands of an operator of two, as values of one graph. */
export function operands(operator: string, a: Operand, b: Operand): [Value, Value] {
  if (typeof a !== "number") return [a, typeof b === "number" ? scalar(a.graph, b, a.dtype) : b];
  if (typeof b === "number") throw new Error(`${operator}: one of its operands must be a value of a graph`);
  return [scalar(b.graph, a, b.dtype), b];
}

export function integers(graph: Graph, list: readonly number[]): Value {
  return graph.constant(list, [list.length], "int64");
}

/** An input that must be there. */
export function required(operator: string, inputs: readonly (Value | null)[], index: number): Value {
  const value = inputs[index];
  if (!value) throw new Error(`${operator}: input ${index} is missing`);
  return value;
}

export function expectDType(operator: string, value: Value, ...dtypes: readonly DType[]): void {
  if (!dtypes.includes(value.dtype)) throw new Error(`${operator}: takes ${dtypes.join(" or ")}, got ${value.dtype}`);
}

/** An integer attribute. */
export function attribute(attributes: Attributes, name: string, otherwise: number): number {
  const value = attributes[name];
  return typeof value === "number" ? value : otherwise;
}

const known = new WeakMap<Value, readonly Dim[]>();

/** What a whole-number vector or scalar will hold when the graph runs, in terms of named lengths; null where that is not known. */
export function contents(value: Value): readonly Dim[] | null {
  const held = known.get(value) ?? derive(value);
  if (held) known.set(value, held);
  return held;
}

function derive(value: Value): readonly Dim[] | null {
  const data = value.graph.constants.get(value);
  if (data) return data.length <= 4096 ? Array.from(data) : null;
  if (value.dtype !== "int64" || value.shape.length > 1) return null;
  const node = value.graph.nodes.findLast((n) => n.outputs.includes(value));
  if (!node) return null;
  const part = (i: number) => {
    const input = node.inputs[i];
    return input ? contents(input) : null;
  };
  switch (node.operator) {
    case "Shape":
      return shapeSlice(node);
    case "Identity":
    case "Cast":
    case "Squeeze":
    case "Unsqueeze":
    case "Reshape":
      return part(0);
    case "Concat": {
      const parts = node.inputs.map((_, i) => part(i));
      return parts.every((p) => p !== null) ? parts.flat() : null;
    }
    case "Gather": {
      const [from, at] = [part(0), part(1)];
      return from && at ? at.map((i) => from[(i as number) < 0 ? (i as number) + from.length : (i as number)]) : null;
    }
    case "Slice": {
      const [from, start, end, step] = [part(0), part(1), part(2), node.inputs[4] ? part(4) : [1]];
      return from && start && end && step?.[0] === 1 ? from.slice(Number(start[0]), Number(end[0])) : null;
    }
    case "Add":
    case "Sub":
    case "Mul":
    case "Div":
      return arithmetic(node.operator, part(0), part(1));
    default:
      return null;
  }
}

function arithmetic(operator: string, a: readonly Dim[] | null, b: readonly Dim[] | null): readonly Dim[] | null {
  if (!a || !b || (a.length !== b.length && a.length !== 1 && b.length !== 1)) return null;
  const result = Array.from({ length: Math.max(a.length, b.length) }, (_, i) => {
    const [x, y] = [a[a.length === 1 ? 0 : i], b[b.length === 1 ? 0 : i]];
    if (operator === "Add") return addDims([x, y]);
    if (operator === "Sub") return addDims([x, multiplyDims([y, -1])]);
    return operator === "Mul" ? multiplyDims([x, y]) : divideDims(x, y);
  });
  return result.every((dim) => dim !== null) ? result : null;
}

/** The part of its input's shape that a Shape node answers. */
export function shapeSlice(node: Pick<Node, "inputs" | "attributes">): readonly Dim[] {
  const shape = required("Shape", node.inputs, 0).shape;
  return shape.slice(attribute(node.attributes, "start", 0), attribute(node.attributes, "end", shape.length));
}

/** Whole numbers known while the graph is built; anything else is refused. */
export function knownIntegers(operator: string, what: string, value: Value): readonly number[] {
  const held = contents(value);
  if (!held?.every((x) => typeof x === "number")) throw new Error(`${operator}: its ${what} must be known when the graph is built`);
  return held as readonly number[];
}

/** A vector of lengths as ONNX wants it: a constant, or gathered from the shapes of `sources` and the graph's inputs when it runs. */
export function shapeValue(graph: Graph, dims: readonly Dim[], sources: readonly Value[] = []): Value {
  if (dims.every((d) => typeof d === "number")) return integers(graph, dims as number[]);
  const whole = sources.find((source) => sameShape(source.shape, dims));
  const value = whole
    ? op("Shape", [whole])
    : concatenated(dims.map((dim) => (typeof dim === "number" ? integers(graph, [dim]) : lengthValue(graph, dim, sources))));
  known.set(value, dims);
  return value;
}

function concatenated(parts: readonly Value[]): Value {
  return parts.length === 1 ? parts[0] : op("Concat", parts, { axis: 0 });
}

/** One named length as a vector of one whole number. */
export function lengthValue(graph: Graph, dim: string, sources: readonly Value[] = []): Value {
  for (const source of [...sources, ...graph.inputs]) {
    const axis = source.shape.indexOf(dim);
    if (axis >= 0) return op("Shape", [source], { start: axis, end: axis + 1 });
  }
  const terms = termsOf(dim);
  if (terms.length === 1 && terms[0].coefficient === 1 && terms[0].names.length === 1)
    throw new Error(`no value of the graph has the length '${dim}'`);
  return terms.map((term) => productValue(graph, term, sources)).reduce((a, b) => op("Add", [a, b]));
}

function productValue(graph: Graph, { names, coefficient }: Term, sources: readonly Value[]): Value {
  const factors = names.map((name) => lengthValue(graph, name, sources));
  if (coefficient !== 1 || names.length === 0) factors.push(integers(graph, [coefficient]));
  return factors.reduce((a, b) => op("Mul", [a, b]));
}

/** Stretch to a shape; nothing is appended where it has it already. */
export function expandTo(value: Value, shape: Shape, sources: readonly Value[] = []): Value {
  return sameShape(value.shape, shape) ? value : op("Expand", [value, shapeValue(value.graph, shape, sources)]);
}

/** Give a tangent of a value of rank `from` the rank of one of rank `to`: axes of length 1 behind the directions. */
export function align(tangent: Value, from: number, to: number): Value {
  if (from === to) return tangent;
  return op("Unsqueeze", [
    tangent,
    integers(
      tangent.graph,
      Array.from({ length: to - from }, (_, i) => i + 1),
    ),
  ]);
}

/** A tangent stretched to its value's length along some of the value's axes. */
export function full(tangent: Value, value: Value, axes: readonly number[]): Value {
  const shape = tangent.shape.map((dim, i) => (axes.includes(i - 1) ? value.shape[i - 1] : dim));
  return expandTo(tangent, shape, [value, tangent]);
}

/** Sum a cotangent over the axes along which its value was stretched. */
export function unbroadcast(cotangent: Value, shape: Shape): Value {
  const extra = cotangent.shape.length - shape.length;
  const leading = Array.from({ length: extra }, (_, i) => i);
  const stretched = shape.flatMap((dim, i) => (dim === 1 && cotangent.shape[i + extra] !== 1 ? [i + extra] : []));
  if (extra + stretched.length === 0) return cotangent;
  const axes = integers(cotangent.graph, [...leading, ...stretched]);
  if (stretched.length === 0) return op("ReduceSum", [cotangent, axes], { keepdims: 0 });
  const sum = op("ReduceSum", [cotangent, axes], { keepdims: 1 });
  return extra === 0 ? sum : op("Squeeze", [sum, integers(cotangent.graph, leading)]);
}

export function axisOf(node: Pick<Node, "operator" | "inputs" | "attributes">, otherwise: number): number {
  return normalAxis(node.operator, attribute(node.attributes, "axis", otherwise), required(node.operator, node.inputs, 0).shape.length);
}

/** Rules of an operator whose outputs do not change with small changes of its inputs. */
export const flat = {
  jvp: (node: Node): null[] => node.outputs.map(() => null),
  vjp: (node: Node): null[] => node.inputs.map(() => null),
};
