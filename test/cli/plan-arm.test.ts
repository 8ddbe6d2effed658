import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { run } from "./harness.ts";

const folder = mkdtempSync(join(tmpdir(), "vinverse-arm-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const model = "zoo/ArmPickAndPlace-v0-seed-0/model";
const words = ["plan", model, "--env", "ArmPickAndPlace-v0", "--goal", "0.4,0.1,0.2", "--seed", "3", "--json", "--quiet"];

describe.skipIf(!existsSync(model))("plan in a model of the arm", () => {
  test("refuses a goal that is no place", async () => {
    const ran = await run(...words.slice(0, 5), "up", "--quiet");
    expect(ran.code).toBe(2);
    expect(ran.err).toContain("--goal of the arm is x,y,z");
  });
});
