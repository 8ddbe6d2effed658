import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { make } from "../../src/environments/make.ts";
import { readNpz } from "../../src/formats/npy.ts";
import { simulatorOfPhysics } from "../../src/planning/simulator.ts";
import { run } from "./harness.ts";

const folder = mkdtempSync(join(tmpdir(), "vinverse-explore-"));
const [model, out] = [join(folder, "car"), join(folder, "explore")];
const words = ["explore", model, "--env", "MountainCarContinuous-v0", "--runs", "1", "--steps", "60", "--json", "--quiet"];

beforeAll(async () => {
  const ran = await run("infer", "zoo/MountainCarContinuous-v0", "--states", "500", "--out", model, "--quiet", "--json");
  expect(ran.code).toBe(0);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("a car that is explored in its inferred model", () => {
  test("every explorer is told of; the steps of the first run are real ones", async () => {
    const ran = await run(...words, "--goal", "position=0.5", "--out", out);
    expect(ran.code).toBe(0);
    const { agents, errorBefore } = JSON.parse(ran.out);
    expect(agents.map(({ name }: { name: string }) => name)).toEqual([
      "inferred model",
      "true laws",
      "nothing known",
      "random actions",
      "random, held 20 steps",
    ]);
    expect(errorBefore).toBeGreaterThan(0);
    for (const { stepsToGoal, unsolved } of agents) expect(unsolved === 1 ? stepsToGoal : [60]).toEqual([60]);
    expect(readFileSync(join(out, "report.html"), "utf8")).toContain("<svg");
    const steps = readNpz(readFileSync(join(out, "transitions.npz")), "transitions.npz");
    const [states, actions, nextStates] = ["states", "actions", "next_states"].map((name) => Float64Array.from(steps.get(name)!.data));
    expect(actions).toHaveLength(60);
    const laws = simulatorOfPhysics(make("MountainCarContinuous-v0").physics!);
    expect((await laws.step(states, actions, 60)).nextStates).toEqual(nextStates);
  });

  test.each([
    [["--within", "0.1"], "give --goal too"],
    [["--start", "1"], "--start is for tabular models"],
    [["--env", "Pendulum-v1"], "the coordinates θ, θ̇"],
    [["--env", "Taxi-v3"], "no continuous states"],
  ])("%j is refused in a sentence", async (more, sentence) => {
    const ran = await run(...words, ...more);
    expect(ran.code).toBe(2);
    expect(JSON.parse(ran.out).error.message ?? ran.out).toContain(sentence);
  });
});
