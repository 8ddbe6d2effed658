import { multiplyDims, showShape } from "../dims.ts";
import type { Attributes, Dim, Shape, Value } from "../graph.ts";
import { defineOperator } from "../graph.ts";
import { attribute, axisOf, expandTo, expectDType, full, integers, op, required, scalar } from "./build.ts";
import { cast, equal } from "./comparison.ts";
import { fill, front, given, offset, sizeOf } from "./kernels.ts";
import { reshape, squeeze, unsqueeze } from "./shape.ts";
import { slice } from "./slicing.ts";

const arange = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** Indices of a value, repeated for every direction of a tangent. */
function forDirections(indices: Value, directions: Dim, t: Value): Value {
  const raised = unsqueeze(indices, [0]);
  return expandTo(raised, [directions, ...indices.shape], [t, indices]);
}

/** The tangent of GatherElements(x, indices, axis). */
export function gatherTangent(t: Value, x: Value, indices: Value, axis: number): Value {
  const directions = t.shape[0];
  // A tangent that is constant along the axis is the same wherever it is read, if its other axes are not cut.
  const uncut = indices.shape.every((dim, i) => i === axis || t.shape[i + 1] === 1 || t.shape[i + 1] === dim);
  if (t.shape[axis + 1] === 1 && uncut) return t;
  const stretched = full(t, x, arange(x.shape.length));
  return op("GatherElements", [stretched, forDirections(indices, directions, t)], { axis: axis + 1 });
}

/** Zeros of x's shape with `updates` added at indices along an axis: what GatherElements does, backwards. */
export function scatterInto(x: Value, indices: Value, updates: Value, axis: number): Value {
  const zeros = expandTo(scalar(x.graph, 0), x.shape, [x]);
  return op("ScatterElements", [zeros, indices, updates], { axis, reduction: "add" });
}

defineOperator({
  name: "Gather",
  infer(inputs, attributes) {
    const [x, indices] = [required("Gather", inputs, 0), required("Gather", inputs, 1)];
    expectDType("Gather", indices, "int64");
    const axis = axisOf({ operator: "Gather", inputs, attributes }, 0);
    return [{ dtype: x.dtype, shape: [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)] }];
  },
  evaluate(inputs, attributes) {
    const [x, indices] = [given(inputs, 0), given(inputs, 1)];
    const axis = front(attribute(attributes, "axis", 0), x.shape.length);
    const [before, length, after] = [sizeOf(x.shape.slice(0, axis)), x.shape[axis], sizeOf(x.shape.slice(axis + 1))];
    const inner = fill([before, indices.data.length, after], ([i, j, k]) => {
      return x.data[(i * length + within("Gather", indices.data[j], length)) * after + k];
    });
    return [{ shape: [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)], data: inner.data }];
  },
  jvp(node, [t]) {
    if (!t) return [null];
    const [x, indices] = node.inputs as Value[];
    const axis = axisOf(node, 0);
    return [op("Gather", [full(t, x, [axis]), indices], { axis: axis + 1 })];
  },
  vjp(node, [cotangent]) {
    if (!cotangent) return [null, null];
    const [x, indices] = node.inputs as Value[];
    const axis = axisOf(node, 0);
    const shape = [...x.shape.slice(0, axis), multiplyDims(indices.shape), ...x.shape.slice(axis + 1)];
    const updates = reshape(cotangent, shape, [x, indices]);
    const line = reshape(indices, [...arange(axis).map(() => 1), -1, ...arange(x.shape.length - axis - 1).map(() => 1)]);
    return [scatterInto(x, expandTo(line, shape, [updates, x]), updates, axis), null];
  },
});

function within(operator: string, index: number, length: number): number {
  const at = index < 0 ? index + length : index;
  if (!(at >= 0 && at < length)) throw new Error(`${operator}: index ${index} is outside length ${length}`);
  return at;
}

defineOperator({
  name: "GatherElements",
  infer(inputs, attributes) {
    const [x, indices] = [required("GatherElements", inputs, 0), required("GatherElements", inputs, 1)];
    checkIndices("GatherElements", x.shape, indices, axisOf({ operator: "GatherElements", inputs, attributes }, 0));
    return [{ dtype: x.dtype, shape: indices.shape }];
  },
  evaluate(inputs, attributes) {
    const [x, indices] = [given(inputs, 0), given(inputs, 1)];
    const axis = front(attribute(attributes, "axis", 0), x.shape.length);
    return [
      fill(indices.shape, (index, at) => {
        const from = [...index];
        from[axis] = within("GatherElements", indices.data[at], x.shape[axis]);
        return x.data[offset(x.shape, from)];
      }),
    ];
  },
  jvp(node, [t]) {
    const [x, indices] = node.inputs as Value[];
    return [t && gatherTangent(t, x, indices, axisOf(node, 0))];
  },
  vjp(node, [cotangent]) {
    const [x, indices] = node.inputs as Value[];
    return [cotangent && scatterInto(x, indices, cotangent, axisOf(node, 0)), null];
  },
});

function checkIndices(operator: string, shape: Shape, indices: Value, axis: number): void {
  expectDType(operator, indices, "int64");
  const fits =
    indices.shape.length === shape.length &&
    indices.shape.every((dim, i) => i === axis || dim === shape[i] || Number(dim) <= Number(shape[i]));
  if (!fits) throw new Error(`${operator}: indices ${showShape(indices.shape)} do not fit a tensor ${showShape(shape)} along axis ${axis}`);
}

defineOperator({
  name: "ScatterElements",
  infer(inputs, attributes) {
    const [x, indices, updates] = [0, 1, 2].map((i) => required("ScatterElements", inputs, i));
    checkIndices("ScatterElements", x.shape, indices, axisOf({ operator: "ScatterElements", inputs, attributes }, 0));
    if (showShape(indices.shape) !== showShape(updates.shape))
      throw new Error(`ScatterElements: indices ${showShape(indices.shape)} and updates ${showShape(updates.shape)} differ`);
    if (updates.dtype !== x.dtype) throw new Error(`ScatterElements: updates of ${updates.dtype} into ${x.dtype}`);
    if (![undefined, "none", "add"].includes(attributes.reduction as string | undefined))
      throw new Error(`ScatterElements: reduction '${attributes.reduction}' is not supported, only 'none' and 'add'`);
    return [{ dtype: x.dtype, shape: x.shape }];
  },
  evaluate(inputs, attributes) {
    const [x, indices, updates] = [given(inputs, 0), given(inputs, 1), given(inputs, 2)];
    const axis = front(attribute(attributes, "axis", 0), x.shape.length);
    const data = x.data.slice();
    fill(indices.shape, (index, at) => {
      const to = [...index];
      to[axis] = within("ScatterElements", indices.data[at], x.shape[axis]);
      const place = offset(x.shape, to);
      data[place] = updates.data[at] + (attributes.reduction === "add" ? data[place] : 0);
      return 0;
    });
    return [{ shape: x.shape, data }];
  },
  jvp(node, [tx, , tu]) {
    const [x, indices, updates] = node.inputs as Value[];
    const t = tx ?? tu;
    if (!t) return [null];
    const directions = tx && tx.shape[0] !== 1 ? tx.shape[0] : (tu ?? t).shape[0];
    const whole = (tangent: Value | null, value: Value) =>
      expandTo(tangent ?? scalar(x.graph, 0), [directions, ...value.shape], [...(tangent ? [tangent] : []), t, value]);
    const attributes: Attributes = { ...node.attributes, axis: axisOf(node, 0) + 1 };
    return [op("ScatterElements", [whole(tx, x), forDirections(indices, directions, t), whole(tu, updates)], attributes)];
  },
  vjp(node, [cotangent], needed) {
    if (!cotangent) return [null, null, null];
    const [, indices, updates] = node.inputs as Value[];
    const { reduction } = node.attributes;
    const axis = axisOf(node, 0);
    const toX = () => {
      if (reduction === "add") return cotangent;
      const zeros = expandTo(scalar(cotangent.graph, 0), updates.shape, [updates]);
      return op("ScatterElements", [cotangent, indices, zeros], { axis, reduction: "none" });
    };
    return [needed[0] ? toX() : null, null, needed[2] ? op("GatherElements", [cotangent, indices], { axis }) : null];
  },
});

/** Whole slices of x along an axis, at indices of any shape, which takes the axis' place; one number drops the axis. */
export function gather(x: Value, indices: Value | number | readonly number[], axis: number): Value {
  if (typeof indices === "number") return squeeze(slice(x, indices, indices === -1 ? null : indices + 1, axis), [axis]);
  const at = "graph" in indices ? indices : integers(x.graph, indices);
  return op("Gather", [x, at], { axis });
}

/** y[i][j] = x[i][indices[i][j]] (along the last axis of a matrix): one pick an index. */
export const gatherElements = (x: Value, indices: Value, axis: number): Value => op("GatherElements", [x, indices], { axis });

/** x with `updates` written (or added) at indices along an axis. */
export const scatterElements = (x: Value, indices: Value, updates: Value, axis: number, reduction: "none" | "add" = "none"): Value =>
  op("ScatterElements", [x, indices, updates], { axis, reduction });

/** The shape of x, or the length of one axis, as whole numbers known when the graph runs: [rank], or [1]. */
export function shapeOf(x: Value, axis?: number): Value {
  return axis === undefined ? op("Shape", [x]) : op("Shape", [x], { start: axis, end: axis + 1 });
}

/** 1 at each index, 0 elsewhere, along a new last axis of length `depth`: float32. */
export function oneHot(indices: Value, depth: number): Value {
  const places = integers(indices.graph, arange(depth));
  return cast(equal(unsqueeze(indices, [-1]), places), "float32");
}
