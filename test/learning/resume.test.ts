import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { make } from "../../src/environments/make.ts";
import { loadCritic } from "../../src/formats/load-critic.ts";
import { type RunOptions, runTraining } from "../../src/learning/deep/run.ts";
import { runGeneralValues } from "../../src/learning/invertible/run-general-values.ts";
import { runTable } from "../../src/learning/tabular/run-table.ts";
import { EVENTS, openLog } from "../../src/learning/training-log.ts";

const folder = mkdtempSync(join(tmpdir(), "vinverse-resume-"));
afterAll(() => rmSync(folder, { recursive: true }));

const small = { hidden: [16], batchSize: 16, learningStarts: 60, bufferSize: 300 };
const heads = { cumulants: 3, hidden: [8], batchSize: 16, targetSteps: 30, residualSteps: 60, asked: 20 };
// the other learners stand under test/slow
const cases: readonly (Pick<RunOptions, "environment" | "algorithm" | "identifiable"> & {
  readonly settings?: Readonly<Record<string, unknown>>;
})[] = [
  { environment: "CartPole-v1", algorithm: "dqn", settings: { ...small, persistence: 4 } },
  { environment: "Pendulum-v1", algorithm: "td3", settings: small, identifiable: heads },
];

class Stopped extends Error {}

test.each(cases)("$algorithm on $environment: stopped anywhere, it ends with the bytes of an unbroken run", async (options) => {
  const steps = 480;
  const [whole, broken] = ["whole", "broken"].map((name) => join(folder, options.environment, options.algorithm, name));
  const common = { ...options, seed: 3, steps };
  await runTraining({ ...common, out: whole });
  for (const stop of [150, 320]) {
    const stopped = runTraining({
      ...common,
      out: broken,
      resume: stop > 150,
      onProgress: ({ steps: at }) => {
        if (at >= stop) throw new Stopped();
      },
    });
    await expect(stopped).rejects.toThrow(Stopped);
  }
  await runTraining({ ...common, out: broken, resume: true });
  const names = readdirSync(whole).sort();
  expect(readdirSync(broken).sort()).toEqual(names);
  for (const name of names.filter((file) => file !== "log.jsonl" && file !== EVENTS))
    expect(readFileSync(join(broken, name)).equals(readFileSync(join(whole, name))), name).toBe(true);
  const told = (at: string) =>
    readFileSync(join(at, "log.jsonl"), "utf8")
      .trim()
      .split("\n")
      .map((line) => ({ ...JSON.parse(line), updatesPerSecond: 0 }));
  expect(told(broken)).toEqual(told(whole));
  const length = (at: string) => readFileSync(join(at, EVENTS)).length;
  expect(length(broken)).toBe(length(whole));
  expect((await loadCritic(broken)).environment).toBe(options.environment);
  await expect(runTraining({ ...common, seed: 4, out: broken, resume: true })).rejects.toThrow(
    /is of another training: seed is 3 there and 4 here/,
  );
});

test("what is no number in a log is none when it is read again, and the same bytes when written", async () => {
  const at = join(folder, "diverged");
  const kind = { at: ({ steps }: { steps: number; loss: number }) => steps, scalars: () => ({}) };
  await (await openLog(at, undefined, kind)).add({ steps: 1, loss: Number.NaN }, { steps: 2, loss: Number.POSITIVE_INFINITY });
  const log = await openLog(at, 2, kind);
  expect(log.entries.map(({ loss }) => loss)).toEqual([Number.NaN, Number.NaN]);
  await log.add({ steps: 3, loss: 0.5 });
  expect(readFileSync(join(at, "log.jsonl"), "utf8")).toBe('{"steps":1,"loss":null}\n{"steps":2,"loss":null}\n{"steps":3,"loss":0.5}\n');
});

const everyByte = (whole: string, broken: string) => {
  const names = readdirSync(whole).sort();
  expect(names).toContain("log.jsonl");
  expect(readdirSync(broken).sort()).toEqual(names);
  for (const name of names.filter((file) => file !== EVENTS))
    expect(readFileSync(join(broken, name)).equals(readFileSync(join(whole, name))), name).toBe(true);
  // what differs is when it was written
  const length = (at: string) => readFileSync(join(at, EVENTS)).length;
  expect(length(broken)).toBe(length(whole));
};

test("general value functions: stopped between checkpoints, they end with every byte of an unbroken run, log and all", async () => {
  const [whole, broken] = ["whole", "broken"].map((name) => join(folder, "gvf", name));
  const quick = {
    cumulants: 4,
    discounts: [0.5, 0.9],
    hidden: [12],
    transitions: 600,
    batchSize: 32,
    targetSteps: 300,
    residualSteps: 800,
  };
  const common = { ...quick, seed: 3, evaluations: 8, asked: 20, command: "a command" };
  await runGeneralValues(make("Pendulum-v1"), { ...common, out: whole });
  for (const stop of [690, 960]) {
    const stopped = runGeneralValues(make("Pendulum-v1"), {
      ...common,
      out: broken,
      resume: stop > 690,
      onEntry: ({ updates }) => {
        if (updates >= stop) throw new Stopped();
      },
    });
    await expect(stopped).rejects.toThrow(Stopped);
  }
  const { log, critic } = await runGeneralValues(make("Pendulum-v1"), { ...common, out: broken, resume: true });
  everyByte(whole, broken);
  expect(log.map(({ updates }) => updates)).toEqual([138, 276, 414, 552, 690, 828, 966, 1100]);
  const [first, last] = [log[0], log[log.length - 1]];
  expect(last.residualOverSignal).toBeLessThan(first.residualOverSignal);
  expect(last.identifiability).toMatchObject({ dimensions: 2, residualOverSignal: last.residualOverSignal });
  expect(critic.made).toMatchObject({ command: "a command", identifiability: last.identifiability });
  // a run that had ended is read again, and changes nothing
  await runGeneralValues(make("Pendulum-v1"), { ...common, out: broken, resume: true });
  everyByte(whole, broken);
});

test.each(["sarsa"] as const)("%s: stopped anywhere, it ends with every byte of an unbroken run", async (algorithm) => {
  const [whole, broken] = ["whole", "broken"].map((name) => join(folder, algorithm, name));
  const common = {
    environment: "FourRooms104-v0",
    algorithm,
    seed: 3,
    discount: 0.9,
    steps: 2003,
    identifiable: true,
    command: "a command",
  };
  await runTable({ ...common, out: whole });
  for (const stop of [500, 1200]) {
    const stopped = runTable({
      ...common,
      out: broken,
      resume: stop > 500,
      onProgress: (done) => {
        if (done >= stop) throw new Stopped();
      },
    });
    await expect(stopped).rejects.toThrow(Stopped);
  }
  await runTable({ ...common, out: broken, resume: true });
  everyByte(whole, broken);
  await expect(runTable({ ...common, seed: 4, out: broken, resume: true })).rejects.toThrow(/is of another training/);
});
