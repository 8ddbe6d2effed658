import type { Attributes, Graph, Value } from "./graph.ts";
import { UnsupportedOperatorError } from "./graph.ts";
import { ELEMENT } from "./onnx-schema.ts";
import { clampInt32, dtypeOf, OnnxError } from "./onnx-tensor.ts";
import { contents, ops } from "./operators/build.ts";
import { add, div, gelu, hardSigmoid, mish, mul, neg, relu, sqrt, sub } from "./operators/index.ts";

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

type Inputs = readonly (Value | null)[];
type Rule = (inputs: Inputs, attributes: Attributes, context: NodeContext) => readonly Value[];

/** Attribute values that ONNX lets a file leave out. */
const DEFAULTS: Readonly<Record<string, Attributes>> = {
  ArgMax: { axis: 0, keepdims: 1 },
  ArgMin: { axis: 0, keepdims: 1 },
  CumSum: { exclusive: 0, reverse: 0 },
  Elu: { alpha: 1 },
  Flatten: { axis: 1 },
  Gather: { axis: 0 },
  GatherElements: { axis: 0 },
  Gemm: { alpha: 1, beta: 1, transA: 0, transB: 0 },
  HardSigmoid: { alpha: 0.2, beta: 0.5 },
  LayerNormalization: { axis: -1, epsilon: 1e-5 },
  LeakyRelu: { alpha: 0.01 },
  LogSoftmax: { axis: -1 },
  Mod: { fmod: 0 },
  ReduceMax: { keepdims: 1 },
  ReduceMean: { keepdims: 1 },
  ReduceMin: { keepdims: 1 },
  ReduceSum: { keepdims: 1 },
  ScatterElements: { axis: 0, reduction: "none" },
  Selu: { alpha: 1.6732631921768188, gamma: 1.0507010221481323 },
  Softmax: { axis: -1 },
  Split: { axis: 0 },
  TopK: { axis: -1, largest: 1, sorted: 1 },
};

/** Operators whose axes were an attribute and became their second input, some in opset 13, the rest in 18. */
const WITH_AXES = new Set([
  "ReduceL1",
  "ReduceL2",
  "ReduceLogSum",
  "ReduceLogSumExp",
  "ReduceMax",
  "ReduceMean",
  "ReduceMin",
  "ReduceProd",
  "ReduceSum",
  "ReduceSumSquare",
  "Squeeze",
  "Unsqueeze",
]);

/** One node of a file, of any opset we read, as values of our graph in the form of our opset. */
export function normalise(operator: string, inputs: Inputs, attributes: Attributes, context: NodeContext): readonly Value[] {
  const rule = RULES[operator];
  if (rule) return rule(inputs, attributes, context);
  if (WITH_AXES.has(operator)) return normaliseAxes(operator, inputs, attributes, context);
  return apply(context.graph, operator, inputs, attributes);
}

/** Append an operator with its defaults written out; what is small and constant is computed now. */
function apply(graph: Graph, operator: string, inputs: Inputs, attributes: Attributes = {}): readonly Value[] {
  const full = { ...DEFAULTS[operator], ...attributes };
  return inputs.some((value) => value !== null) ? ops(operator, inputs, full) : graph.apply(operator, inputs, full);
}

/** Whole numbers known while the file is read. */
function integers(value: Value | null | undefined): number[] | undefined {
  const held = value && value.dtype === "int64" ? contents(value) : null;
  return held?.every((dim) => typeof dim === "number") ? held.map((dim) => clampInt32(dim as number)) : undefined;
}

function valueAt(inputs: Inputs, i: number): Value {
  const value = inputs[i];
  if (!value) throw new OnnxError(`input ${i} is missing`);
  return value;
}

function normaliseAxes(operator: string, inputs: Inputs, attributes: Attributes, context: NodeContext): readonly Value[] {
  const { graph } = context;
  const x = valueAt(inputs, 0);
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
  return apply(graph, operator, [x, graph.constant(positive, [positive.length], "int64")], rest);
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

  ConstantOfShape([shape], _, { graph, tensors }) {
    const fill = tensors.value ? graph.constant(graph.constants.get(tensors.value)!, [], tensors.value.dtype) : graph.constant(0);
    return apply(graph, "Expand", [fill, valueAt([shape], 0)]);
  },

  Cast([x], { to }, context) {
    const value = valueAt([x], 0);
    const dtype = dtypeOf(to as number, "the type cast to");
    if (value.dtype === dtype) return [value];
    return apply(context.graph, "Cast", [value], { to: ELEMENT[dtype] });
  },

  Split(inputs, attributes, context) {
    const x = valueAt(inputs, 0);
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
    const x = valueAt(inputs, 0);
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

  Gelu: (inputs, { approximate }) => [gelu(valueAt(inputs, 0), approximate === "tanh" ? "tanh" : "none")],
  Mish: (inputs) => [mish(valueAt(inputs, 0))],

  PRelu(inputs) {
    const x = valueAt(inputs, 0);
    return [sub(relu(x), mul(valueAt(inputs, 1), relu(neg(x))))];
  },

  HardSwish(inputs) {
    const x = valueAt(inputs, 0);
    return [mul(x, hardSigmoid(x, 1 / 6, 0.5))];
  },

  /** (x − mean)/√(var + ε)·scale + bias, with the running statistics: inference only. */
  BatchNormalization(inputs, attributes) {
    const [x, factor, bias, mean, variance] = [0, 1, 2, 3, 4].map((i) => valueAt(inputs, i));
    if (attributes.training_mode === 1) throw new UnsupportedOperatorError("operator 'BatchNormalization' in training mode");
    if (x.shape.length !== 2) throw new UnsupportedOperatorError(`operator 'BatchNormalization' of a tensor with ${x.shape.length} axes`);
    const slope = div(factor, sqrt(add(variance, (attributes.epsilon as number) ?? 1e-5)));
    return [add(mul(x, slope), sub(bias, mul(mean, slope)))];
  },
};

/** Before opset 13 these worked on the tensor flattened to two axes: the same thing only along the last axis. */
function softmax(operator: string): Rule {
  return (inputs, attributes, context) => {
    const x = valueAt(inputs, 0);
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
