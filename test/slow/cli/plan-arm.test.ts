import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { run } from "../../cli/harness.ts";

const folder = mkdtempSync(join(tmpdir(), "vinverse-arm-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const model = "zoo/ArmPickAndPlace-v0-seed-0/model";
const words = ["plan", model, "--env", "ArmPickAndPlace-v0", "--goal", "0.4,0.1,0.2", "--seed", "3", "--json", "--quiet"];

describe.skipIf(!existsSync(model))("plan in a model of the arm", () => {
  test("brings the cube to a place, and shows how", async () => {
    const out = join(folder, "plan");
    const ran = await run(...words, "--out", out);
    expect(ran.code).toBe(0);
    const { lifted, held, outcomes } = JSON.parse(ran.out);
    expect([lifted, held]).toEqual([1, 1]);
    expect(outcomes[0].distance).toBeLessThan(0.02);
    const page = readFileSync(join(out, "replay.html"), "utf8");
    const [episode] = JSON.parse(page.split(`id="replay">`)[1].split("</script>")[0]).episodes;
    expect(episode.positions).toHaveLength(61);
    expect(episode.positions.at(-1)[9]).toBeGreaterThan(0.18);
    expect(episode.imagined).toHaveLength(30);
  });

  test("refuses a goal that is no place", async () => {
    const ran = await run(...words.slice(0, 5), "up", "--quiet");
    expect(ran.code).toBe(2);
    expect(ran.err).toContain("--goal of the arm is x,y,z");
  });
});
