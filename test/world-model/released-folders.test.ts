import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { loadWorldModel } from "../../src/world-model/load.ts";
import type { ContinuousPrediction, ContinuousWorldModel } from "../../src/world-model/world-model.ts";

/** Folders that version 0.1.0 wrote, and beside them what it predicted in a few pairs. */
const folder = fileURLToPath(new URL("fixtures/0.1.0", import.meta.url));

/** ±Infinity and NaN are kept as text. */
type Kept = readonly (number | string)[];
type Field = Exclude<keyof ContinuousPrediction, "covariance">;
type Predicted = { readonly states: Kept; readonly actions: Kept; readonly covariance?: Kept } & { readonly [Name in Field]: Kept };

const predictions: Readonly<Record<string, Predicted>> = JSON.parse(readFileSync(`${folder}/predictions.json`, "utf8"));
const numbers = (kept: Kept) => Float64Array.from(kept, Number);

/** Residuals, and answers that a session computes, are of single precision: another processor sums in another order. */
const DOUBLE = 1e-12;
const SINGLE = 1e-5;
const sessions = ["network", "pointwise", "noise-pointwise"];

function expectSame(found: ArrayLike<number> | undefined, kept: Kept, tolerance: number, what: string): void {
  expect(found, what).toHaveLength(kept.length);
  numbers(kept).forEach((was, i) => {
    const is = found![i];
    if (Object.is(is, was)) return;
    expect(Math.abs(is - was), `${what} ${i}: ${is}, and was ${was}`).toBeLessThanOrEqual(tolerance * (1 + Math.abs(was)));
  });
}

test("every folder has its predictions", () => {
  const folders = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  expect(folders.map(({ name }) => name).sort()).toEqual(Object.keys(predictions).sort());
  const told = Object.values(predictions).flatMap(({ states, nextStates }) => nextStates.filter((x, i) => x !== states[i]));
  expect(told.length).toBeGreaterThan(50);
});

test.each(Object.keys(predictions))("%s: a folder of version 0.1.0 loads and predicts what it did", async (name) => {
  const was = predictions[name];
  const model = (await loadWorldModel(`${folder}/${name}`)) as ContinuousWorldModel;
  const is = await model.predict(numbers(was.states), numbers(was.actions));
  const tolerance = sessions.includes(name) ? SINGLE : DOUBLE;
  for (const field of ["nextStates", "deviation", "bound", "trusted"] as const) expectSame(is[field], was[field], tolerance, field);
  expectSame(is.residual, was.residual, SINGLE, "residual");
  if (was.covariance) expectSame(is.covariance, was.covariance, tolerance, "covariance");
  else expect(is.covariance).toBeUndefined();
  await model.release();
});
