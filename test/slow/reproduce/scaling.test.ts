import { expect, test } from "vitest";
import { scaling } from "../../../src/reproduce/scaling.ts";

test("scaling, small: every answer right, as SciPy's where it is installed, and memory measured in a process of its own", async () => {
  const { figures, details } = await scaling([1], { sides: [20, 60], memory: [{ heads: 2, side: 60 }] });
  expect(figures.wrong).toBe(0);
  expect(figures.secondsPerMillionStates).toBeGreaterThan(0); // timing: what is promised is held by `vinverse reproduce scaling`
  const [{ versus, memory }] = (
    details as { perSeed: { versus: { disagreements?: number }; memory: { before: number; peak: number; answered: number }[] }[] }
  ).perSeed;
  expect(versus.disagreements ?? 0).toBe(0);
  expect(memory[0].answered).toBe(4 * 3600);
  expect(memory[0].peak).toBeGreaterThanOrEqual(memory[0].before);
});
