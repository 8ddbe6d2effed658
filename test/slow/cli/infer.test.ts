import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { run } from "../../cli/harness.ts";
import { plainPendulum } from "../../trained-critic.ts";

const folder = mkdtempSync(join(tmpdir(), "vinverse-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const read = (out: string) => Object.fromEntries(readdirSync(out).map((file) => [file, readFileSync(join(out, file)).toString("latin1")]));

test("a pendulum's critic: the promised error, on states of another seed, and the same bytes again", async () => {
  const out = join(folder, "pendulum");
  const words = [
    "infer",
    await plainPendulum(join(folder, "plain")),
    "--env",
    "Pendulum-v1",
    "--method",
    "amortised",
    "--out",
    out,
    "--json",
  ];
  const ran = await run(...words);
  expect(ran.code).toBe(0);
  const json = JSON.parse(ran.out);
  expect(json.score.seed).not.toBe(json.seed);
  expect(json.error).toBeLessThanOrEqual(0.16);
  expect(json.score.dimensions.map((dimension: { name: string }) => dimension.name)).toEqual(["θ", "θ̇"]);
  const first = read(out);
  expect(first["report.html"]).toContain("Predicted against true change");
  expect((await run(...words)).code).toBe(0);
  expect(read(out)).toEqual(first);
  const evaluated = JSON.parse((await run("evaluate", out, "--json", "--quiet")).out);
  expect(evaluated.error).toBeCloseTo(json.error, 6);
  expect(JSON.parse((await run("evaluate", out, "--seed", "5", "--json", "--quiet")).out).error).not.toBe(evaluated.error);
});
