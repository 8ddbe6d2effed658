import { expect, test } from "vitest";
import { paperFigure } from "../../src/reproduce/paper-figure.ts";
import { reproduceWvf } from "../../src/reproduce/wvf.ts";
import { worldValues } from "../world-values.ts";

const critics = worldValues();

test("world value functions: every move right, none tied, and the truth always a candidate", async () => {
  const { figures, details } = await reproduceWvf({ critics, seed: 1 });
  expect(figures).toMatchObject({ correct: 416, tied: 0, candidateMisses: 0 });
  expect(figures.speedupOverPseudoInverse ?? Number.POSITIVE_INFINITY).toBeGreaterThan(10); // timing: what is promised is held by `vinverse reproduce wvf`
  const { fewGoals } = details as { fewGoals: { everyState: { right: number; meanTies: number }; neighbours: { right: number } }[] };
  [0.18, 0.74, 0.86, 0.97].forEach((right, g) => {
    expect(Math.abs(fewGoals[g].everyState.right - right)).toBeLessThan(0.03);
  });
  [0.67, 0.87, 0.93, 0.98].forEach((right, g) => {
    expect(Math.abs(fewGoals[g].neighbours.right - right)).toBeLessThan(0.03);
  });
  expect(fewGoals[0].everyState.meanTies).toBeCloseTo(6.6, 0);
});

test("the paper's figure: no law broken, no point below", async () => {
  const { figures, details } = await paperFigure([5], 4);
  expect(figures).toEqual({ lawViolations: 0, pointsBelowPublished: 0 });
  const { curves } = details as { curves: { lawCases: number[]; plainRulePointsBelowPublished: number }[] };
  for (const { lawCases } of curves) expect(lawCases[0]).toBeGreaterThan(8);
});
