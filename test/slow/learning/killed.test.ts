import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { make } from "../../../src/environments/make.ts";
import { trainGeneralValues } from "../../../src/learning/invertible/general-value-functions.ts";

const quick = { cumulants: 4, discounts: [0.5, 0.9], hidden: [24], transitions: 3000, batchSize: 64 };

test("a training that was killed goes on to the critic of an unbroken one", async () => {
  const folder = mkdtempSync(join(tmpdir(), "vinverse-gvf-"));
  const settings = { ...quick, seed: 6, targetSteps: 700, residualSteps: 1000 };
  const from = (path: string) => JSON.stringify(new URL(`../../../src/${path}`, import.meta.url).pathname);
  const script = `
    import { existsSync } from "node:fs";
    import { make } from ${from("environments/make.ts")};
    import { trainGeneralValues } from ${from("learning/invertible/general-value-functions.ts")};
    const onProgress = () => existsSync(${JSON.stringify(join(folder, "checkpoint.safetensors"))}) && process.kill(process.pid, "SIGKILL");
    await trainGeneralValues(make("Pendulum-v1"), { ...${JSON.stringify({ ...settings, folder })}, onProgress });`;
  writeFileSync(join(folder, "run.mts"), script);
  const child = spawn(process.execPath, ["--import", "tsx", "--conditions=vinverse-source", join(folder, "run.mts")], { stdio: "ignore" });
  const ended = new Promise((resolve) => child.once("exit", (_, signal) => resolve(signal)));
  expect(await ended).toBe("SIGKILL");
  let first: number | undefined;
  const onProgress = (done: number) => {
    first ??= done;
  };
  const resumed = await trainGeneralValues(make("Pendulum-v1"), { ...settings, folder, resume: true, onProgress });
  expect(first).toBeGreaterThanOrEqual(600);
  expect(resumed.critic).toEqual((await trainGeneralValues(make("Pendulum-v1"), settings)).critic);
  const other = trainGeneralValues(make("Pendulum-v1"), { ...settings, seed: 7, folder, resume: true });
  await expect(other).rejects.toThrow(/is of another training/);
  rmSync(folder, { recursive: true });
});
