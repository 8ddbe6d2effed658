import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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

test("a training that ends before its first update says so", async () => {
  const ran = await run("train", "--quiet", "--env", "CartPole-v1", "--algorithm", "dqn", "--steps", "40", "--out", join(root, "none"));
  expect(ran.out).toMatch(/and 0 updates\.\nNothing was learned: updates begin at step 1000; give more --steps\./);
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
});

const written = ["critic.json", "tensors.safetensors", "log.jsonl", "learning-curve.svg", "report.html", EVENTS];

test("general value functions leave a log, a curve and a report; first states are as asked; the command says it all", async () => {
  const out = join(root, "gvf");
  const words = ["--env", "MountainCarContinuous-v0", "--algorithm", "gvf", "--hidden", "8", "--transitions", "500"];
  const updates = ["--target-steps", "20", "--residual-steps", "40", "--starts", "-1.2:0.5 -0.07:0.07", "--horizon", "20"];
  const trained = await train(...words, ...updates, "--out", out);
  expect(trained.code).toBe(0);
  expect(JSON.parse(trained.out)).toMatchObject({ heads: 72, identifiability: { dimensions: 2 } });
  for (const file of [...written, "checkpoint.safetensors"]) expect(existsSync(join(out, file)), file).toBe(true);
  const { made } = JSON.parse(readFileSync(join(out, "critic.json"), "utf8"));
  expect(made.command).toBe(
    "vinverse train --env MountainCarContinuous-v0 --algorithm gvf --seed 0 --transitions 500 --target-steps 20 --residual-steps 40 --starts '-1.2:0.5 -0.07:0.07' --horizon 20 --hidden 8",
  );
  expect(made.settings).toMatchObject({
    starts: [
      [-1.2, 0.5],
      [-0.07, 0.07],
    ],
    horizon: 20,
  });
  expect(readFileSync(join(out, "report.html"), "utf8")).toContain("<h2>Bellman residual</h2>");
  expect(readFileSync(join(out, "log.jsonl"), "utf8").trim().split("\n")).toHaveLength(1);
});

test.each(["q-learning", "sarsa", "value-iteration"])("%s leaves a log, a curve and a report", async (algorithm) => {
  const out = join(root, algorithm);
  const steps = algorithm === "value-iteration" ? [] : ["--steps", "3000"];
  const trained = await train("--env", "FrozenLake-v1", "--algorithm", algorithm, ...steps, "--out", out);
  expect(trained.code).toBe(0);
  for (const file of written) expect(existsSync(join(out, file)), file).toBe(true);
  if (algorithm === "value-iteration") return;
  const { discountedReturn, optimum } = JSON.parse(trained.out);
  expect(discountedReturn).toBeLessThanOrEqual(optimum + 1e-6);
  expect(JSON.parse(trained.out).identifiability.verdict).toMatch(/none leads to one state alone|of \d+ that one state follows/);
});

test("tables that have met no reward say that no values differ, and go on", async () => {
  const words = ["--env", "FourRooms-v0", "--algorithm", "q-learning", "--steps", "40", "--out", join(root, "unrewarded")];
  const trained = await train(...words);
  expect(JSON.parse(trained.out)).not.toHaveProperty("residualOverSignal");
  expect(JSON.parse(trained.out).identifiability.verdict).toMatch(
    /no values differ yet; of \d+ that one state follows, it is certain for 0/,
  );
  expect(readFileSync(join(root, "unrewarded", "log.jsonl"), "utf8")).not.toContain("null");
  expect(readFileSync(join(root, "unrewarded", "report.html"), "utf8")).not.toContain("NaN");
  expect(await train(...words, "--resume")).toMatchObject({ code: 0, out: expect.stringContaining('"steps":40,') });
});

test("files of others are left alone unless asked, and a file is no folder", async () => {
  const out = join(root, "letters");
  mkdirSync(out);
  writeFileSync(join(out, "letter.txt"), "dear");
  const words = ["--env", "FourRooms104-v0", "--algorithm", "value-iteration", "--out"];
  expect(await train(...words, out)).toMatchObject({ code: 2, err: expect.stringMatching(/holds other files.*--force/) });
  expect(await train(...words, join(out, "letter.txt"))).toMatchObject({ code: 2, err: expect.stringMatching(/is a file/) });
  expect((await train(...words, out, "--force")).code).toBe(0);
  expect(readFileSync(join(out, "letter.txt"), "utf8")).toBe("dear");
});

describe("what does not fit is told in a sentence, and leaves nothing behind", () => {
  const cases: readonly (readonly [string, readonly string[], number, RegExp])[] = [
    ["an unknown environment", ["--env", "Nowhere-v0", "--algorithm", "dqn"], 1, /Nowhere-v0/],
    ["DQN in a Box", ["--env", "Pendulum-v1", "--algorithm", "dqn"], 1, /use sac or td3/],
    ["SAC with Discrete actions", ["--env", "CartPole-v1", "--algorithm", "sac"], 1, /use dqn or qr-dqn/],
    ["a network for a tabular environment", ["--env", "FourRooms104-v0", "--algorithm", "dqn"], 1, /tabular/],
    [
      "a table for a physical system",
      ["--env", "CartPole-v1", "--algorithm", "q-learning"],
      1,
      /CartPole-v1 has no tables of states and actions; q-learning needs them/,
    ],
    ["goals that are none", ["--env", "FourRooms104-v0", "--algorithm", "value-iteration", "--goals", "2"], 2, /pairs such as/],
    [
      "an option of other algorithms",
      ["--env", "Pendulum-v1", "--algorithm", "gvf", "--steps", "10"],
      2,
      /gvf takes no --steps; it takes --policy, --transitions/,
    ],
    ["tables with a policy", ["--env", "Taxi-v3", "--algorithm", "sarsa", "--policy", "x"], 2, /sarsa takes no --policy/],
    ["ranges that are none", ["--env", "Pendulum-v1", "--algorithm", "gvf", "--starts", "1:0 2:3"], 2, /ranges such as/],
    [
      "one range for two",
      ["--env", "Pendulum-v1", "--algorithm", "gvf", "--starts", "0:1"],
      1,
      /2 coordinates \(θ, θ̇\); give as many ranges, not 1/,
    ],
    ["starts without bounds", ["--env", "CartPole-v1", "--algorithm", "gvf", "--starts", "uniform"], 1, /has no bounds; give ranges/],
    [
      "general values of numbers",
      ["--env", "Taxi-v3", "--algorithm", "gvf"],
      1,
      /Taxi-v3 is tabular: use q-learning, sarsa or value-iteration/,
    ],
    [
      "no general values to resume",
      ["--env", "Pendulum-v1", "--algorithm", "gvf", "--resume"],
      1,
      /checkpoint\.safetensors.*does not exist/,
    ],
    ["no tables to resume", ["--env", "Taxi-v3", "--algorithm", "sarsa", "--resume"], 1, /checkpoint\.safetensors.*does not exist/],
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
