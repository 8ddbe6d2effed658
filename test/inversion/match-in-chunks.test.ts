import { expect, test } from "vitest";
import { matchInChunks } from "../../src/inversion/tabular/match-in-chunks.ts";
import { matchColumns } from "../../src/inversion/tabular/matching.ts";
import { createRandom } from "../../src/numbers/random.ts";

const random = createRandom(1);

/** Values on a lattice, some of them equal, with queries beside them. */
function problemOf(heads: number) {
  const columns = Float64Array.from({ length: 400 * heads }, () => random.integer(heads === 1 ? 300 : 6));
  const targets = Float64Array.from({ length: 1000 * heads }, (_, k) => columns[k % columns.length] + 0.1 * random.normal());
  const mask = Uint8Array.from({ length: targets.length }, () => (random.uniform() < 0.9 ? 1 : 0));
  return { heads, columns, targets, mask, tolerance: 0.01 };
}

test.each([
  [1, 1, 77, false],
  [1, 2, 300, true],
  [3, 1, 1000, true],
  [3, 2, 130, false],
  [13, 2, 400, false],
])("%i heads on %i threads in chunks of %i: what matchColumns answers", async (heads, threads, chunk, masked) => {
  const { columns, targets, mask, tolerance } = problemOf(heads);
  const whole = matchColumns({ heads, columns, targets, tolerance, mask: masked ? mask : undefined });
  const seen = new Uint8Array(1000);
  const progress: number[] = [];
  await matchInChunks(
    {
      heads,
      columns,
      count: 1000,
      tolerance,
      chunk,
      threads,
      targets: (from, to, into) => into.set(targets.subarray(from * heads, to * heads)),
      mask: masked ? (from, to, into) => into.set(mask.subarray(from * heads, to * heads)) : undefined,
      onProgress: (done) => progress.push(done),
    },
    (found) => {
      expect(found.nearest).toEqual(whole.nearest.subarray(found.from, found.to));
      expect(found.distance).toEqual(whole.distance.subarray(found.from, found.to));
      expect(found.runnerUp).toEqual(whole.runnerUp.subarray(found.from, found.to));
      expect(found.ties).toEqual(whole.ties.subarray(found.from, found.to));
      for (let k = 0; k < found.to - found.from; k += 9) expect(found.tied(k)).toEqual(whole.tied(found.from + k).sort());
      seen.fill(1, found.from, found.to);
    },
  );
  expect(seen.every((x) => x === 1)).toBe(true);
  expect(progress.at(-1)).toBe(1000);
});

test("an error of the caller's stops the threads and is thrown", async () => {
  const { heads, columns, targets } = problemOf(2);
  const failing = matchInChunks(
    {
      heads,
      columns,
      count: 1000,
      chunk: 100,
      threads: 2,
      targets: (from, to, into) => into.set(targets.subarray(from * heads, to * heads)),
    },
    () => {
      throw new Error("no room");
    },
  );
  await expect(failing).rejects.toThrow("no room");
});
