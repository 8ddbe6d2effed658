import type { Numbers } from "./critic.ts";

/** Flat copy of typed arrays, plain arrays or rows; refused where the length is not a whole number of rows of `width`. */
export function toFlat(numbers: Numbers, width: number, what: string): Float64Array {
  const rows = numbers.length > 0 && typeof numbers[0] === "object";
  const flat = rows ? flattened(numbers as readonly ArrayLike<number>[], width, what) : Float64Array.from(numbers as ArrayLike<number>);
  if (flat.length % width !== 0) throw new RangeError(`${what}: ${flat.length} numbers are not rows of ${width}`);
  return flat;
}

function flattened(rows: readonly ArrayLike<number>[], width: number, what: string): Float64Array {
  const flat = new Float64Array(rows.length * width);
  rows.forEach((row, i) => {
    if (row.length !== width) throw new RangeError(`${what}: row ${i} has ${row.length} numbers, not ${width}`);
    flat.set(row, i * width);
  });
  return flat;
}
