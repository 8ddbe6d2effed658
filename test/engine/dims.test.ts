import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { addDims, broadcastShapes, divideDims, multiplyDims } from "../../src/engine/dims.ts";
import type { Dim } from "../../src/engine/index.ts";

/** What a canonical length is when its names are given numbers. */
function lengthOf(dim: Dim, names: Readonly<Record<string, number>>): number {
  return String(dim)
    .split("+")
    .reduce((sum, term) => sum + term.split("*").reduce((product, factor) => product * (names[factor] ?? Number(factor)), 1), 0);
}

const dim = fc.oneof(fc.constantFrom<Dim>("N", "M"), fc.integer({ min: 1, max: 6 }));
const names = fc.record({ N: fc.integer({ min: 1, max: 9 }), M: fc.integer({ min: 1, max: 9 }) });

describe("named lengths", () => {
  test("sums and products mean what their names say", () => {
    fc.assert(
      fc.property(fc.array(dim, { maxLength: 4 }), fc.array(dim, { minLength: 1, maxLength: 4 }), names, (a, b, at) => {
        const [product, sum] = [multiplyDims(a), addDims(b)];
        expect(lengthOf(product, at)).toBe(a.reduce<number>((x, y) => x * lengthOf(y, at), 1));
        expect(lengthOf(sum, at)).toBe(b.reduce<number>((x, y) => x + lengthOf(y, at), 0));
        expect(lengthOf(multiplyDims([product, sum]), at)).toBe(lengthOf(product, at) * lengthOf(sum, at));
      }),
    );
  });

  test("are canonical: order and grouping do not matter", () => {
    fc.assert(
      fc.property(fc.array(dim, { minLength: 2, maxLength: 4 }), (a) => {
        const turned = [...a].reverse();
        expect(multiplyDims(a)).toBe(multiplyDims(turned));
        expect(addDims(a)).toBe(addDims(turned));
        expect(multiplyDims([multiplyDims(a.slice(0, 2)), ...a.slice(2)])).toBe(multiplyDims(a));
      }),
    );
    expect(multiplyDims(["N", 4])).toBe("N*4");
    expect(addDims(["N", 1, "N"])).toBe("N*2+1");
    expect(addDims(["N", multiplyDims(["N", -1])])).toBe(0);
  });

  test("division undoes a product, and says where it cannot", () => {
    fc.assert(
      fc.property(fc.array(dim, { maxLength: 3 }), fc.array(dim, { maxLength: 3 }), (a, b) => {
        const [x, y] = [multiplyDims(a), multiplyDims(b)];
        expect(divideDims(multiplyDims([x, y]), y)).toBe(x);
      }),
    );
    expect(divideDims("N", 2)).toBeNull();
    expect(divideDims("N", "M")).toBeNull();
  });

  test("broadcast: 1 stretches to a name, a name meets itself only", () => {
    expect(broadcastShapes("Add", ["N", 1], [3])).toEqual(["N", 3]);
    expect(broadcastShapes("Add", [1, 3], ["N*2", 1, 1])).toEqual(["N*2", 1, 3]);
    expect(() => broadcastShapes("Add", ["N"], [3])).toThrow("Add: shapes [N] and [3] do not broadcast");
  });
});
