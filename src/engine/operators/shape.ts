import { addDims, divideDims, multiplyDims, normalAxis, sameShape, showShape } from "../dims.ts";
import type { Dim, Node, Shape, Value } from "../graph.ts";
import { defineOperator, type Operator } from "../graph.ts";
import {
  align,
  attribute,
  contents,
  expandTo,
  flat,
  full,
  integers,
  isScalar,
  knownIntegers,
  op,
  required,
  shapeSlice,
  shapeValue,
  unbroadcast,
} from "./build.ts";
import { fill, given, offset, stretchedShape } from "./kernels.ts";

const input = (node: Node): Value => required(node.operator, node.inputs, 0);

/** The shape that a Reshape target stands for: 0 keeps the input's length, one −1 takes what is left. */
function reshaped(from: Shape, target: readonly Dim[]): Shape {
  const dims = target.map((dim, i) => (dim === 0 ? from[i] : dim));
  const refused = () => new Error(`Reshape: ${showShape(from)} cannot become ${showShape(target)}`);
  if (dims.some((dim) => dim === undefined)) throw refused();
  const total = multiplyDims(from);
  const unknown = dims.indexOf(-1);
  if (unknown >= 0) {
    const left = divideDims(total, multiplyDims(dims.filter((_, i) => i !== unknown)));
    if (left === null || dims.lastIndexOf(-1) !== unknown) throw refused();
    dims[unknown] = left;
  }
  if (multiplyDims(dims) !== total) throw refused();
  return dims;
}

/** Both derivatives of an operator that only regroups its numbers. */
const regroup: Pick<Operator, "jvp" | "vjp"> = {
  jvp(node, [t]) {
    if (!t) return [null];
    const x = input(node);
    const [from, to] = [x.shape, node.outputs[0].shape];
    let common = 0;
    while (common < from.length && common < to.length && from[common] === to[common]) common++;
    const rest = from.slice(common).map((_, i) => common + i);
    const constant = rest.every((axis) => t.shape[axis + 1] === 1);
    const stretched = constant ? t : full(t, x, rest);
    const behind = constant ? to.slice(common).map(() => 1) : to.slice(common);
    return [reshape(stretched, [...stretched.shape.slice(0, common + 1), ...behind], [x, t])];
  },
  vjp(node, [cotangent]) {
    const x = input(node);
    return [cotangent && reshape(cotangent, x.shape, [x]), ...node.inputs.slice(1).map(() => null)];
  },
};

const regrouped = (x: { data: Float64Array }, shape: readonly number[]) => [{ shape, data: x.data }];

defineOperator({
  name: "Reshape",
  infer(inputs) {
    const [x, target] = [required("Reshape", inputs, 0), required("Reshape", inputs, 1)];
    const dims = contents(target);
    if (!dims) throw new Error("Reshape: its target must be known when the graph is built, up to named lengths");
    return [{ dtype: x.dtype, shape: reshaped(x.shape, dims) }];
  },
  evaluate: (inputs) => regrouped(given(inputs, 0), reshaped(given(inputs, 0).shape, [...given(inputs, 1).data]) as number[]),
  ...regroup,
});

function flattened(shape: Shape, axis: number): [Dim, Dim] {
  const at = axis < 0 ? axis + shape.length : axis;
  if (at < 0 || at > shape.length) throw new Error(`Flatten: axis ${axis} is outside rank ${shape.length}`);
  return [multiplyDims(shape.slice(0, at)), multiplyDims(shape.slice(at))];
}

defineOperator({
  name: "Flatten",
  infer(inputs, attributes) {
    const x = required("Flatten", inputs, 0);
    return [{ dtype: x.dtype, shape: flattened(x.shape, attribute(attributes, "axis", 1)) }];
  },
  evaluate: (inputs, attributes) =>
    regrouped(given(inputs, 0), flattened(given(inputs, 0).shape, attribute(attributes, "axis", 1)) as number[]),
  ...regroup,
});

function squeezed(shape: Shape, axes: readonly number[] | null): Shape {
  if (!axes) return shape.filter((dim) => dim !== 1);
  const dropped = axes.map((axis) => normalAxis("Squeeze", axis, shape.length));
  for (const axis of dropped) if (shape[axis] !== 1) throw new Error(`Squeeze: axis ${axis} of ${showShape(shape)} is not 1`);
  return shape.filter((_, i) => !dropped.includes(i));
}

function unsqueezed(shape: Shape, axes: readonly number[]): Shape {
  const rank = shape.length + axes.length;
  const added = new Set(axes.map((axis) => normalAxis("Unsqueeze", axis, rank)));
  if (added.size !== axes.length) throw new Error("Unsqueeze: an axis is named twice");
  let next = 0;
  return Array.from({ length: rank }, (_, i) => (added.has(i) ? 1 : shape[next++]));
}

const axesOf = (operator: string, inputs: readonly (Value | null)[]): readonly number[] | null =>
  inputs[1] ? knownIntegers(operator, "axes", inputs[1]) : null;

/** The axes that a node adds or drops, counted from the front of its higher-ranked side. */
function changedAxes(node: Node): number[] {
  const rank = Math.max(input(node).shape.length, node.outputs[0].shape.length);
  const axes = axesOf(node.operator, node.inputs);
  return axes ? axes.map((axis) => normalAxis(node.operator, axis, rank)) : input(node).shape.flatMap((dim, i) => (dim === 1 ? [i] : []));
}

const behindDirections = (node: Node, t: Value): Value =>
  integers(
    t.graph,
    changedAxes(node).map((axis) => axis + 1),
  );

defineOperator({
  name: "Squeeze",
  infer(inputs) {
    const x = required("Squeeze", inputs, 0);
    return [{ dtype: x.dtype, shape: squeezed(x.shape, axesOf("Squeeze", inputs)) }];
  },
  evaluate: (inputs) => regrouped(given(inputs, 0), squeezed(given(inputs, 0).shape, inputs[1] ? [...inputs[1].data] : null) as number[]),
  jvp: (node, [t]) => [t && op("Squeeze", [t, behindDirections(node, t)])],
  vjp: (node, [cotangent]) => [cotangent && op("Unsqueeze", [cotangent, integers(cotangent.graph, changedAxes(node))]), null],
});

defineOperator({
  name: "Unsqueeze",
  infer(inputs) {
    const x = required("Unsqueeze", inputs, 0);
    return [{ dtype: x.dtype, shape: unsqueezed(x.shape, knownIntegers("Unsqueeze", "axes", required("Unsqueeze", inputs, 1))) }];
  },
  evaluate: (inputs) => regrouped(given(inputs, 0), unsqueezed(given(inputs, 0).shape, [...given(inputs, 1).data]) as number[]),
  jvp: (node, [t]) => [t && op("Unsqueeze", [t, behindDirections(node, t)])],
  vjp: (node, [cotangent]) => [cotangent && op("Squeeze", [cotangent, integers(cotangent.graph, changedAxes(node))]), null],
});

function permutation(shape: Shape, perm: unknown): readonly number[] {
  const order = Array.isArray(perm) ? (perm as number[]) : shape.map((_, i) => shape.length - 1 - i);
  if (order.length !== shape.length || [...order].sort((a, b) => a - b).some((axis, i) => axis !== i))
    throw new Error(`Transpose: [${order}] is no order of the axes of ${showShape(shape)}`);
  return order;
}

defineOperator({
  name: "Transpose",
  infer(inputs, { perm }) {
    const x = required("Transpose", inputs, 0);
    return [{ dtype: x.dtype, shape: permutation(x.shape, perm).map((axis) => x.shape[axis]) }];
  },
  evaluate(inputs, { perm }) {
    const x = given(inputs, 0);
    const order = permutation(x.shape, perm);
    const from = x.shape.map(() => 0);
    return [
      fill(
        order.map((axis) => x.shape[axis]),
        (index) => {
          order.forEach((axis, i) => {
            from[axis] = index[i];
          });
          return x.data[offset(x.shape, from)];
        },
      ),
    ];
  },
  jvp: (node, [t]) => [t && transpose(t, [0, ...permutation(input(node).shape, node.attributes.perm).map((axis) => axis + 1)])],
  vjp(node, [cotangent]) {
    const order = permutation(input(node).shape, node.attributes.perm);
    return [
      cotangent &&
        transpose(
          cotangent,
          order.map((_, i) => order.indexOf(i)),
        ),
    ];
  },
});

/** ONNX's Expand stretches both ways: a target of 1 keeps the input's length. */
function expanded(from: Shape, target: readonly Dim[]): Shape {
  const rank = Math.max(from.length, target.length);
  return Array.from({ length: rank }, (_, i) => {
    const [a, b] = [from[i - rank + from.length] ?? 1, target[i - rank + target.length] ?? 1];
    if (a !== b && a !== 1 && b !== 1) throw new Error(`Expand: ${showShape(from)} does not stretch to ${showShape(target)}`);
    return a === 1 ? b : a;
  });
}

defineOperator({
  name: "Expand",
  infer(inputs) {
    const [x, target] = [required("Expand", inputs, 0), required("Expand", inputs, 1)];
    const dims = contents(target);
    if (!dims) throw new Error("Expand: its target must be known when the graph is built, up to named lengths");
    return [{ dtype: x.dtype, shape: expanded(x.shape, dims) }];
  },
  evaluate(inputs) {
    const x = given(inputs, 0);
    return [fill(stretchedShape([x.shape, [...given(inputs, 1).data]]), (index) => x.data[offset(x.shape, index)])];
  },
  // A tangent may keep length 1 where its value has more.
  jvp: (node, [t]) => [t && align(t, input(node).shape.length, node.outputs[0].shape.length)],
  vjp: (node, [cotangent]) => [cotangent && unbroadcast(cotangent, input(node).shape), null],
});

defineOperator({
  name: "Shape",
  infer: (inputs, attributes) => [{ dtype: "int64", shape: [shapeSlice({ inputs, attributes }).length] }],
  evaluate(inputs, attributes) {
    const shape = given(inputs, 0).shape;
    const data = Float64Array.from(shape.slice(attribute(attributes, "start", 0), attribute(attributes, "end", shape.length)));
    return [{ shape: [data.length], data }];
  },
  ...flat,
});

defineOperator({
  name: "Identity",
  elementwise: true,
  infer(inputs) {
    const x = required("Identity", inputs, 0);
    return [{ dtype: x.dtype, shape: x.shape }];
  },
  evaluate: (inputs) => [given(inputs, 0)],
  jvp: (_, [t]) => [t],
  vjp: (_, [cotangent]) => [cotangent],
});

function padded(shape: Shape, pads: readonly Dim[]): Shape {
  if (pads.length !== 2 * shape.length) throw new Error(`Pad: ${showShape(shape)} needs ${2 * shape.length} pads, got ${pads.length}`);
  return shape.map((dim, i) => {
    const added = [pads[i], pads[i + shape.length]];
    if (typeof dim === "number" && added.every((n) => typeof n === "number")) return dim + (added[0] as number) + (added[1] as number);
    return added.every((n) => n === 0) ? dim : sumOf(dim, added);
  });
}

/** Pads may be lengths "M−N" that cancel against the length they are added to. */
const sumOf = (dim: Dim, added: readonly Dim[]): Dim => addDims([dim, ...added]);

defineOperator({
  name: "Pad",
  infer(inputs, { mode }) {
    const x = required("Pad", inputs, 0);
    if (mode !== undefined && mode !== "constant") throw new Error(`Pad: mode '${mode}' is not supported, only 'constant'`);
    if (inputs[2] && !isScalar(inputs[2], 0)) throw new Error("Pad: pads with zeros only");
    const pads = contents(required("Pad", inputs, 1));
    if (!pads) throw new Error("Pad: its pads must be known when the graph is built, up to named lengths");
    return [{ dtype: x.dtype, shape: padded(x.shape, pads) }];
  },
  evaluate(inputs) {
    const x = given(inputs, 0);
    const pads = given(inputs, 1).data;
    const from = x.shape.map(() => 0);
    return [
      fill(padded(x.shape, [...pads]) as number[], (index) => {
        for (let i = 0; i < from.length; i++) {
          from[i] = index[i] - pads[i];
          if (from[i] < 0 || from[i] >= x.shape[i]) return 0;
        }
        return x.data[from.reduce((at, j, i) => at * x.shape[i] + j, 0)];
      }),
    ];
  },
  jvp(node, [t]) {
    if (!t) return [null];
    const x = input(node);
    const pads = knownIntegers("Pad", "pads", required("Pad", node.inputs, 1));
    const rank = x.shape.length;
    const axes = x.shape.flatMap((_, i) => (pads[i] !== 0 || pads[i + rank] !== 0 ? [i] : []));
    return [op("Pad", [full(t, x, axes), integers(t.graph, [0, ...pads.slice(0, rank), 0, ...pads.slice(rank)])])];
  },
  vjp(node, [cotangent]) {
    if (!cotangent) return [null, null];
    const pads = knownIntegers("Pad", "pads", required("Pad", node.inputs, 1));
    const rank = input(node).shape.length;
    const axes = input(node).shape.flatMap((_, i) => (pads[i] !== 0 || pads[i + rank] !== 0 ? [i] : []));
    if (axes.length === 0) return [cotangent, null];
    const list = (f: (axis: number) => number) => integers(cotangent.graph, axes.map(f));
    const ends = list((axis) => (pads[axis + rank] === 0 ? endless : -pads[axis + rank]));
    return [op("Slice", [cotangent, list((axis) => pads[axis]), ends, list((axis) => axis), list(() => 1)]), null];
  },
});

/** A Slice's end beyond every length. */
export const endless = 2 ** 31 - 1;

export const identity = (x: Value): Value => op("Identity", [x]);

/**
 * The same numbers, row-major, under another shape. Lengths may be named; 0 keeps the length at that place and one −1 takes what is left.
 * `sources` are values whose shapes may be asked for named lengths when the graph runs.
 */
export function reshape(x: Value, shape: readonly Dim[], sources: readonly Value[] = []): Value {
  const dims = reshaped(x.shape, shape);
  if (sameShape(dims, x.shape)) return x;
  const named = dims.flatMap((dim, i) => (typeof dim === "string" && dim !== x.shape[i] ? [i] : []));
  if (named.length > 1) return op("Reshape", [x, shapeValue(x.graph, dims, [x, ...sources])]);
  const target = dims.map((dim, i) => (named.includes(i) ? -1 : typeof dim === "string" ? 0 : dim));
  return op("Reshape", [x, integers(x.graph, target)]);
}

/** Axes before `axis` into one, the others into another. */
export const flatten = (x: Value, axis = 1): Value => op("Flatten", [x], { axis });

export function transpose(x: Value, perm: readonly number[]): Value {
  return perm.every((axis, i) => axis === i) && perm.length === x.shape.length ? x : op("Transpose", [x], { perm });
}

export const squeeze = (x: Value, axes: readonly number[]): Value => (axes.length === 0 ? x : op("Squeeze", [x, integers(x.graph, axes)]));

export const unsqueeze = (x: Value, axes: readonly number[]): Value =>
  axes.length === 0 ? x : op("Unsqueeze", [x, integers(x.graph, axes)]);

/** Axes of length 1 and missing leading axes stretched to a shape, whose lengths may be named. */
export const expand = (x: Value, shape: readonly Dim[]): Value => expandTo(x, shape, [x]);

/** Zeros before and after every axis: [before, after] each. */
export function pad(x: Value, amounts: readonly (readonly [number, number])[]): Value {
  return op("Pad", [x, integers(x.graph, [...amounts.map((a) => a[0]), ...amounts.map((a) => a[1])])]);
}
