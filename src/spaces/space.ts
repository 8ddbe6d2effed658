import { VinverseError } from "../base/error.ts";
import type { Random } from "../numbers/random.ts";

/** A box in R^n; bounds may be infinite. */
export interface Box {
  readonly kind: "box";
  readonly shape: readonly number[];
  readonly low: Float64Array;
  readonly high: Float64Array;
}

/** The integers start … start + n − 1. */
export interface Discrete {
  readonly kind: "discrete";
  readonly n: number;
  readonly start: number;
}

/** Named spaces. Flattened in sorted key order, as Stable-Baselines3 does. */
export interface Dict {
  readonly kind: "dict";
  readonly spaces: Readonly<Record<string, Space>>;
  /** Order in which the library that wrote a file concatenates the parts, where that is not the sorted one; rows of ours are always sorted. */
  readonly order?: readonly string[];
}

export type Space = Box | Discrete | Dict;

/**
 * @param low bounds, flat in the order of rows; −Infinity where there is none
 * @param high same length as low; that it is nowhere below is left to who reads them from a file and can name it
 * @throws VinverseError for bounds or a shape of different sizes
 */
export function box(low: readonly number[], high: readonly number[], shape: readonly number[] = [low.length]): Box {
  if (low.length !== high.length)
    throw new VinverseError("OPTION", `box: ${low.length} lower and ${high.length} upper bounds; give as many of both`, { field: "high" });
  const size = shape.reduce((product, length) => product * length, 1);
  if (size !== low.length)
    throw new VinverseError(
      "OPTION",
      `box: the shape [${shape.join(", ")}] has ${size} numbers for ${low.length} bounds; give a shape of as many`,
      {
        field: "shape",
      },
    );
  return { kind: "box", shape, low: Float64Array.from(low), high: Float64Array.from(high) };
}

/**
 * The integers start … start + n − 1.
 * @throws VinverseError for an n that is no positive integer
 */
export function discrete(n: number, start = 0): Discrete {
  if (!Number.isInteger(n) || n < 1)
    throw new VinverseError("OPTION", `discrete: n must be a positive integer, got ${n}`, { field: "n", fix: "give 1 or more" });
  return { kind: "discrete", n, start };
}

/** Length of the flattened vector: a Discrete counts as its one-hot code. */
export function flatDimension(space: Space): number {
  switch (space.kind) {
    case "box":
      return space.low.length;
    case "discrete":
      return space.n;
    case "dict":
      return sortedKeys(space).reduce((sum, key) => sum + flatDimension(space.spaces[key]), 0);
  }
}

export function sortedKeys(space: Dict): string[] {
  return Object.keys(space.spaces).sort();
}

/** An element: vectors for a Box (uniform; normal or exponential where unbounded, as in Gymnasium), an integer for a Discrete, a record for a Dict. */
export type Element = number | Float64Array | { readonly [key: string]: Element };

export function sample(space: Space, random: Random): Element {
  switch (space.kind) {
    case "box":
      return space.low.map((low, i) => {
        const high = space.high[i];
        if (Number.isFinite(low) && Number.isFinite(high)) return low + (high - low) * random.uniform();
        if (Number.isFinite(low)) return low - Math.log(1 - random.uniform());
        if (Number.isFinite(high)) return high + Math.log(1 - random.uniform());
        return random.normal();
      });
    case "discrete":
      return space.start + random.integer(space.n);
    case "dict":
      return Object.fromEntries(sortedKeys(space).map((key) => [key, sample(space.spaces[key], random)]));
  }
}

/** The flat vector of an element; dict entries in sorted key order. */
export function flattenElement(space: Space, element: Element): Float64Array {
  const out = new Float64Array(flatDimension(space));
  write(space, element, out, 0);
  return out;
}

function write(space: Space, element: Element, out: Float64Array, offset: number): number {
  switch (space.kind) {
    case "box":
      out.set(element as Float64Array, offset);
      return offset + space.low.length;
    case "discrete":
      out[offset + (element as number) - space.start] = 1;
      return offset + space.n;
    case "dict": {
      let at = offset;
      for (const key of sortedKeys(space)) at = write(space.spaces[key], (element as Record<string, Element>)[key], out, at);
      return at;
    }
  }
}

export function contains(space: Space, element: Element): boolean {
  switch (space.kind) {
    case "box":
      return (
        ArrayBuffer.isView(element) &&
        element.length === space.low.length &&
        (element as Float64Array).every((x, i) => x >= space.low[i] && x <= space.high[i])
      );
    case "discrete":
      return Number.isInteger(element) && (element as number) >= space.start && (element as number) < space.start + space.n;
    case "dict":
      return (
        typeof element === "object" &&
        !ArrayBuffer.isView(element) &&
        sortedKeys(space).every((key) => key in element && contains(space.spaces[key], (element as Record<string, Element>)[key]))
      );
  }
}
