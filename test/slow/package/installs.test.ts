import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { pack, project, quiet, type Ran, remove, run, size } from "./installed.ts";

/** The registry alone is needed; without it these tests are skipped, visibly. */
const online = run("/", "npm", ["view", "commander", "version"]).code === 0;
const NOTE = "vinverse: onnxruntime-node is not installed, so ONNX Runtime's slower WebAssembly build runs.";

describe.skipIf(!online)("the packed tarball in a fresh foreign project", () => {
  const { folder, tarball, megabytes } = pack();
  afterAll(() => remove(folder));

  function install(name: string, ...words: string[]): { readonly place: string; readonly ran: Ran } {
    const place = project(folder, name);
    return { place, ran: run(place, "npm", ["install", tarball, ...quiet, ...words]) };
  }

  /** The way of README: the whole path, then the snippet. Returns the notes on stderr. */
  function walk(place: string): string[] {
    const start = run(place, "npx", ["vinverse", "start", "--json", "--quiet"]);
    expect([start.code, start.err.replaceAll(/^vinverse: .*\n/gm, "")]).toEqual([0, ""]);
    const { models } = JSON.parse(start.out);
    expect(models).toHaveLength(4);
    expect(existsSync(join(place, "runs/start/pendulum/report.html"))).toBe(true);
    const snippet = run(place, "node", ["snippet.mjs"]);
    expect(snippet.code).toBe(0);
    expect(snippet.out).toMatch(/^Usable/);
    expect(Number(/error over true change: ([\d.]+)/.exec(snippet.out)?.[1])).toBeLessThan(0.1);
    const doctor = run(place, "npx", ["vinverse", "doctor", "--json"]);
    expect(doctor.code).toBe(0);
    return [start.err, snippet.err];
  }

  test("is small", () => {
    console.log(`tarball: ${megabytes.toFixed(1)} MB`);
    expect(megabytes).toBeLessThanOrEqual(25);
  });

  test("install scripts on: npm succeeds and warns of nothing of ours; without the native runtime all runs in at most 120 MB, with one note", () => {
    const { place, ran } = install("scripts-on");
    expect(ran.code).toBe(0);
    expect(ran.err.split("\n").filter((line) => line.includes("vinverse"))).toEqual([]);
    // npm has left it out already where its script could not download
    remove(join(place, "node_modules/onnxruntime-node"));
    const installed = size(join(place, "node_modules"));
    console.log(`installed without the native runtime: ${installed.toFixed(0)} MB`);
    expect(installed).toBeLessThanOrEqual(120);
    for (const err of walk(place)) expect(err.split(NOTE)).toHaveLength(2);
  });

  test("install scripts off: the native runtime, without a word", () => {
    const { place, ran } = install("scripts-off", "--ignore-scripts");
    expect(ran.code).toBe(0);
    expect(walk(place)).toEqual(["", ""]);
  });

  test("without any optional dependency the snippet runs, and the arm names what to install", () => {
    const { place } = install("bare", "--omit=optional");
    expect(run(place, "node", ["snippet.mjs"]).out).toMatch(/^Usable/);
    const arm = run(place, "npx", [
      "vinverse",
      "plan",
      "zoo/ArmPickAndPlace-v0-seed-0/model",
      "--env",
      "ArmPickAndPlace-v0",
      "--goal",
      "0.4,0.1,0.2",
    ]);
    expect(arm.code).toBe(1);
    expect(arm.err).toContain("npm install @mujoco/mujoco");
  });

  test.each(["5.5", "latest"])("its types are right for TypeScript %s, by nodenext and by bundler", (version) => {
    const { place } = install(`typescript-${version}`, `typescript@${version}`, "--ignore-scripts");
    for (const [module, resolution] of [
      ["nodenext", "nodenext"],
      ["esnext", "bundler"],
    ]) {
      const words = ["--noEmit", "--strict", "--target", "es2022", "--module", module, "--moduleResolution", resolution, "snippet.ts"];
      const { code, out } = run(place, join(place, "node_modules/.bin/tsc"), words);
      expect([resolution, code, out]).toEqual([resolution, 0, ""]);
    }
  });

  test.each(["20", "22", "24"])("runs on Node %s", (version) => {
    // npm's package of Node fetches its program in a script of its own
    const { place, ran } = install(`node-${version}`);
    expect(ran.code).toBe(0);
    expect(run(place, "npm", ["install", "--no-save", `node@${version}`, ...quiet]).code).toBe(0);
    const node = join(place, "node_modules/node/bin/node");
    expect(run(place, node, ["--version"]).out).toMatch(new RegExp(`^v${version}\\.`));
    expect(run(place, node, ["snippet.mjs"]).out).toMatch(/^Usable/);
  });
});
