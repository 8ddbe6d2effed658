import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { run } from "./harness.ts";

const folder = mkdtempSync(join(tmpdir(), "vinverse-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("start shows the whole path: every move inferred from values alone, a report written", async () => {
  const out = join(folder, "start");
  const ran = await run("start", "--out", out, "--json", "--quiet");
  expect(ran).toMatchObject({ code: 0, err: "" });
  const json = JSON.parse(ran.out);
  expect(json.score).toMatchObject({ pairs: 416, correct: 416, ambiguous: 0, none: 0, mse: 0 });
  expect(json.verdict.usable).toBe(true);
  expect(readdirSync(out).sort()).toEqual(["model.json", "report.html", "summary.json", "tensors.safetensors"]);
  expect(readFileSync(join(out, "report.html"), "utf8")).toContain("416 right, 0 wrong, 0 ambiguous");
  // A second run replaces what the first one wrote.
  expect((await run("start", "--out", out, "--quiet")).code).toBe(0);
});
