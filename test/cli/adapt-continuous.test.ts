import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { run } from "./harness.ts";

const folder = mkdtempSync(join(tmpdir(), "vinverse-adapt-"));
const model = join(folder, "pendulum");
const words = ["adapt", model, "--env", "Pendulum-v1", "--runs", "1", "--json", "--quiet"];

beforeAll(async () => {
  const ran = await run("infer", "zoo/Pendulum-v1", "--states", "500", "--out", model, "--quiet", "--json");
  expect(ran.code).toBe(0);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("a pendulum that becomes twice as heavy under its inferred model", () => {
  test.each([
    [[], "give the change"],
    [["--change", "mass"], "name=number"],
    [["--change", "mass=two"], "name=number"],
    [["--change", "weight=2"], "it has maxEpisodeSteps, g, mass, length, maxTorque"],
    [["--change", "mass=1"], "changes nothing in how Pendulum-v1 moves"],
    [["--change", "mass=0"], "not numbers"],
    [["--change", "mass=2", "--block", "1,1"], "--block is for tabular models"],
    [["--change", "mass=2", "--discount", "0.9"], "--discount is for tabular models"],
    [["--change", "force=0.002", "--env", "MountainCar-v0"], "the coordinates position, velocity"],
    [["--change", "maxEpisodeSteps=9", "--env", "Acrobot-v1"], "CartPole-v1, MountainCar-v0"],
  ])("%j is refused in a sentence, and nothing is written", async (more, sentence) => {
    const place = join(folder, "refused");
    const ran = await run(...words, ...more, "--out", place);
    expect(ran.code).toBe(2);
    expect(JSON.parse(ran.out).error.message ?? ran.out).toContain(sentence);
    expect(existsSync(place)).toBe(false);
  });
});
