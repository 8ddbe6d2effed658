import { afterEach, expect, test, vi } from "vitest";
import { alignColumns } from "../../src/cli/parts/columns.ts";
import { toJson } from "../../src/cli/parts/json.ts";
import { createProgress } from "../../src/cli/parts/progress.ts";

test("columns line up, whatever the letters", () => {
  expect(
    alignColumns([
      ["θ̇", 1, "a"],
      ["velocity", 10, "bb"],
    ]),
  ).toBe("θ̇          1  a\nvelocity  10  bb");
});

test("JSON has arrays for typed arrays and null for what it cannot say", () => {
  expect(toJson({ a: Float64Array.of(1, Number.NaN), b: Number.POSITIVE_INFINITY, c: BigInt64Array.of(3n), d: undefined })).toBe(
    '{"a":[1,null],"b":null,"c":[3]}',
  );
});

afterEach(() => {
  vi.useRealTimers();
});

test("progress into a log is sparse lines, and none when quiet", () => {
  vi.useFakeTimers();
  const lines: string[] = [];
  const io = { out: () => {}, err: (text: string) => void lines.push(text), interactive: false };
  const progress = createProgress(io, false);
  for (let i = 0; i < 100; i++) progress.report(i, 100, "fitting");
  progress.report(1, 3, "scoring");
  vi.advanceTimersByTime(1_500);
  progress.report(1, 2, "scoring");
  progress.report(2, 2, "scoring");
  progress.stop();
  expect(lines).toEqual(["fitting\n", "scoring 50 %\n"]);
  createProgress(io, true).report(1, 2, "more");
  expect(lines.length).toBe(2);
});
