import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { readVecNormalize } from "../../../src/formats/vec-normalize.ts";

const statistics = "../shared/critics/her/PandaReach-v1_1/PandaReach-v1/vecnormalize.pkl";

describe.skipIf(!existsSync(statistics))("VecNormalize", () => {
  test("statistics as CPython's own unpickler gives them", () => {
    const stats = readVecNormalize(new Uint8Array(readFileSync(statistics)), "vecnormalize.pkl");
    const goal = stats.observations!.get("desired_goal")!;
    expect([...Array.from(goal.mean)]).toEqual([-0.004631913426647772, 0.006877464223494018, 0.14753869272274914]);
    expect([...Array.from(goal.variance)]).toEqual([0.007869881278343569, 0.00751190829311972, 0.00771882074097254]);
    expect([stats.clip, stats.epsilon]).toEqual([10, 1e-8]);
    // bytes 55 84 2a b9 ec 7e 3d 40 of the file are the variance of the return
    const variance = new DataView(Uint8Array.of(0x55, 0x84, 0x2a, 0xb9, 0xec, 0x7e, 0x3d, 0x40).buffer).getFloat64(0, true);
    expect(stats.rewardScale).toBe(1 / Math.sqrt(variance + 1e-8));
  });
});
