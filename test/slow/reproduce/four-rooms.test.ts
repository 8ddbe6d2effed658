import { expect, test } from "vitest";
import { reproduceFourRooms } from "../../../src/reproduce/four-rooms.ts";

test("four rooms from exact values", async () => {
  const { figures, details } = await reproduceFourRooms({ seed: 1 });
  expect(figures.deterministicErrors).toBe(0);
  expect(figures.windyKnownSupportMse).toBeLessThan(1e-20);
  expect(figures.windyUnknownSupportMse).toBeLessThan(1e-20);
  expect(figures.windyUnknownSupportFourGoalsMse).toBeLessThan(1e-20);
  expect(figures.windySimplexAloneMse).toBeGreaterThan(1e-5);
  expect(figures.windyFewestMse).toBeLessThan(1e-20);
  expect(figures.teleportingMse).toBeLessThan(1e-20);
  expect(figures.teleportingEntropyMse).toBeLessThan(2e-5);
  expect(figures.teleportingEntropyMse).toBeLessThan(figures.teleportingVertexMse);
  expect(figures.planRegret).toBeLessThan(1e-6);
  const { learned } = details as { learned: { deterministic: Record<string, number>; windyKnownSupport: { mse: number } }[] };
  for (const { deterministic, windyKnownSupport } of learned) {
    expect(deterministic.supError).toBeLessThan(deterministic.errorBound);
    expect(deterministic.wrong).toBe(0);
    expect(windyKnownSupport.mse).toBeLessThan(1e-3);
  }
});
