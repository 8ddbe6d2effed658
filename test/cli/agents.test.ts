import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { candidateSets } from "../../src/agents/tabular/candidates.ts";
import { goalWorld } from "../../src/agents/tabular/goal-world.ts";
import { make } from "../../src/environments/make.ts";
import { exactGoalCritic } from "../../src/reproduce/rivals/goal-critic.ts";
import { createTabularWorldModel } from "../../src/world-model/tabular.ts";
import { run } from "./harness.ts";

const folder = mkdtempSync(join(tmpdir(), "vinverse-agents-"));
const model = join(folder, "model");
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("a model of four rooms put to work", () => {
  beforeAll(async () => {
    const { grid, tables } = make("FourRooms-v0", { goals: [] });
    const at = [
      [1, 1],
      [9, 9],
      [2, 8],
      [8, 2],
      [5, 2],
      [4, 9],
      [7, 6],
      [3, 3],
    ].map(([row, column]) => [grid!.stateAt[row * grid!.columns + column]]);
    const world = goalWorld("FourRooms-v0", tables!, { start: 0, discount: 0.95, horizon: 100 });
    const { states, actions, offsets, next, weights } = candidateSets(exactGoalCritic(world, at));
    const [residual, margin] = [new Float64Array(states * actions), new Float64Array(states * actions)];
    const ambiguous = Uint8Array.from(residual, (_, pair) => (offsets[pair + 1] - offsets[pair] > 1 ? 1 : 0));
    const answers = { offsets, nextStates: next, probabilities: weights, ambiguous, residual, margin };
    await createTabularWorldModel({ method: "matching", states, actions, critics: ["8 goals"], ...answers }).save(model);
  });

  test("plan reaches a goal that no head was of, as soon as can be", async () => {
    const ran = await run("plan", model, "--env", "FourRooms-v0", "--goal", "3,8", "--json", "--quiet");
    expect(ran.code).toBe(0);
    const found = JSON.parse(ran.out);
    expect(found.reached).toBe(true);
    expect(found.achieved).toBeCloseTo(found.optimum, 9);
  });

  test("explore: the curves, and a page with their bands", async () => {
    const out = join(folder, "explore");
    const words = ["explore", model, "--env", "FourRooms-v0", "--runs", "2", "--steps", "300", "--out", out, "--json", "--quiet"];
    const ran = await run(...words);
    expect(ran.code).toBe(0);
    const { curves } = JSON.parse(ran.out);
    expect(curves.map((curve: { name: string }) => curve.name)).toEqual(["inferred model", "R-max", "optimistic Q-learning"]);
    for (const { y, low, high } of curves)
      for (let i = 0; i < y.length; i++) {
        expect(low[i]).toBeLessThanOrEqual(y[i] + 1e-12);
        expect(high[i]).toBeGreaterThanOrEqual(y[i] - 1e-12);
      }
    expect(readFileSync(join(out, "report.html"), "utf8")).toContain("<svg");
    expect((await run(...words.filter((word) => word !== "--out" && word !== out))).out).toBe(ran.out);
  });

  test("adapt tells what changed", async () => {
    const ran = await run(
      "adapt",
      model,
      "--env",
      "FourRooms-v0",
      "--goal",
      "9,9",
      "--block",
      "2,5",
      "--runs",
      "4",
      "--steps",
      "400",
      "--quiet",
    );
    expect(ran.code).toBe(0);
    expect(ran.out).toContain("leads nowhere now");
    expect(ran.out).toContain("as short as before");
    const turned = await run("adapt", model, "--env", "FourRooms-v0", "--goal", "9,9", "--turn", "1", "--runs", "2", "--quiet");
    expect(turned.out).not.toContain("as short as before");
  });

  test.each([
    [["plan", model, "--env", "FourRooms-v0", "--goal", "0,0"], "no state of FourRooms-v0"],
    [["plan", model, "--env", "Taxi-v3", "--goal", "1"], "does not have the 68 states"],
    [["explore", model, "--env", "FourRooms-v0", "--within", "0.1"], "--within is for continuous models"],
    [["adapt", model, "--env", "FourRooms-v0", "--goal", "9,9"], "--block, --turn, or --change"],
    [["adapt", model, "--env", "FourRooms-v0", "--goal", "1,2", "--start", "1,1", "--block", "1,2"], "cannot be reached"],
  ])("%j is refused in a sentence", async (words, sentence) => {
    const ran = await run(...words);
    expect(ran.code).toBe(2);
    expect(ran.err).toContain(sentence);
  });
});

test("nothing is left where a command was refused", () => expect(existsSync(join(folder, "adapt"))).toBe(false));

describe("a model of ice put to work, where outcomes are drawn", () => {
  const lake = join(folder, "lake");
  beforeAll(async () => {
    const critic = join(folder, "lake-critic");
    const words = ["--env", "FrozenLake-v1", "--quiet"];
    expect((await run("train", ...words, "--algorithm", "value-iteration", "--identifiable", "--out", critic)).code).toBe(0);
    expect((await run("infer", critic, ...words, "--method", "projection", "--out", lake)).code).toBe(0);
  });

  test("explore finds goals sooner than R-max", async () => {
    const ran = await run("explore", lake, "--env", "FrozenLake-v1", "--runs", "6", "--steps", "2000", "--json", "--quiet");
    const { curves } = JSON.parse(ran.out) as { curves: { name: string; solved: number[] }[] };
    const total = (name: string) => curves.find((curve) => curve.name === name)!.solved.reduce((sum, x) => sum + x, 0);
    expect(total("inferred model")).toBeLessThan(total("R-max"));
  });

  test("adapt notices that the ice slips less, and that actions were turned", async () => {
    const words = ["adapt", lake, "--env", "FrozenLake-v1", "--goal", "15", "--runs", "4", "--steps", "1500", "--json", "--quiet"];
    const slips = JSON.parse((await run(...words, "--change", "success_rate=0.9")).out);
    expect(slips.change).toMatch(/less noise|turned/);
    const turned = JSON.parse((await run(...words, "--turn", "1")).out);
    expect(turned.change).toContain("actions turned");
    expect(turned.noticed).toBe(4);
    expect(turned.curves.map((curve: { name: string }) => curve.name)).toEqual(["inferred model", "Q-learning that goes on", "Dyna-Q"]);
  });

  test("one sentence for a change that is none, two changes, and one that the world does not have", async () => {
    const words = ["adapt", lake, "--env", "FrozenLake-v1", "--goal", "15"];
    expect((await run(...words)).err).toBe("vinverse: give one change: --block, --turn, or --change name=number.\n");
    expect((await run(...words, "--turn", "1", "--change", "success_rate=0.9")).code).toBe(2);
    expect((await run(...words, "--change", "ice=2")).err).toMatch(/^vinverse: FrozenLake-v1 has no option 'ice'; it has .*success_rate/);
    expect((await run(...words, "--change", "success_rate")).err).toMatch(/--change takes name=number/);
    expect((await run(...words, "--change", "success_rate=3")).err).toContain("success_rate is from 0 to 1");
    expect((await run(...words, "--turn", "4")).err).toContain("changes nothing");
  });
});
