import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { checkSameWorld } from "../../src/cli/parts/environments.ts";
import { coordinatesOf, rangesOf } from "../../src/cli/parts/plan-aim.ts";
import { pendulum } from "../../src/environments/pendulum.ts";
import { discrete } from "../../src/spaces/space.ts";
import { loadWorldModel } from "../../src/world-model/load.ts";
import { run } from "./harness.ts";

const folder = mkdtempSync(join(tmpdir(), "vinverse-plan-"));
const model = join(folder, "pendulum");
const { coordinates } = pendulum();

beforeAll(async () => {
  const ran = await run("infer", "zoo/Pendulum-v1", "--env", "Pendulum-v1", "--out", model, "--quiet", "--json");
  expect(ran.code).toBe(0);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("plan in a continuous model", () => {
  const words = ["plan", model, "--env", "Pendulum-v1", "--goal", "0,0", "--starts", "4", "--json", "--quiet"];

  test("swings the pendulum up as soon as the true laws would, and shows the curves", async () => {
    const out = join(folder, "plan");
    const ran = await run(...words, "--out", out);
    expect(ran.code).toBe(0);
    const { reached, goal, runs } = JSON.parse(ran.out);
    expect(reached).toBe(4);
    expect(goal).toEqual({ θ: 0, θ̇: 0 });
    const [planned, exact] = runs.map(({ steps }: { steps: number[] }) => steps.reduce((a, b) => a + b, 0));
    expect(planned).toBeLessThanOrEqual(1.1 * exact);
    const page = readFileSync(join(out, "report.html"), "utf8");
    expect(page).toContain("<svg");
    expect(page).toContain("95 % bootstrap intervals");
  });

  test.each([
    [[...words.slice(0, 4), "--goal", "up"], "is no number"],
    [[...words.slice(0, 4), "--goal", "1,2,3"], "more numbers than there are coordinates"],
    [[...words.slice(0, 4), "--goal", "0", "--keep", "θ̇=3"], "must be name=low:high"],
    [[...words.slice(0, 4), "--goal", "0,99"], "goes from -8 to 8"],
    [[...words.slice(0, 4), "--goal", "0", "--pessimism", "0.5"], "--pessimism is for tabular models"],
    [words.slice(0, 4), "--goal is missing: values of θ, θ̇"],
    [["plan", model, "--env", "MountainCarGoal-v0", "--goal", "0"], "has the coordinates position, velocity"],
    [["evaluate", model, "--env", "MountainCarGoal-v0"], "has the coordinates position, velocity"],
  ])("%j is refused in a sentence", async (asked, sentence) => {
    const ran = await run(...asked);
    expect(ran.code).toBe(2);
    expect(ran.err).toContain(sentence);
  });
});

test("a model is not held against a world of other actions", async () => {
  const read = await loadWorldModel(model);
  if (read.kind !== "continuous") throw new Error("a pendulum's model is continuous");
  const physics = pendulum();
  expect(() => checkSameWorld(read, { ...physics, id: "Pendulum-v1" }, model)).not.toThrow();
  const other = { id: "Other", coordinates: physics.coordinates, actionSpace: discrete(3) };
  expect(() => checkSameWorld(read, other, model)).toThrow(/Other has the actions Discrete\(3\), the model in .* Box\(1\)/);
  await read.release();
});

test("goals and limits are read by order, by name and by number", () => {
  expect(Array.from(coordinatesOf("_,1.5", coordinates, "--goal"))).toEqual([Number.NaN, 1.5]);
  expect(Array.from(coordinatesOf("1=1.5", coordinates, "--goal"))).toEqual([Number.NaN, 1.5]);
  expect(Array.from(coordinatesOf("θ=-1", coordinates, "--goal"))).toEqual([-1, Number.NaN]);
  expect(rangesOf("1=-2:3", coordinates)).toEqual([
    [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
    [-2, 3],
  ]);
});
