import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { writeNpz } from "../../src/formats/write-npz.ts";
import { loadWorldModel } from "../../src/world-model/load.ts";
import type { TabularPrediction } from "../../src/world-model/world-model.ts";
import { plainPendulum } from "../trained-critic.ts";
import { worldValues } from "../world-values.ts";
import { run } from "./harness.ts";

const agents = "test/formats/fixtures/zoo";
const world = join(worldValues(), "WVF.npy");
const folder = mkdtempSync(join(tmpdir(), "vinverse-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A float64 array as an .npy file. */
function writeNpy(name: string, shape: readonly number[], data: readonly number[]): string {
  const header = `{'descr': '<f8', 'fortran_order': False, 'shape': (${shape.join(", ")},), }`.padEnd(117);
  const file = join(folder, name);
  const length = Buffer.from([118, 0]);
  writeFileSync(
    file,
    Buffer.concat([
      Buffer.from("\x93NUMPY\x01\x00", "latin1"),
      length,
      Buffer.from(`${header}\n`),
      Buffer.from(Float64Array.from(data).buffer),
    ]),
  );
  return file;
}

/** Three states in a ring, two actions (stay, go on), two heads of γ = ½ that share a reward of 1: V is given, Q follows. */
function ring(): string {
  const v = [
    [0, 1, 4],
    [3, 1, 2],
  ];
  const q = v.flatMap((values) => [0, 1, 2].flatMap((s) => [1 + values[s] / 2, 1 + values[(s + 1) % 3] / 2]));
  return writeNpy("ring.npy", [2, 3, 2], q);
}

test("a table whose reward is unknown and alone is refused in a sentence", async () => {
  const ran = await run("infer", writeNpy("one.npy", [2, 2], [1, 2, 3, 4]), "--gamma", "0.5", "--json");
  expect(ran.code).toBe(1);
  expect(JSON.parse(ran.out).error).toMatchObject({ name: "RefusalError", exitCode: 1 });
  expect(ran.err).toContain("rewards");
  expect(ran.err).not.toContain("foreseen");
});

test("wrong usage is exit 2, told before anything is read or written", async () => {
  const out = join(folder, "mine");
  mkdirSync(out);
  writeFileSync(join(out, "thesis.tex"), "");
  const cases: [string[], string][] = [
    [["infer"], "missing required argument 'critic'"],
    [["infer", "none.zip", "--out", out], "--force"],
    [["infer", ring(), "--gamma", "0.5", "--method", "guess"], "it is one of matching, projection"],
    [["infer", ring(), "--gamma", "0.5", "--method", "pointwise"], "for networks"],
    [["infer", ring(), "--gamma", "1.5"], "above 0 and up to 1"],
    [["infer", ring(), "--gamma", "0.5", "--env", "Moon-v0"], "there is no environment 'Moon-v0'"],
    [["infer", ring(), "--gamma", "0.5", "--env", "FrozenLake-v1"], "does not have the states and actions"],
    [["infer", ring(), "--states", "0"], "from 1 on"],
  ];
  for (const [words, says] of cases) {
    const ran = await run(...words, "--quiet");
    expect([words.join(" "), ran.code, ran.out]).toEqual([words.join(" "), 2, ""]);
    expect(ran.err).toContain(says);
  }
  expect(readdirSync(out)).toEqual(["thesis.tex"]);
});

test("a table's reward may be a number, a table, or unknown between heads that share it", async () => {
  const next = [0, 1, 1, 2, 2, 0];
  // the values of a policy that goes on half of the time need not be the best: V is in the file
  const values = [0, 1, 4, 3, 1, 2];
  const table = join(folder, "valued.npz");
  const q = [0, 3].flatMap((head) => next.map((s) => 1 + values[head + s] / 2));
  const arrays = { q: { shape: [2, 3, 2], data: Float64Array.from(q) }, v: { shape: [2, 3], data: Float64Array.from(values) } };
  writeFileSync(table, writeNpz(arrays));
  const found = async (...reward: string[]) => {
    const out = join(folder, `ring-${reward.length}-${reward.at(-1)?.replace(/\W/g, "")}`);
    const ran = await run("infer", table, "--gamma", "0.5", ...reward, "--out", out, "--json", "--quiet");
    expect(ran.code, ran.err).toBe(0);
    const model = await loadWorldModel(out);
    return [...((await model.predict([0, 0, 1, 1, 2, 2], [0, 1, 0, 1, 0, 1])) as TabularPrediction).nextStates];
  };
  expect(await found("--reward", "1")).toEqual(next);
  expect(await found("--reward", "unknown")).toEqual(next);
  expect(await found("--reward", writeNpy("ones.npy", [3, 2], [1, 1, 1, 1, 1, 1]))).toEqual(next);
  expect(await found("--reward", "0")).not.toEqual(next);
  for (const [reward, says] of [
    ["much", "is not for tables"],
    [writeNpy("two.npy", [2], [1, 1]), "must hold rewards [3, 2] or [2, 3, 2]"],
  ]) {
    const ran = await run("infer", table, "--gamma", "0.5", "--reward", reward, "--quiet");
    expect([ran.code, ran.err]).toEqual([2, expect.stringContaining(says)]);
  }
});

describe("from a critic to a folder", () => {
  test("a reward of one's own as a module: the environment's gives the environment's answer; heads of one question cannot do without", async () => {
    const sac = await plainPendulum(join(folder, "sac"));
    const module = join(folder, "reward.mjs");
    writeFileSync(module, "export default ([angle, rate], [torque]) => -(angle ** 2 + 0.1 * rate ** 2 + 0.001 * torque ** 2);\n");
    const words = ["infer", sac, "--states", "300", "--json", "--quiet"];
    const own = JSON.parse((await run(...words, "--reward", module)).out);
    const theirs = JSON.parse((await run(...words)).out);
    expect(own.error).toBeCloseTo(theirs.error, 6);
    const nothing = JSON.parse((await run(...words, "--reward", "0")).out);
    expect(nothing.error).toBeGreaterThan(2 * theirs.error);
    writeFileSync(join(folder, "empty.mjs"), "export const reward = 1;\n");
    const refused = await run(...words, "--reward", join(folder, "empty.mjs"));
    expect([refused.code, refused.err]).toEqual([2, expect.stringContaining("no default export")]);
  });
  const read = (out: string) =>
    Object.fromEntries(readdirSync(out).map((file) => [file, readFileSync(join(out, file)).toString("latin1")]));

  test("a world value function: every next state right, the folder complete, the same bytes again", async () => {
    const out = join(folder, "wvf");
    const words = ["infer", world, "--out", out, "--json", "--quiet"];
    const ran = await run(...words);
    expect(ran).toMatchObject({ code: 0, err: "" });
    const json = JSON.parse(ran.out);
    expect(json).toMatchObject({ environment: "FourRooms104-v0", method: "matching", error: 0, out });
    expect(json.score).toMatchObject({ pairs: 416, correct: 416, ambiguous: 0, none: 0, misses: 0, mse: 0 });
    const first = read(out);
    expect(Object.keys(first).sort()).toEqual(["model.json", "report.html", "summary.json", "tensors.safetensors"]);
    expect(first["report.html"]).toContain("416 moves of 104 states: 416 right, 0 wrong");
    expect(JSON.parse(first["summary.json"]).score.correct).toBe(416);
    expect((await run(...words)).code).toBe(0);
    expect(read(out)).toEqual(first);
    const evaluated = await run("evaluate", out, "--json", "--quiet");
    expect(JSON.parse(evaluated.out)).toMatchObject({ environment: "FourRooms104-v0", error: 0, score: json.score });
    expect((await run("evaluate", out, "--env", "Pendulum-v1", "--quiet")).code).toBe(2);
  });

  test("a pendulum's critic: scored on states of another seed, and the same bytes again", async () => {
    const out = join(folder, "pendulum");
    const words = ["infer", await plainPendulum(join(folder, "plain")), "--states", "200", "--out", out, "--json"];
    const ran = await run(...words);
    expect(ran.code).toBe(0);
    const json = JSON.parse(ran.out);
    expect(json.score.seed).not.toBe(json.seed);
    expect(json.score.dimensions.map((dimension: { name: string }) => dimension.name)).toEqual(["θ", "θ̇"]);
    const first = read(out);
    expect(first["report.html"]).toContain("Predicted against true change");
    expect((await run(...words)).code).toBe(0);
    expect(read(out)).toEqual(first);
    const evaluated = JSON.parse((await run("evaluate", out, "--json", "--quiet")).out);
    expect(evaluated.error).toBeCloseTo(json.error, 6);
    expect(JSON.parse((await run("evaluate", out, "--seed", "5", "--json", "--quiet")).out).error).not.toBe(evaluated.error);
  });

  test("an environment that the critic was not trained in is refused", async () => {
    const ran = await run("infer", join(agents, "dqn/CartPole-v1_1"), "--env", "Pendulum-v1", "--quiet");
    expect(ran).toMatchObject({ code: 2, out: "" });
    expect(ran.err).toContain("they are not of one environment");
  });
});

test("a folder without a model is told, exit 1; a model of another world is wrong usage", async () => {
  const ran = await run("evaluate", folder, "--json", "--quiet");
  expect(ran.code).toBe(1);
  expect(JSON.parse(ran.out).error).toMatchObject({ name: "FormatError", file: folder });
});
