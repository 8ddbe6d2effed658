import { multiplyDims, normalAxis } from "../dims.ts";
import type { Attributes, Dim, Node, Shape, Value } from "../graph.ts";
import { defineOperator, type Operator, type Reference } from "../graph.ts";
import { add, sub } from "./arithmetic.ts";
import { attribute, axisOf, expandTo, expectDType, flat, full, integers, knownIntegers, lengthValue, op, required } from "./build.ts";
import { equal } from "./comparison.ts";
import { scale } from "./elementwise.ts";
import { exp, log } from "./functions.ts";
import { gatherTangent, scatterInto } from "./indexing.ts";
import { given, reduced } from "./kernels.ts";

interface Reduction {
  readonly x: Value;
  readonly axes: readonly number[];
  readonly keepdims: boolean;
}

function reductionOf(operator: string, inputs: readonly (Value | null)[], attributes: Attributes): Reduction {
  const x = required(operator, inputs, 0);
  const listed = inputs[1] ? knownIntegers(operator, "axes", inputs[1]).map((axis) => normalAxis(operator, axis, x.shape.length)) : [];
  const all = listed.length === 0 && attribute(attributes, "noop_with_empty_axes", 0) === 0;
  return { x, axes: all ? x.shape.map((_, i) => i) : listed, keepdims: attribute(attributes, "keepdims", 1) === 1 };
}

const ofNode = (node: Node): Reduction => reductionOf(node.operator, node.inputs, node.attributes);

function reducedShape({ x, axes, keepdims }: Reduction): Shape {
  return keepdims ? x.shape.map((dim, i) => (axes.includes(i) ? 1 : dim)) : x.shape.filter((_, i) => !axes.includes(i));
}

/** With the reduced axes in place, as length 1. */
function kept(value: Value, { axes, keepdims }: Reduction): Value {
  return keepdims || axes.length === 0 ? value : op("Unsqueeze", [value, integers(value.graph, axes)]);
}

/** The same reduction of a tangent. */
function reduceTangent(operator: string, t: Value, { axes, keepdims }: Reduction): Value {
  if (axes.length === 0) return t;
  const behind = integers(
    t.graph,
    axes.map((axis) => axis + 1),
  );
  return op(operator, [t, behind], { keepdims: Number(keepdims) });
}

function defineReduction(name: string, f: (line: readonly number[]) => number, rules: Pick<Operator, "jvp" | "vjp">): void {
  defineOperator({
    name,
    infer(inputs, attributes) {
      const reduction = reductionOf(name, inputs, attributes);
      expectDType(name, reduction.x, "float32", "int64");
      return [{ dtype: reduction.x.dtype, shape: reducedShape(reduction) }];
    },
    evaluate(inputs, attributes) {
      const x = given(inputs, 0);
      const listed = inputs[1] ? [...inputs[1].data] : [];
      if (listed.length === 0 && attribute(attributes, "noop_with_empty_axes", 0) === 1) return [x];
      return [reduced(x, listed.length === 0 ? x.shape.map((_, i) => i) : listed, attribute(attributes, "keepdims", 1) === 1, f)];
    },
    ...rules,
  });
}

const total = (line: readonly number[]): number => line.reduce((a, b) => a + b, 0);

defineReduction("ReduceSum", total, {
  jvp(node, [t]) {
    const reduction = ofNode(node);
    return [t && reduceTangent("ReduceSum", full(t, reduction.x, reduction.axes), reduction)];
  },
  vjp(node, [cotangent]) {
    const reduction = ofNode(node);
    return [cotangent && expandTo(kept(cotangent, reduction), reduction.x.shape, [reduction.x]), null];
  },
});

defineReduction("ReduceMean", (line) => total(line) / line.length, {
  jvp(node, [t]) {
    return [t && reduceTangent("ReduceMean", t, ofNode(node))];
  },
  vjp(node, [cotangent]) {
    if (!cotangent) return [null, null];
    const reduction = ofNode(node);
    const share = dividedByCount(
      cotangent,
      reduction.axes.map((axis) => reduction.x.shape[axis]),
      reduction.x,
    );
    return [expandTo(kept(share, reduction), reduction.x.shape, [reduction.x]), null];
  },
});

/** A cotangent over the number of elements averaged, which is only known when the graph runs if a length is named. */
function dividedByCount(cotangent: Value, dims: readonly Dim[], source: Value): Value {
  const count = multiplyDims(dims);
  if (typeof count === "number") return scale(cotangent, 1 / count);
  const length = op("Squeeze", [lengthValue(cotangent.graph, count, [source]), integers(cotangent.graph, [0])]);
  return op("Div", [cotangent, op("Cast", [length], { to: 1 })]);
}

/** The derivative of an extremum is that of the element attained: the first along one axis, equal parts of all along several. */
function extremum(arg: "ArgMax" | "ArgMin"): Pick<Operator, "jvp" | "vjp"> {
  const place = ({ x, axes }: Reduction) => op(arg, [x], { axis: axes[0], keepdims: 1 });
  const shares = (reduction: Reduction, y: Value) => {
    const attained = op("Cast", [equal(reduction.x, kept(y, reduction))], { to: 1 });
    return op("Div", [attained, op("ReduceSum", [attained, integers(y.graph, reduction.axes)], { keepdims: 1 })]);
  };
  return {
    jvp(node, [t]) {
      if (!t) return [null];
      const reduction = ofNode(node);
      if (reduction.axes.length === 0) return [t];
      if (reduction.axes.length > 1)
        return [reduceTangent("ReduceSum", scale(full(t, reduction.x, reduction.axes), shares(reduction, node.outputs[0])), reduction)];
      const axis = reduction.axes[0];
      const picked = gatherTangent(t, reduction.x, place(reduction), axis);
      return [reduction.keepdims ? picked : op("Squeeze", [picked, integers(t.graph, [axis + 1])])];
    },
    vjp(node, [cotangent]) {
      if (!cotangent) return [null, null];
      const reduction = ofNode(node);
      const c = kept(cotangent, reduction);
      if (reduction.axes.length === 0) return [c, null];
      if (reduction.axes.length > 1) return [scale(c, shares(reduction, node.outputs[0])), null];
      return [scatterInto(reduction.x, place(reduction), c, reduction.axes[0]), null];
    },
  };
}

defineReduction("ReduceMax", (line) => line.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY), extremum("ArgMax"));
defineReduction("ReduceMin", (line) => line.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY), extremum("ArgMin"));

function defineArg(name: "ArgMax" | "ArgMin", better: (a: number, b: number) => boolean): void {
  defineOperator({
    name,
    infer(inputs, attributes) {
      const x = required(name, inputs, 0);
      if (attribute(attributes, "select_last_index", 0) !== 0) throw new Error(`${name}: select_last_index is not supported`);
      const axis = axisOf({ operator: name, inputs, attributes }, 0);
      return [{ dtype: "int64", shape: reducedShape({ x, axes: [axis], keepdims: attribute(attributes, "keepdims", 1) === 1 }) }];
    },
    evaluate(inputs, attributes): Reference[] {
      const first = (line: readonly number[]) => line.reduce((best, value, i) => (better(value, line[best]) ? i : best), 0);
      return [reduced(given(inputs, 0), [attribute(attributes, "axis", 0)], attribute(attributes, "keepdims", 1) === 1, first)];
    },
    ...flat,
  });
}
defineArg("ArgMax", (a, b) => a > b);
defineArg("ArgMin", (a, b) => a < b);

export type ReductionAxes = number | readonly number[] | null;

function reduce(operator: string, x: Value, axes: ReductionAxes, keepdims: boolean): Value {
  const list = typeof axes === "number" ? [axes] : axes;
  if (list?.length === 0) return x;
  return op(operator, list ? [x, integers(x.graph, list)] : [x], { keepdims: Number(keepdims) });
}

/** Reductions over axes (one, several, or null for all), which are dropped unless `keepdims`. */
export const reduceSum = (x: Value, axes: ReductionAxes = null, keepdims = false): Value => reduce("ReduceSum", x, axes, keepdims);
export const reduceMean = (x: Value, axes: ReductionAxes = null, keepdims = false): Value => reduce("ReduceMean", x, axes, keepdims);
export const reduceMax = (x: Value, axes: ReductionAxes = null, keepdims = false): Value => reduce("ReduceMax", x, axes, keepdims);
export const reduceMin = (x: Value, axes: ReductionAxes = null, keepdims = false): Value => reduce("ReduceMin", x, axes, keepdims);

/** The place of the first greatest (least) element along an axis: int64. */
export const argMax = (x: Value, axis: number, keepdims = false): Value => op("ArgMax", [x], { axis, keepdims: Number(keepdims) });
export const argMin = (x: Value, axis: number, keepdims = false): Value => op("ArgMin", [x], { axis, keepdims: Number(keepdims) });

/** log Σ exp(x) along an axis, without overflow. */
export function logSumExp(x: Value, axis: number, keepdims = false): Value {
  const top = reduceMax(x, axis, true);
  const sum = log(reduceSum(exp(sub(x, top)), axis, true));
  const result = add(sum, top);
  return keepdims ? result : op("Squeeze", [result, integers(x.graph, [axis])]);
}
