import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { EVENTS } from "../../src/learning/training-log.ts";
import { run } from "./harness.ts";

const root = mkdtempSync(join(tmpdir(), "vinverse-train-"));
afterAll(() => rmSync(root, { recursive: true }));

const train = (...words: string[]) => run("train", "--json", "--quiet", ...words);

test("a table is trained, read and inverted; it is not replaced unless asked", async () => {
  const out = join(root, "rooms");
  const words = ["--env", "FourRooms104-v0", "--algorithm", "value-iteration", "--goals", "2,1 2,10 4,7 6,11 10,1 11,10", "--out", out];
  const trained = await train(...words);
  expect(trained.code).toBe(0);
  expect(JSON.parse(trained.out)).toMatchObject({ heads: 6, algorithm: "value-iteration" });
  const inferred = await run("infer", out, "--json", "--quiet");
  expect(inferred.code).toBe(0);
  const again = await train(...words);
  expect(again.code).toBe(2);
  expect(again.err).toMatch(/holds a critic; give --resume/);
  expect((await train(...words, "--force")).code).toBe(0);
});

test("a short training leaves a critic, a log and a checkpoint", async () => {
  const out = join(root, "cart");
  const trained = await train("--env", "CartPole-v1", "--algorithm", "dqn", "--steps", "400", "--out", out);
  expect(trained.code).toBe(0);
  expect(JSON.parse(trained.out).meanReturn).toBeGreaterThan(0);
  for (const file of [
    "critic.json",
    "tensors.safetensors",
    "log.jsonl",
    "checkpoint.safetensors",
    "learning-curve.svg",
    "report.html",
    EVENTS,
  ])
    expect(existsSync(join(out, file))).toBe(true);
  const inspected = await run("inspect", out, "--json", "--quiet");
  expect(JSON.parse(inspected.out)).toMatchObject({ algorithm: "DQN", environment: "CartPole-v1" });
});

test("tables learn random signals beside their task, and give up every next state", async () => {
  const out = join(root, "taxi");
  const trained = await train("--env", "Taxi-v3", "--algorithm", "value-iteration", "--identifiable", "--out", out);
  expect(JSON.parse(trained.out)).toMatchObject({ heads: 11, identifiability: { usable: true, tiedStates: 0 } });
  const inferred = await run("infer", out, "--json", "--quiet");
  expect(JSON.parse(inferred.out).score).toMatchObject({ pairs: 3000, correct: 3000, ambiguous: 0 });
});

test("identifiability is told and reported as a network trains", async () => {
  const out = join(root, "heads");
  const words = ["--env", "CartPole-v1", "--algorithm", "dqn", "--steps", "40", "--identifiable", "--out", out];
  const trained = await run("train", "--json", ...words);
  expect(trained.code).toBe(0);
  expect(JSON.parse(trained.out).identifiability).toMatchObject({ dimensions: 4 });
  expect(trained.err).toMatch(/residual \d+ % of signal, sees \d of 4 directions/);
  expect(readFileSync(join(out, "report.html"), "utf8")).toContain("<h2>Identifiability</h2>");
  expect(readFileSync(join(out, "learning-curve.svg"), "utf8")).toMatch(/^<svg/);
}, 120_000);

describe("what does not fit is told in a sentence, and leaves nothing behind", () => {
  const cases: readonly (readonly [string, readonly string[], number, RegExp])[] = [
    ["an unknown environment", ["--env", "Nowhere-v0", "--algorithm", "dqn"], 1, /Nowhere-v0/],
    ["DQN in a Box", ["--env", "Pendulum-v1", "--algorithm", "dqn"], 1, /use sac or td3/],
    ["SAC with Discrete actions", ["--env", "CartPole-v1", "--algorithm", "sac"], 1, /use dqn or qr-dqn/],
    ["a network for numbered states", ["--env", "FourRooms104-v0", "--algorithm", "dqn"], 1, /tabular/],
    ["a table for a physical system", ["--env", "CartPole-v1", "--algorithm", "q-learning"], 2, /numbered states/],
    ["goals that are none", ["--env", "FourRooms104-v0", "--algorithm", "value-iteration", "--goals", "2"], 2, /pairs such as/],
    ["an unknown algorithm", ["--env", "CartPole-v1", "--algorithm", "magic"], 2, /choices/i],
    ["nothing to resume", ["--env", "CartPole-v1", "--algorithm", "dqn", "--resume"], 1, /checkpoint\.safetensors.*does not exist/],
  ];
  test.each(cases)("%s", async (name, words, code, said) => {
    const out = join(root, name.replaceAll(" ", "-"));
    const ran = await train(...words, "--out", out);
    expect(ran.code).toBe(code);
    expect(ran.err).toMatch(said);
    expect(ran.err).not.toMatch(/not foreseen/);
    expect(existsSync(out)).toBe(false);
  });
});
