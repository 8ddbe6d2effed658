import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { run } from "../../cli/harness.ts";

const folder = mkdtempSync(join(tmpdir(), "vinverse-adapt-"));
const model = join(folder, "pendulum");
const out = join(folder, "adapt");
const words = ["adapt", model, "--env", "Pendulum-v1", "--runs", "1", "--json", "--quiet"];

beforeAll(async () => {
  const ran = await run("infer", "zoo/Pendulum-v1", "--states", "500", "--out", model, "--quiet", "--json");
  expect(ran.code).toBe(0);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("a pendulum that becomes twice as heavy under its inferred model", () => {
  test("is noticed, told in words, and swung up again as well as by the true laws; the page shows it", async () => {
    const ran = await run(...words, "--change", "mass=2", "--steps", "20", "--out", out);
    expect(ran.code).toBe(0);
    const { change, returns, noticed, solved, unsolved, runs } = JSON.parse(ran.out);
    expect(change).toEqual({ mass: 2 });
    expect(noticed[0]).toBeLessThanOrEqual(10);
    expect(runs[0].sentence).toContain("θ̇ answers 'action' 0.50 times as before");
    expect(runs[0].lessons.length).toBeGreaterThan(0);
    expect(returns.before).toBeGreaterThan(returns.adapted);
    expect(returns.adapted).toBeGreaterThan(returns.oldPlan + 10);
    expect(returns.adapted).toBeGreaterThan(1.05 * returns.trueLaws);
    expect([solved.length, unsolved]).toEqual([1, 0]);
    const page = readFileSync(join(out, "report.html"), "utf8");
    expect(page).toContain("<svg");
    expect(page).toContain("planned in the true new laws");
  });

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
