import type { Attribute, ConstantData, DType, Graph, Node, Shape, Value } from "./graph.ts";
import { OPSET } from "./graph.ts";
import {
  ATTRIBUTE,
  type AttributeMessage,
  type DimensionMessage,
  ELEMENT,
  encodeModel,
  type NodeMessage,
  type TensorMessage,
  type ValueInfoMessage,
} from "./onnx-schema.ts";
import { nodesBehind } from "./reference.ts";

/** The file version that came with our operator set. */
const IR_VERSION = 8;

/** Attributes that ONNX types as float even when their value is whole. All other numbers are ints. */
const FLOAT_ATTRIBUTES = new Set([
  "alpha",
  "beta",
  "gamma",
  "epsilon",
  "bias",
  "lambd",
  "momentum",
  "ratio",
  "value_float",
  "value_floats",
]);

/**
 * The ONNX file of a graph: weights as float32, symbolic lengths as dim_param. The same graph gives the same bytes.
 * Nodes and constants that no output needs are left out; every input is kept.
 */
export function toOnnx(graph: Graph): Uint8Array {
  if (graph.outputs.size === 0)
    throw new Error("a graph without outputs cannot be written as ONNX: name one with graph.output(name, value)");
  const nodes = nodesBehind(graph, graph.outputs.values());
  const names = nameValues(graph, nodes);
  const nodeMessages = nodes.map((node) => nodeMessage(node, names));
  for (const [name, value] of graph.outputs) {
    if (names.get(value) !== name) nodeMessages.push({ opType: "Identity", input: [names.get(value)!], output: [name] });
  }
  const initializers: TensorMessage[] = [];
  for (const [value, data] of graph.constants) {
    const name = names.get(value);
    if (name !== undefined) initializers.push(tensorMessage(name, value, data));
  }
  return encodeModel({
    irVersion: IR_VERSION,
    producerName: "vinverse",
    opsetImport: [{ domain: "", version: OPSET }],
    graph: {
      name: "graph",
      node: nodeMessages,
      initializer: initializers,
      input: graph.inputs.map((value) => valueInfo(value.name, value.dtype, value.shape)),
      output: [...graph.outputs].map(([name, value]) => valueInfo(name, value.dtype, value.shape)),
    },
  });
}

/** A unique name for every value that is written. Inputs and outputs keep theirs; an output that is also an input or a constant is copied by Identity. */
function nameValues(graph: Graph, nodes: readonly Node[]): Map<Value, string> {
  const names = new Map<Value, string>();
  const taken = new Set<string>(graph.outputs.keys());
  for (const value of graph.inputs) {
    if (taken.has(value.name)) throw new Error(`'${value.name}' names both an input and an output of the graph: ONNX needs two names`);
    names.set(value, value.name);
    taken.add(value.name);
  }
  const computed = new Set(nodes.flatMap((node) => node.outputs));
  for (const [name, value] of graph.outputs) if (computed.has(value) && !names.has(value)) names.set(value, name);
  let count = 0;
  const fresh = (prefix: string) => {
    let name = `${prefix}${count++}`;
    while (taken.has(name)) name = `${prefix}${count++}`;
    return name;
  };
  const used = new Set<Value | null>(nodes.flatMap((node) => node.inputs));
  for (const value of graph.outputs.values()) used.add(value);
  for (const value of graph.constants.keys()) if (used.has(value)) names.set(value, fresh("c"));
  for (const node of nodes) for (const value of node.outputs) if (!names.has(value)) names.set(value, fresh("v"));
  return names;
}

function nodeMessage(node: Node, names: ReadonlyMap<Value, string>): NodeMessage {
  const input = node.inputs.map((value) => (value === null ? "" : names.get(value)!));
  while (input.at(-1) === "") input.pop();
  const attribute = Object.entries(node.attributes).map(([name, value]) => attributeMessage(name, value));
  return { opType: node.operator, input, output: node.outputs.map((value) => names.get(value)!), attribute };
}

const utf8 = new TextEncoder();

function attributeMessage(name: string, value: Attribute): AttributeMessage {
  if (typeof value === "string") return { name, s: utf8.encode(value), type: ATTRIBUTE.string };
  const float = FLOAT_ATTRIBUTES.has(name);
  if (typeof value === "number") return float ? { name, f: value, type: ATTRIBUTE.float } : { name, i: value, type: ATTRIBUTE.int };
  return float ? { name, floats: [...value], type: ATTRIBUTE.floats } : { name, ints: [...value], type: ATTRIBUTE.ints };
}

function tensorMessage(name: string, { dtype, shape }: Value, data: ConstantData): TensorMessage {
  return { name, dims: shape as number[], dataType: ELEMENT[dtype], rawData: rawBytes(dtype, data) };
}

/** Little-endian bytes, as ONNX's raw_data holds them; every platform that JavaScript runs on today is little-endian. */
function rawBytes(dtype: DType, data: ConstantData): Uint8Array {
  if (dtype === "bool") return Uint8Array.from(data, (v) => (v === 0 ? 0 : 1));
  const typed = dtype === "float32" ? (data instanceof Float32Array ? data : Float32Array.from(data)) : BigInt64Array.from(data, BigInt);
  return new Uint8Array(typed.buffer, typed.byteOffset, typed.byteLength);
}

function valueInfo(name: string, dtype: DType, shape: Shape): ValueInfoMessage {
  const dim = shape.map((length): DimensionMessage => (typeof length === "number" ? { dimValue: length } : { dimParam: length }));
  return { name, type: { tensorType: { elemType: ELEMENT[dtype], shape: { dim } } } };
}
