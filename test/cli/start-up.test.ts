import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");

/** Run in a process of its own: what inspect has loaded when it is done. */
const program = `
  const { main } = await import("./src/cli/program.ts");
  let out = "";
  const code = await main(["inspect", "test/formats/fixtures/td3-dict.zip", "--json"], { out: (text) => { out += text; }, err: () => {}, interactive: false });
  const native = process.report.getReport().sharedObjects.filter((path) => path.includes("onnxruntime"));
  console.log(JSON.stringify({ code, algorithm: JSON.parse(out).algorithm, native }));
`;

test("inspect starts without ONNX Runtime", () => {
  const words = ["--conditions=vinverse-source", "--import", "tsx", "--input-type=module", "-e", program];
  const ran = spawnSync(process.execPath, words, { cwd: root, encoding: "utf8" });
  expect(ran.stderr).toBe("");
  expect(JSON.parse(ran.stdout)).toEqual({ code: 0, algorithm: "TD3", native: [] });
});
