import { type Attribute, type Attributes, type Dim, Graph, UnsupportedOperatorError, type Value } from "./graph.ts";
import { type NormaliseContext, normalise } from "./onnx-normalise.ts";
import {
  type AttributeMessage,
  decodeModel,
  type GraphMessage,
  type ModelMessage,
  type NodeMessage,
  type ValueInfoMessage,
} from "./onnx-schema.ts";
import { decodeTensor, dtypeOf, OnnxError } from "./onnx-tensor.ts";
import "./operators/index.ts";

const OLDEST_OPSET = 11;
const NEWEST_OPSET = 21;
const STANDARD_DOMAINS = new Set(["", "ai.onnx"]);

/**
 * Read an ONNX model (opsets 11 to 21) made of operators that we can run and differentiate. Inputs and outputs keep their names; where the
 * model has a single symbolic length it becomes "N". Shape arithmetic and other work on constants is done here.
 * @param freeBatch the first length of every input is "N", also where the file fixes it
 * @throws OnnxError where the bytes are not such a model; UnsupportedOperatorError naming the operator and its node
 */
export function fromOnnx(bytes: Uint8Array, { freeBatch = false }: { readonly freeBatch?: boolean } = {}): Graph {
  const model = decode(bytes);
  try {
    return readModel(model, freeBatch);
  } catch (error) {
    if (error instanceof OnnxError || error instanceof UnsupportedOperatorError) throw error;
    throw new OnnxError(`not a valid ONNX model: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function readModel(model: ModelMessage, freeBatch: boolean): Graph {
  const message = model.graph;
  if (!message) throw new OnnxError("the file holds no ONNX graph: is it an ONNX model?");
  const opset = opsetOf(model);
  if ((message.sparseInitializer?.length ?? 0) > 0) throw new OnnxError("the model has sparse initializers: save it with dense weights");
  const graph = new Graph();
  const known = new Map<string, Value>();
  for (const tensor of message.initializer ?? []) {
    const name = tensor.name ?? "";
    const { dims, data, dtype } = decodeTensor(tensor, `initializer '${name}'`);
    known.set(name, graph.constant(data, dims, dtype));
  }
  readInputs(message, graph, known, freeBatch);
  const context: NormaliseContext = { graph, opset };
  for (const node of message.node ?? []) readNode(node, context, known);
  for (const { name = "" } of message.output ?? []) {
    const entry = known.get(name);
    if (entry === undefined) throw new OnnxError(`output '${name}' is made by no node`);
    graph.output(name, entry);
  }
  return graph;
}

function decode(bytes: Uint8Array): ModelMessage {
  try {
    return decodeModel(bytes);
  } catch (error) {
    throw new OnnxError(`not an ONNX model: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function opsetOf(model: ModelMessage): number {
  const standard = model.opsetImport?.find(({ domain }) => STANDARD_DOMAINS.has(domain ?? ""));
  if (!standard) throw new OnnxError("the model imports no standard operator set: is it an ONNX model?");
  const version = standard.version ?? 0;
  if (version < OLDEST_OPSET || version > NEWEST_OPSET) {
    throw new OnnxError(`the model uses opset ${version}: export it with an opset from ${OLDEST_OPSET} to ${NEWEST_OPSET}`);
  }
  return version;
}

function readInputs(message: GraphMessage, graph: Graph, known: Map<string, Value>, freeBatch: boolean): void {
  // before file version 4 every initializer was listed as an input too
  const infos = (message.input ?? []).filter(({ name = "" }) => !known.has(name));
  const shapes = infos.map(inputShape).map((shape): Dim[] => (freeBatch && shape.length > 0 ? ["N", ...shape.slice(1)] : shape));
  const symbols = new Set(shapes.flat().filter((dim) => typeof dim === "string"));
  infos.forEach((info, i) => {
    const name = info.name ?? "";
    const shape = symbols.size === 1 ? shapes[i].map((dim) => (typeof dim === "string" ? "N" : dim)) : shapes[i];
    known.set(name, graph.input(name, shape, dtypeOf(info.type?.tensorType?.elemType, `input '${name}'`)));
  });
}

function inputShape({ name = "", type }: ValueInfoMessage): Dim[] {
  const shape = type?.tensorType?.shape;
  if (!shape) throw new OnnxError(`input '${name}' has no shape: export the model with the shapes of its inputs`);
  return (shape.dim ?? []).map(({ dimValue, dimParam }, axis) => {
    if (dimValue !== undefined && dimValue > 0) return dimValue;
    return dimParam?.replace(/\W/g, "_") || (axis === 0 ? "N" : `${name}_${axis}`);
  });
}

function readNode(message: NodeMessage, context: NormaliseContext, known: Map<string, Value>): void {
  const operator = message.opType ?? "";
  const outputs = message.output ?? [];
  const label = `node '${message.name || outputs[0] || ""}'`;
  if (!STANDARD_DOMAINS.has(message.domain ?? "")) {
    throw new UnsupportedOperatorError(
      `${label}: operator '${operator}' of domain '${message.domain}' is not one that vinverse can run and differentiate`,
    );
  }
  const inputs = (message.input ?? []).map((name) => {
    if (name === "") return null;
    const entry = known.get(name);
    if (entry === undefined) throw new OnnxError(`${label} reads '${name}', which nothing before it makes`);
    return entry;
  });
  let results: readonly Value[];
  try {
    const attributes = readAttributes(message.attribute ?? [], context.graph, label);
    results = normalise(operator, inputs, attributes.plain, { ...context, tensors: attributes.tensors, outputs: outputs.length });
  } catch (error) {
    if (error instanceof OnnxError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    if (error instanceof UnsupportedOperatorError) throw new UnsupportedOperatorError(`${label}: ${reason}`);
    throw new OnnxError(`${label} (${operator}): ${reason}`);
  }
  outputs.forEach((name, i) => {
    if (name === "") return;
    if (results[i] === undefined)
      throw new UnsupportedOperatorError(`${label}: output ${i} of operator '${operator}' is not one that vinverse can make`);
    if (known.has(name)) throw new OnnxError(`${label} makes '${name}', which exists already`);
    known.set(name, results[i]);
  });
}

function readAttributes(messages: readonly AttributeMessage[], graph: Graph, label: string) {
  const plain: Record<string, Attribute> = {};
  const tensors: Record<string, Value> = {};
  const text = new TextDecoder();
  for (const message of messages) {
    const name = message.name ?? "";
    if (message.t) {
      const { data, dims, dtype } = decodeTensor(message.t, `${label}, attribute '${name}'`);
      tensors[name] = graph.constant(data, dims, dtype);
    } else if (message.floats?.length) plain[name] = message.floats;
    else if (message.ints?.length) plain[name] = message.ints;
    else if (message.s) plain[name] = text.decode(message.s);
    else if (message.f !== undefined) plain[name] = message.f;
    else if (message.i !== undefined) plain[name] = message.i;
    else if (message.type === 6 || message.type === 7) plain[name] = [];
    else if (message.type === 1 || message.type === 2) plain[name] = 0; // protobuf 3 writers leave zeros out
  }
  return { plain: plain as Attributes, tensors };
}
