import { addDims, multiplyDims, normalAxis, showShape } from "../dims.ts";
import type { Attributes, Dim, Shape, Value } from "../graph.ts";
import { defineOperator } from "../operator.ts";
import {
  attribute,
  axisOf,
  contents,
  expandTo,
  expectDType,
  full,
  integers,
  knownIntegers,
  op,
  ops,
  required,
  scalar,
  shapeValue,
} from "./build.ts";
import { cast, equal } from "./comparison.ts";
import { fill, front, given, offset, sizeOf } from "./kernels.ts";
import { endless, reshape, squeeze, unsqueeze } from "./shape.ts";

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

interface Cut {
  readonly axis: number;
  readonly start: number;
  readonly end: number;
  readonly step: number;
}

function cutsOf(inputs: readonly (Value | null)[]): Cut[] {
  const x = required("Slice", inputs, 0);
  const numbers = (i: number, what: string) => (inputs[i] ? knownIntegers("Slice", what, required("Slice", inputs, i)) : null);
  const starts = numbers(1, "starts") ?? [];
  const ends = numbers(2, "ends") ?? [];
  const axes = numbers(3, "axes") ?? arange(starts.length);
  const steps = numbers(4, "steps") ?? starts.map(() => 1);
  return starts.map((start, i) => ({ axis: normalAxis("Slice", axes[i], x.shape.length), start, end: ends[i], step: steps[i] }));
}

/** First and one-past-last place of a cut through a known length, as Python's slices. */
function bounds({ start, end, step }: Cut, length: number): { first: number; count: number } {
  const clamp = (i: number, low: number, high: number) => Math.min(high, Math.max(low, i < 0 ? i + length : i));
  const [first, last] =
    step > 0 ? [clamp(start, 0, length), clamp(end, 0, length)] : [clamp(start, 0, length - 1), clamp(end, -1, length - 1)];
  return { first, count: Math.max(0, Math.ceil((last - first) / step)) };
}

function cutLength(cut: Cut, dim: Dim): Dim {
  if (typeof dim === "number") return bounds(cut, dim).count;
  const { start, end, step } = cut;
  const open = end >= endless;
  if (step === -1 && start === -1 && end <= -endless) return dim;
  if (step !== 1) throw new Error(`Slice: step ${step} along the named length '${dim}' is not supported`);
  if (start >= 0 && open) return addDims([dim, -start]);
  if (start < 0 && open) return -start;
  if (start >= 0 && end < 0) return addDims([dim, end - start]);
  if (start >= 0 === end >= 0) return Math.max(0, end - start);
  throw new Error(`Slice: from ${start} to ${end} of the named length '${dim}' has no known length`);
}

defineOperator({
  name: "Slice",
  infer(inputs) {
    const x = required("Slice", inputs, 0);
    const shape: Dim[] = [...x.shape];
    for (const cut of cutsOf(inputs)) shape[cut.axis] = cutLength(cut, shape[cut.axis]);
    return [{ dtype: x.dtype, shape }];
  },
  evaluate(inputs) {
    const x = given(inputs, 0);
    const numbers = (i: number) => (inputs[i] ? [...given(inputs, i).data] : null);
    const starts = numbers(1) ?? [];
    const firsts = x.shape.map(() => 0);
    const steps = x.shape.map(() => 1);
    const shape = [...x.shape];
    starts.forEach((start, i) => {
      const axis = front((numbers(3) ?? arange(starts.length))[i], x.shape.length);
      steps[axis] = numbers(4)?.[i] ?? 1;
      const { first, count } = bounds({ axis, start, end: given(inputs, 2).data[i], step: steps[axis] }, shape[axis]);
      firsts[axis] = first;
      shape[axis] = count;
    });
    return [
      fill(
        shape,
        (index) =>
          x.data[
            offset(
              x.shape,
              index.map((j, i) => firsts[i] + j * steps[i]),
            )
          ],
      ),
    ];
  },
  jvp(node, [t]) {
    if (!t) return [null];
    // Along an axis where the tangent is constant there is nothing to cut.
    const cuts = cutsOf(node.inputs).filter((cut) => t.shape[cut.axis + 1] !== 1);
    if (cuts.length === 0) return [t];
    const list = (f: (cut: Cut) => number) => integers(t.graph, cuts.map(f));
    return [op("Slice", [t, list((c) => c.start), list((c) => c.end), list((c) => c.axis + 1), list((c) => c.step)])];
  },
  vjp(node, [cotangent]) {
    if (!cotangent) return [null];
    const x = required("Slice", node.inputs, 0);
    let result = cotangent;
    for (const cut of cutsOf(node.inputs)) result = uncut(result, cut, x);
    return [result, ...node.inputs.slice(1).map(() => null)];
  },
});

/** Put a cut's cotangent back where it came from, among zeros. */
function uncut(cotangent: Value, cut: Cut, x: Value): Value {
  const dim = x.shape[cut.axis];
  const graph = x.graph;
  const rank = x.shape.length;
  if (cut.step === 1) {
    if (typeof dim === "number") {
      const { first, count } = bounds(cut, dim);
      if (count === dim) return cotangent;
      const pads = new Array<number>(2 * rank).fill(0);
      pads[cut.axis] = first;
      pads[cut.axis + rank] = dim - first - count;
      return op("Pad", [cotangent, integers(graph, pads)]);
    }
    const zeros = (length: Dim) =>
      expandTo(
        scalar(graph, 0),
        cotangent.shape.map((d, i) => (i === cut.axis ? length : d)),
        [cotangent, x],
      );
    const count = cotangent.shape[cut.axis];
    if (count === dim) return cotangent;
    const before = cut.start >= 0 ? cut.start : addDims([dim, cut.start]);
    const behind = addDims([dim, multiplyDims([count, -1]), multiplyDims([before, -1])]);
    const parts = [before === 0 ? null : zeros(before), cotangent, behind === 0 ? null : zeros(behind)].filter((part) => part !== null);
    return op("Concat", parts, { axis: cut.axis });
  }
  if (typeof dim !== "number") {
    const turned = [-1, -endless, cut.axis, -1].map((n) => integers(graph, [n]));
    return op("Slice", [cotangent, ...turned]);
  }
  const { first, count } = bounds(cut, dim);
  const shape = x.shape.map((d, i) => (i === cut.axis ? dim : cotangent.shape[i] === d ? d : cotangent.shape[i]));
  const places = integers(
    graph,
    arange(count).map((i) => first + i * cut.step),
  );
  const line = reshape(places, [...arange(cut.axis).map(() => 1), count, ...arange(rank - cut.axis - 1).map(() => 1)]);
  const zeros = expandTo(scalar(graph, 0), shape, [x, cotangent]);
  return op("ScatterElements", [zeros, expandTo(line, cotangent.shape, [cotangent]), cotangent], { axis: cut.axis, reduction: "none" });
}

defineOperator({
  name: "Concat",
  infer(inputs, attributes) {
    const values = inputs.map((_, i) => required("Concat", inputs, i));
    const axis = axisOf({ operator: "Concat", inputs, attributes }, 0);
    for (const value of values) {
      const fits = value.shape.length === values[0].shape.length && value.shape.every((dim, i) => i === axis || dim === values[0].shape[i]);
      if (!fits || value.dtype !== values[0].dtype)
        throw new Error(`Concat: ${values.map((v) => `${v.dtype}${showShape(v.shape)}`).join(" and ")} do not join along axis ${axis}`);
    }
    const length = addDims(values.map((v) => v.shape[axis]));
    return [{ dtype: values[0].dtype, shape: values[0].shape.map((dim, i) => (i === axis ? length : dim)) }];
  },
  evaluate(inputs, attributes) {
    const values = inputs.map((_, i) => given(inputs, i));
    const axis = front(attribute(attributes, "axis", 0), values[0].shape.length);
    const before = sizeOf(values[0].shape.slice(0, axis));
    const length = values.reduce((sum, v) => sum + v.shape[axis], 0);
    const shape = values[0].shape.map((dim, i) => (i === axis ? length : dim));
    const data = new Float64Array(sizeOf(shape));
    let at = 0;
    for (let i = 0; i < before; i++)
      for (const v of values) {
        const block = v.data.length / before;
        data.set(v.data.subarray(i * block, (i + 1) * block), at);
        at += block;
      }
    return [{ shape, data }];
  },
  jvp(node, tangents) {
    const axis = axisOf(node, 0);
    const given = tangents.filter((t) => t !== null);
    if (given.length === 0) return [null];
    const lengths = given[0].shape.map((_, i) => given.map((t) => t.shape[i]).find((dim) => dim !== 1) ?? 1);
    const parts = node.inputs.map((value, i) => {
      const x = value as Value;
      const shape = lengths.map((dim, j) => (j === axis + 1 ? x.shape[axis] : dim));
      return expandTo(tangents[i] ?? scalar(x.graph, 0), shape, [...given, ...(node.inputs as Value[])]);
    });
    return [op("Concat", parts, { axis: axis + 1 })];
  },
  vjp(node, [cotangent], needed) {
    if (!cotangent) return node.inputs.map(() => null);
    const axis = axisOf(node, 0);
    const dims = node.inputs.map((v) => (v as Value).shape[axis]);
    if (needed.every(Boolean) || dims.some((dim) => typeof dim === "string"))
      return ops("Split", [cotangent, shapeValue(cotangent.graph, dims, node.inputs as Value[])], { axis });
    let start = 0;
    return dims.map((dim, i) => {
      start += dim as number;
      return needed[i] ? slice(cotangent, start - (dim as number), start, axis) : null;
    });
  },
});

defineOperator({
  name: "Split",
  infer(inputs, attributes) {
    const x = required("Split", inputs, 0);
    const sizes = contents(required("Split", inputs, 1));
    if (!sizes) throw new Error("Split: its sizes must be known when the graph is built, up to named lengths");
    const axis = axisOf({ operator: "Split", inputs, attributes }, 0);
    if (addDims(sizes) !== x.shape[axis])
      throw new Error(`Split: sizes [${sizes.join(", ")}] do not add up to axis ${axis} of ${showShape(x.shape)}`);
    return sizes.map((size) => ({ dtype: x.dtype, shape: x.shape.map((dim, i) => (i === axis ? size : dim)) }));
  },
  evaluate(inputs, attributes) {
    const x = given(inputs, 0);
    const axis = front(attribute(attributes, "axis", 0), x.shape.length);
    let start = 0;
    return [...given(inputs, 1).data].map((size) => {
      const from = start;
      start += size;
      return fill(
        x.shape.map((dim, i) => (i === axis ? size : dim)),
        (index) => {
          const at = [...index];
          at[axis] += from;
          return x.data[at.reduce((sum, j, i) => sum * x.shape[i] + j, 0)];
        },
      );
    });
  },
  jvp(node, [t]) {
    if (!t) return node.outputs.map(() => null);
    const [x, sizes] = node.inputs as Value[];
    const axis = axisOf(node, 0);
    if (t.shape[axis + 1] === 1 && x.shape[axis] !== 1) return node.outputs.map(() => t);
    return ops("Split", [t, sizes], { axis: axis + 1 });
  },
  vjp(node, cotangents) {
    const parts = node.outputs.map((y, i) => cotangents[i] ?? expandTo(scalar(y.graph, 0), y.shape, [y]));
    return [op("Concat", parts, { axis: axisOf(node, 0) }), null];
  },
});

/** Values side by side along an axis. */
export function concat(values: readonly Value[], axis: number): Value {
  return values.length === 1 ? values[0] : op("Concat", values, { axis });
}

/** Parts of the given sizes along an axis. */
export const split = (x: Value, sizes: readonly number[], axis: number): Value[] => ops("Split", [x, integers(x.graph, sizes)], { axis });

/** x[start:end:step] along an axis, as in Python; `end` may be left out (null) for the rest. */
export function slice(x: Value, start: number, end: number | null, axis: number, step = 1): Value {
  const last = end ?? (step > 0 ? endless : -endless);
  const list = (n: number) => integers(x.graph, [n]);
  return op("Slice", [x, list(start), list(last), list(axis), list(step)]);
}

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
