import type { Attributes, ConstantData, Dim, Graph, Value } from "./graph.ts";
import { ELEMENT } from "./onnx-schema.ts";
import { clampInt32, dtypeOf, OnnxError } from "./onnx-tensor.ts";
import { operatorNamed, type Reference, UnsupportedOperatorError } from "./operator.ts";

/** What a name in an ONNX file stands for: a value, or a list of lengths some of which are known only when the graph runs. */
export type Entry = Value | Lengths;

export interface Lengths {
  readonly lengths: readonly Dim[];
  readonly scalar: boolean;
}

export interface NormaliseContext {
  readonly graph: Graph;
  readonly opset: number;
}

export interface NodeContext extends NormaliseContext {
  /** Attributes that are tensors, as constants. */
  readonly tensors: Readonly<Record<string, Value>>;
  /** How many outputs the node lists. */
  readonly outputs: number;
}

type Inputs = readonly (Entry | null)[];
type Rule = (inputs: Inputs, attributes: Attributes, context: NodeContext) => readonly Entry[];

/** Results with more elements than this are left for ONNX Runtime to fold. */
const LARGEST_FOLD = 4096;

/** Attribute values that ONNX lets a file leave out. */
const DEFAULTS: Readonly<Record<string, Attributes>> = {
  ArgMax: { axis: 0, keepdims: 1 },
  ArgMin: { axis: 0, keepdims: 1 },
  Elu: { alpha: 1 },
  Gather: { axis: 0 },
  GatherElements: { axis: 0 },
  Gemm: { alpha: 1, beta: 1, transA: 0, transB: 0 },
  LayerNormalization: { axis: -1, epsilon: 1e-5 },
  LeakyRelu: { alpha: 0.01 },
  LogSoftmax: { axis: -1 },
  OneHot: { axis: -1 },
  ReduceMax: { keepdims: 1 },
  ReduceMean: { keepdims: 1 },
  ReduceMin: { keepdims: 1 },
  ReduceSum: { keepdims: 1 },
  ScatterElements: { axis: 0 },
  Softmax: { axis: -1 },
  Split: { axis: 0 },
  TopK: { axis: -1, largest: 1, sorted: 1 },
};

/** Where opset 17 keeps the axes: as an attribute, or as the second input. */
const AXES_AS_ATTRIBUTE = new Set(["ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceLogSumExp"]);
const AXES_AS_INPUT = new Set(["ReduceSum", "Squeeze", "Unsqueeze"]);

/** One node of a file, of any opset we read, as values of our graph in the form of opset 17. */
export function normalise(operator: string, inputs: Inputs, attributes: Attributes, context: NodeContext): readonly Entry[] {
  if (inputs.some((entry) => entry !== null && "lengths" in entry)) {
    const lengths = lengthRule(operator, inputs);
    if (lengths) return lengths;
  }
  const rule = RULES[operator];
  if (rule) return rule(inputs, attributes, context);
  if (AXES_AS_ATTRIBUTE.has(operator) || AXES_AS_INPUT.has(operator)) return normaliseAxes(operator, inputs, attributes, context);
  return apply(context.graph, operator, inputs, attributes);
}

/** Append an operator, or fold it where every input is a small constant. */
function apply(graph: Graph, operator: string, inputs: Inputs, attributes: Attributes = {}): readonly Value[] {
  const values = inputs.map((entry) => (entry === null ? null : toValue(entry, graph)));
  const full = { ...DEFAULTS[operator], ...attributes };
  const references = values.map((value) => (value === null ? null : reference(value)));
  if (values.length === 0 || references.some((r, i) => r === undefined && values[i] !== null)) return graph.apply(operator, values, full);
  const rule = operatorNamed(operator);
  const kinds = rule.infer(values, full, graph);
  const sizes = kinds.map(({ shape }) => shape.reduce((a: number, b) => (typeof b === "number" ? a * b : Number.NaN), 1));
  if (!sizes.every((size) => size <= LARGEST_FOLD)) return graph.apply(operator, values, full);
  const folded = rule.evaluate(references as (Reference | null)[], full);
  return folded.map(({ data, shape }, i) => {
    const { dtype } = kinds[i];
    const held: ConstantData = dtype === "int64" ? Int32Array.from(data) : dtype === "bool" ? Uint8Array.from(data) : data;
    return graph.constant(held, shape, dtype);
  });
}

function reference(value: Value): Reference | undefined {
  const data = value.graph.constants.get(value);
  return data && { shape: value.shape as readonly number[], data: Float64Array.from(data) };
}

/** A value for an entry; refused where it is a shape known only when the graph runs. */
export function toValue(entry: Entry, graph: Graph): Value {
  if (!("lengths" in entry)) return entry;
  const { lengths, scalar } = entry;
  if (lengths.some((dim) => typeof dim === "string")) {
    throw new UnsupportedOperatorError(`works on a shape that is known only when the graph runs, [${lengths}]`);
  }
  return graph.constant(lengths as number[], scalar ? [] : [lengths.length], "int64");
}

function integers(entry: Entry | null | undefined): number[] | undefined {
  if (!entry || "lengths" in entry) return undefined;
  const data = entry.graph.constants.get(entry);
  return data && entry.dtype === "int64" ? Array.from(data, clampInt32) : undefined;
}

function dims(entry: Entry | null | undefined): readonly Dim[] | undefined {
  return entry && "lengths" in entry ? entry.lengths : integers(entry);
}

function valueAt(inputs: Inputs, i: number, context: NormaliseContext): Value {
  const entry = inputs[i];
  if (!entry) throw new OnnxError(`input ${i} is missing`);
  return toValue(entry, context.graph);
}

/** Shape arithmetic that exporters write around Reshape and Expand, done on lists of lengths; undefined where it is not that. */
function lengthRule(operator: string, inputs: Inputs): Entry[] | undefined {
  const list = dims(inputs[0]);
  if (operator === "Concat") {
    const parts = inputs.map(dims);
    if (parts.some((part) => part === undefined)) return undefined;
    return [{ lengths: parts.flatMap((part) => part!), scalar: false }];
  }
  if (!list) return undefined;
  switch (operator) {
    case "Identity":
    case "Cast":
      return [inputs[0]!];
    case "Unsqueeze":
      return [{ lengths: list, scalar: false }];
    case "Squeeze":
      return [{ lengths: list, scalar: true }];
    case "Gather": {
      const indices = integers(inputs[1]);
      if (!indices) return undefined;
      const picked = indices.map((i) => list[i < 0 ? i + list.length : i]);
      return [{ lengths: picked, scalar: (inputs[1] as Value).shape.length === 0 }];
    }
    case "Slice": {
      const [start, end, , step] = inputs.slice(1).map((entry) => integers(entry)?.[0]);
      if (start === undefined || end === undefined || (step ?? 1) !== 1) return undefined;
      return [{ lengths: list.slice(start, end), scalar: false }];
    }
    default:
      return undefined;
  }
}

function normaliseAxes(operator: string, inputs: Inputs, attributes: Attributes, context: NodeContext): readonly Entry[] {
  const { graph } = context;
  const x = valueAt(inputs, 0, context);
  const { axes: listed, noop_with_empty_axes: noop, ...rest } = attributes;
  let axes = inputs[1] ? integers(inputs[1]) : (listed as readonly number[] | undefined);
  if (inputs[1] && !axes) throw new UnsupportedOperatorError(`${operator} has axes that are not constant`);
  if (!axes || axes.length === 0) {
    if (noop === 1) return [x];
    const all = x.shape.map((_, i) => i);
    axes = operator === "Squeeze" ? all.filter((i) => x.shape[i] === 1) : all;
  }
  const rank = operator === "Unsqueeze" ? x.shape.length + axes.length : x.shape.length;
  const positive = axes.map((axis) => (axis < 0 ? axis + rank : axis));
  if (AXES_AS_ATTRIBUTE.has(operator)) return apply(graph, operator, [x], { ...rest, axes: positive });
  return apply(graph, operator, [x, graph.constant(positive, [positive.length], "int64")], rest);
}

/** Reshape's target with its zeros and, where the known lengths decide it, its −1 worked out; the one symbolic length left becomes −1. */
function reshape(x: Value, target: readonly Dim[], context: NormaliseContext): readonly Entry[] {
  const { graph } = context;
  const want = target.map((dim, i) => (dim === 0 ? x.shape[i] : dim));
  const product = (list: readonly Dim[]) => list.reduce((a: number, b) => (typeof b === "number" ? a * b : a), 1);
  const symbols = (list: readonly Dim[]) =>
    list
      .filter((dim) => typeof dim === "string")
      .sort()
      .join();
  const free = want.indexOf(-1);
  if (free >= 0 && symbols(want) === symbols(x.shape)) want[free] = product(x.shape) / -product(want);
  const symbolic = want.filter((dim) => typeof dim === "string").length + (want.includes(-1) ? 1 : 0);
  if (symbolic > 1) throw new UnsupportedOperatorError(`Reshape from [${x.shape}] to [${want}] leaves more than one length open`);
  const shape = want.map((dim) => (typeof dim === "string" ? -1 : dim));
  return apply(graph, "Reshape", [x, graph.constant(shape, [shape.length], "int64")]);
}

const passThrough: Rule = (inputs) => [inputs[0]!];

/** Operators with two inputs here that ONNX allows any number of. */
const chain =
  (operator: string): Rule =>
  (inputs, _, { graph }) =>
    inputs.length === 1 ? [inputs[0]!] : [inputs.reduce((a, b) => apply(graph, operator, [a, b])[0])!];

const RULES: Readonly<Record<string, Rule>> = {
  Identity: passThrough,
  Dropout: passThrough,
  Sum: chain("Add"),
  Max: chain("Max"),
  Min: chain("Min"),

  Constant(_, attributes, { graph, tensors }) {
    if (tensors.value) return [tensors.value];
    const { value_float, value_floats, value_int, value_ints } = attributes;
    if (value_float !== undefined) return [graph.constant(value_float as number)];
    if (value_floats !== undefined) return [graph.constant(value_floats as number[])];
    if (value_int !== undefined) return [graph.constant(clampInt32(value_int as number), [], "int64")];
    if (value_ints !== undefined) return [graph.constant((value_ints as number[]).map(clampInt32), undefined, "int64")];
    throw new UnsupportedOperatorError("operator 'Constant' holds neither numbers nor a dense tensor");
  },

  Shape([x], attributes, context) {
    const { shape } = toValue(x!, context.graph);
    const lengths = shape.slice((attributes.start as number) ?? 0, attributes.end as number | undefined);
    const entry = { lengths, scalar: false };
    return [lengths.every((dim) => typeof dim === "number") ? toValue(entry, context.graph) : entry];
  },

  ConstantOfShape([shape], _, { graph, tensors }) {
    const lengths = integers(shape);
    if (!lengths) throw new UnsupportedOperatorError("operator 'ConstantOfShape' has a shape that is known only when the graph runs");
    const fill = tensors.value;
    const value = fill ? graph.constants.get(fill)![0] : 0;
    return [graph.constant(new Array<number>(lengths.reduce((a, b) => a * b, 1)).fill(value), lengths, fill?.dtype ?? "float32")];
  },

  Cast([x], { to }, context) {
    const value = toValue(x!, context.graph);
    const dtype = dtypeOf(to as number, "the type cast to");
    if (value.dtype === dtype) return [value];
    return apply(context.graph, "Cast", [value], { to: ELEMENT[dtype] });
  },

  Reshape(inputs, attributes, context) {
    const target = dims(inputs[1]);
    if (!target) throw new UnsupportedOperatorError("operator 'Reshape' has a shape that is computed from the inputs");
    if (attributes.allowzero === 1 && target.includes(0)) throw new UnsupportedOperatorError("operator 'Reshape' makes an empty tensor");
    return reshape(valueAt(inputs, 0, context), target, context);
  },

  Flatten(inputs, attributes, context) {
    const x = valueAt(inputs, 0, context);
    const axis = (attributes.axis as number) ?? 1;
    const at = axis < 0 ? axis + x.shape.length : axis;
    const fixed = (list: readonly Dim[]) => list.every((dim) => typeof dim === "number");
    const product = (list: readonly Dim[]) => list.reduce((a: number, b) => a * (b as number), 1);
    const head = x.shape.slice(0, at);
    const tail = x.shape.slice(at);
    return reshape(x, [fixed(head) ? product(head) : -1, fixed(tail) ? product(tail) : -1], context);
  },

  Expand(inputs, _, context) {
    const x = valueAt(inputs, 0, context);
    const target = dims(inputs[1]);
    if (!target) throw new UnsupportedOperatorError("operator 'Expand' has a shape that is computed from the inputs");
    const offset = target.length - x.shape.length;
    const shape = target.map((dim, i) => {
      if (typeof dim === "number") return dim;
      // one broadcasts to whatever is there, so a symbolic length that x already has needs no number
      if (x.shape[i - offset] === dim) return 1;
      throw new UnsupportedOperatorError(`operator 'Expand' to [${target}], a shape that is known only when the graph runs,`);
    });
    return apply(context.graph, "Expand", [x, context.graph.constant(shape, [shape.length], "int64")]);
  },

  Split(inputs, attributes, context) {
    const x = valueAt(inputs, 0, context);
    const { split, num_outputs: _count, axis = 0 } = attributes;
    const at = (axis as number) < 0 ? (axis as number) + x.shape.length : (axis as number);
    let sizes = integers(inputs[1]) ?? (split as readonly number[] | undefined);
    if (!sizes) {
      const length = x.shape[at];
      if (typeof length !== "number") throw new UnsupportedOperatorError(`operator 'Split' along '${length}'`);
      const part = Math.ceil(length / context.outputs);
      sizes = Array.from({ length: context.outputs }, (_, i) => Math.min(part, length - i * part));
    }
    return apply(context.graph, "Split", [x, context.graph.constant(sizes, [sizes.length], "int64")], { axis: at });
  },

  Slice(inputs, _, context) {
    const x = valueAt(inputs, 0, context);
    const starts = integers(inputs[1]);
    const ends = integers(inputs[2]);
    if (!starts || !ends) throw new UnsupportedOperatorError("operator 'Slice' has bounds that are computed from the inputs");
    const axes = integers(inputs[3]) ?? starts.map((_, i) => i);
    const steps = integers(inputs[4]) ?? starts.map(() => 1);
    const list = (numbers: readonly number[]) => context.graph.constant(numbers, [numbers.length], "int64");
    const positive = axes.map((axis) => (axis < 0 ? axis + x.shape.length : axis));
    return apply(context.graph, "Slice", [x, list(starts), list(ends), list(positive), list(steps)]);
  },

  Softmax: softmax("Softmax"),
  LogSoftmax: softmax("LogSoftmax"),

  Gelu(inputs, attributes, context) {
    const { graph } = context;
    const x = valueAt(inputs, 0, context);
    const op = (operator: string, ...values: Value[]) => apply(graph, operator, values)[0];
    const number = (n: number) => graph.constant(n);
    const bend =
      attributes.approximate === "tanh"
        ? op("Tanh", op("Mul", op("Add", x, op("Mul", op("Mul", op("Mul", x, x), x), number(0.044715))), number(Math.sqrt(2 / Math.PI))))
        : op("Erf", op("Mul", x, number(Math.SQRT1_2)));
    return [op("Mul", op("Mul", x, number(0.5)), op("Add", bend, number(1)))];
  },

  PRelu(inputs, _, context) {
    const { graph } = context;
    const x = valueAt(inputs, 0, context);
    const below = apply(graph, "Neg", apply(graph, "Relu", apply(graph, "Neg", [x])));
    return apply(graph, "Add", [apply(graph, "Relu", [x])[0], apply(graph, "Mul", [valueAt(inputs, 1, context), below[0]])[0]]);
  },

  /** (x − mean)/√(var + ε)·scale + bias, with the running statistics: inference only. */
  BatchNormalization(inputs, attributes, context) {
    const { graph } = context;
    const [x, scale, bias, mean, variance] = [0, 1, 2, 3, 4].map((i) => valueAt(inputs, i, context));
    if (attributes.training_mode === 1) throw new UnsupportedOperatorError("operator 'BatchNormalization' in training mode");
    if (x.shape.length !== 2) throw new UnsupportedOperatorError(`operator 'BatchNormalization' of a tensor with ${x.shape.length} axes`);
    const op = (operator: string, ...values: Value[]) => apply(graph, operator, values)[0];
    const epsilon = graph.constant((attributes.epsilon as number) ?? 1e-5);
    const factor = op("Div", scale, op("Sqrt", op("Add", variance, epsilon)));
    return [op("Add", op("Mul", x, factor), op("Sub", bias, op("Mul", mean, factor)))];
  },
};

/** Before opset 13 these worked on the tensor flattened to two axes: the same thing only along the last axis. */
function softmax(operator: string): Rule {
  return (inputs, attributes, context) => {
    const x = valueAt(inputs, 0, context);
    const axis = (attributes.axis as number | undefined) ?? (context.opset < 13 ? 1 : -1);
    const at = axis < 0 ? axis + x.shape.length : axis;
    if (context.opset < 13 && at !== x.shape.length - 1) {
      throw new UnsupportedOperatorError(
        `operator '${operator}' of opset ${context.opset} over several axes: export with opset 13 or later`,
      );
    }
    return apply(context.graph, operator, [x], { axis: at });
  };
}
