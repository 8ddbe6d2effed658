import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { run } from "../../cli/harness.ts";

const folder = mkdtempSync(join(tmpdir(), "vinverse-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("start shows the whole path: every move inferred from values alone, a report written", async () => {
  const out = join(folder, "start");
  const ran = await run("start", "--out", out, "--json", "--quiet");
  expect(ran).toMatchObject({ code: 0, err: "" });
  const { models } = JSON.parse(ran.out);
  expect(models.map(({ environment }: { environment: string }) => environment)).toEqual([
    "FourRooms104-v0",
    "Taxi-v3",
    "Pendulum-v1",
    "CartPole-v1",
  ]);
  expect(models[0].score).toMatchObject({ pairs: 416, correct: 416, ambiguous: 0, none: 0, mse: 0 });
  expect(models[1].score).toMatchObject({ pairs: 3000, correct: 3000, ambiguous: 0, none: 0, mse: 0 });
  for (const { verdict, error } of models) {
    expect(verdict.usable).toBe(true);
    expect(error).toBeLessThan(0.1);
  }
  expect(readdirSync(out).sort()).toEqual(["cart-pole", "four-rooms", "pendulum", "taxi"]);
  expect(readdirSync(join(out, "four-rooms")).sort()).toEqual(["model.json", "report.html", "summary.json", "tensors.safetensors"]);
  expect(readFileSync(join(out, "four-rooms", "report.html"), "utf8")).toContain("416 right, 0 wrong, 0 ambiguous");
  expect(readFileSync(join(out, "cart-pole", "report.html"), "utf8")).toContain("One step, inferred and true");
  // A second run replaces what the first one wrote.
  expect((await run("start", "--out", out, "--quiet")).code).toBe(0);
});
