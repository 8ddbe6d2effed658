import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openNative } from "../../../src/engine/runtime/native.ts";

const root = join(import.meta.dirname, "../../..");
const native = await openNative().then(
  () => true,
  () => false,
);

/** `npm test` runs the engine's tests on the runtime that it finds; here they run on each. */
test.skipIf(!native)("every test of the engine passes on the native runtime", () => passOn("native"));
test("every test of the engine passes on the WebAssembly runtime", () => passOn("wasm"));

function passOn(name: string): void {
  const words = [join(root, "node_modules/vitest/vitest.mjs"), "run", "--maxWorkers=1", "--reporter=json", "test/engine"];
  const { stdout, stderr } = spawnSync(process.execPath, words, {
    cwd: root,
    env: { ...process.env, VINVERSE_RUNTIME: name },
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  const { success, numPassedTests, numFailedTests } = JSON.parse(stdout.slice(stdout.indexOf("{")));
  expect([success, numFailedTests, stderr.includes("Error")]).toEqual([true, 0, false]);
  expect(numPassedTests).toBeGreaterThan(2000);
}
