import { describe, expect, test } from "vitest";
import { examine } from "../../src/cli/parts/doctor-checks.ts";
import type { Probes } from "../../src/cli/parts/doctor-probes.ts";
import { run } from "./harness.ts";

const bare: Probes = {
  node: "20.0.0",
  platform: "linux x64",
  cores: 2,
  memoryGigabytes: 8,
  runtime: () => Promise.reject(new Error("the graph does not run\nat somewhere")),
  speed: () => Promise.reject(new Error("not reached")),
  mujoco: () => Promise.reject(new Error("the physics engine MuJoCo is not installed")),
  npmPackage: () => undefined,
  program: () => undefined,
};

describe("doctor", () => {
  test("on a machine that has nothing, every part is absent with what it would give and how to get it", async () => {
    const { runtime, parts } = await examine(bare, "1.2.3");
    expect(runtime).toEqual({ name: "none", gigaflops: null });
    expect(parts.map(({ name }) => name)).toEqual(["ONNX Runtime", "MuJoCo", "three.js", "Python", "Gymnasium", "Redis", "browser"]);
    for (const { state, gives, fix } of parts) expect([state, gives.length > 0, (fix ?? "").length > 0]).toEqual(["absent", true, true]);
    expect(parts[0].found).toBe("the graph does not run");
    expect(parts[1]).toMatchObject({ found: "the physics engine MuJoCo is not installed", fix: "npm install @mujoco/mujoco" });
  });

  test("without the native runtime it says that the other one runs, how fast, and how to get the fast one", async () => {
    const { runtime, parts } = await examine({ ...bare, runtime: async () => "wasm", speed: async () => 12.34 }, "1.2.3");
    expect(runtime).toEqual({ name: "wasm", gigaflops: 12.34 });
    expect(parts[0].state).toBe("slower");
    expect(parts[0].found).toMatch(/^WebAssembly, 12\.3 Gflop\/s/);
    expect(parts[0].fix).toContain("npm install onnxruntime-node");
  });

  test("a Python without Gymnasium is passed over for one that has it", async () => {
    const program = (name: string, [first]: readonly string[]) => {
      if (first === "--version") return name === "python3" || name === "/usr/bin/python3" ? "Python 3.11.2" : undefined;
      return name === "/usr/bin/python3" ? "1.0.0" : undefined;
    };
    const { parts } = await examine({ ...bare, program }, "1.2.3");
    const found = (name: string) => parts.find((part) => part.name === name);
    expect(found("Python")).toMatchObject({ state: "works", found: "3.11.2, as python3" });
    expect(found("Gymnasium")).toMatchObject({ state: "works", found: "1.0.0, in /usr/bin/python3" });
    expect(found("Python")).not.toHaveProperty("fix");
  });

  test("versions are cut out of what Redis and a browser say", async () => {
    const says: Record<string, string> = { "redis-server": "Redis server v=7.0.15 sha=0", firefox: "Mozilla Firefox 128.0\nmore" };
    const { parts } = await examine({ ...bare, program: (name) => says[name] }, "1.2.3");
    expect(parts.slice(-2).map(({ found }) => found)).toEqual(["7.0.15", "Mozilla Firefox 128.0"]);
  });

  test("here: exit 0, a speed that was measured, a line for each part; --json says the same in one object", async () => {
    const { code, out, err } = await run("doctor", "--json");
    expect([code, err]).toEqual([0, ""]);
    const { node, cores, runtime, parts } = JSON.parse(out);
    expect(node).toBe(process.versions.node);
    expect(cores).toBeGreaterThan(0);
    expect(["native", "wasm"]).toContain(runtime.name);
    expect(runtime.gigaflops).toBeGreaterThan(0.1);
    expect(parts).toHaveLength(7);
    const text = (await run("doctor")).out;
    for (const { name, state } of parts) expect(text).toMatch(new RegExp(`^ +${name.replace(".", "\\.")} +${state} `, "m"));
  });
});
