import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { checkEnvironment, make } from "../../src/environments/index.ts";
import { loadEnvironmentModule } from "../../src/experience/load-module.ts";
import { run } from "../cli/harness.ts";

const folder = mkdtempSync(join(tmpdir(), "vinverse-own-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const page = readFileSync("docs/how-to/your-own-environment.md", "utf8");
const blocks = (language: string) => [...page.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, "g"))].map(([, text]) => text);

test("the module on the page is the example, and keeps the contract", async () => {
  expect(blocks("js")).toEqual([readFileSync("examples/quadrotor/quad.mjs", "utf8")]);
  const id = await loadEnvironmentModule("./examples/quadrotor/quad.mjs");
  expect(checkEnvironment(make(id))).toEqual([]);
  const [light, heavy] = [make(id), make(id, { mass: 2 })].map((world) => {
    world.reset({ options: { state: [0, 0, 0, 0, 0, 0] } });
    return [...(world.step([0, 0]).observation as Float64Array)];
  });
  // hovering thrust holds the light one in its place, and the heavy one falls by g/2 dt in a step
  expect(light).toEqual([0, 0, 1, 0, 0, 0, 0]);
  expect(heavy[5]).toBeCloseTo((-9.81 / 2) * 0.05, 12);
});

test("the commands of the page run as they stand, with fewer steps and states", async () => {
  const less: Readonly<Record<string, readonly string[]>> = {
    train: ["--steps", "600", "--hidden", "16", "--force"],
    infer: ["--states", "80"],
    evaluate: ["--states", "200"],
    plan: ["--starts", "1", "--steps", "3"],
  };
  const commands = blocks("sh")[0]
    .trim()
    .split("\n")
    .map((line) => line.replaceAll("runs/", `${folder}/`).split(" ").slice(1));
  expect(commands.map(([name]) => name)).toEqual(Object.keys(less));
  for (const words of commands) {
    const ran = await run(...words, ...less[words[0]], "--json", "--quiet");
    expect(ran.code, `${words.join(" ")}: ${ran.err}`).toBe(0);
  }
});
