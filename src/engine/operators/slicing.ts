import { addDims, multiplyDims, normalAxis, showShape } from "../dims.ts";
import type { Dim, Value } from "../graph.ts";
import { defineOperator } from "../graph.ts";
import { attribute, axisOf, contents, expandTo, integers, knownIntegers, op, ops, required, scalar, shapeValue } from "./build.ts";
import { fill, front, given, offset, sizeOf } from "./kernels.ts";
import { endless, reshape } from "./shape.ts";

const arange = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

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

/** A named length is taken to be long enough for the bounds asked of it. */
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
