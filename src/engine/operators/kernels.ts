import type { Reference } from "../graph.ts";

/** Plain loops that the Float64 evaluator's operators share. */

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}

export function given(inputs: readonly (Reference | null)[], index: number): Reference {
  const input = inputs[index];
  if (!input) throw new Error(`input ${index} is missing`);
  return input;
}

/** Where an index lies in a row-major tensor; axes of length 1 are stretched, missing leading axes are skipped. */
export function offset(shape: readonly number[], index: readonly number[]): number {
  const skip = index.length - shape.length;
  let at = 0;
  for (let i = 0; i < shape.length; i++) at = at * shape[i] + (shape[i] === 1 ? 0 : index[i + skip]);
  return at;
}

/** A tensor filled index by index; `f` must not keep the index it is handed. */
export function fill(shape: readonly number[], f: (index: number[], at: number) => number): Reference {
  const data = new Float64Array(sizeOf(shape));
  const index = shape.map(() => 0);
  for (let at = 0; at < data.length; at++) {
    data[at] = f(index, at);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      if (++index[axis] < shape[axis]) break;
      index[axis] = 0;
    }
  }
  return { shape, data };
}

export function stretchedShape(shapes: readonly (readonly number[])[]): number[] {
  const rank = Math.max(0, ...shapes.map((s) => s.length));
  return Array.from({ length: rank }, (_, i) => {
    const lengths = shapes.map((s) => s[i - rank + s.length] ?? 1);
    const length = lengths.find((n) => n !== 1) ?? 1;
    if (lengths.some((n) => n !== 1 && n !== length))
      throw new Error(`shapes ${shapes.map((s) => `[${s}]`).join(" and ")} do not broadcast`);
    return length;
  });
}

/** f over inputs that broadcast against each other. */
export function mapped(inputs: readonly Reference[], f: (...x: number[]) => number): Reference {
  if (inputs.length === 1) return { shape: inputs[0].shape, data: inputs[0].data.map((x) => f(x)) };
  const shape = stretchedShape(inputs.map((x) => x.shape));
  const arguments_ = new Array<number>(inputs.length);
  return fill(shape, (index) => {
    for (let i = 0; i < inputs.length; i++) arguments_[i] = inputs[i].data[offset(inputs[i].shape, index)];
    return f(...arguments_);
  });
}

export function front(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}

/** Fold every line of a tensor that runs along `axes` into one number. */
export function reduced(x: Reference, axes: readonly number[], keepdims: boolean, f: (line: readonly number[]) => number): Reference {
  const rank = x.shape.length;
  const over = new Set(axes.map((a) => front(a, rank)));
  const kept = x.shape.map((n, i) => (over.has(i) ? 1 : n));
  const lines: number[][] = Array.from({ length: sizeOf(kept) }, () => []);
  fill(x.shape, (index, at) => lines[offset(kept, index)].push(x.data[at]));
  return { shape: keepdims ? kept : x.shape.filter((_, i) => !over.has(i)), data: Float64Array.from(lines, f) };
}

/** Replace every line along an axis by a line of the same length. */
export function along(x: Reference, axis: number, f: (line: number[]) => readonly number[]): Reference {
  const at = front(axis, x.shape.length);
  const stride = sizeOf(x.shape.slice(at + 1));
  const length = x.shape[at];
  const data = new Float64Array(x.data.length);
  for (let outer = 0; outer < data.length; outer += stride * length)
    for (let inner = outer; inner < outer + stride; inner++)
      f(Array.from({ length }, (_, i) => x.data[inner + i * stride])).forEach((value, i) => {
        data[inner + i * stride] = value;
      });
  return { shape: x.shape, data };
}
