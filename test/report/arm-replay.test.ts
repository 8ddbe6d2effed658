import { gunzipSync, strFromU8 } from "fflate";
import { describe, expect, test } from "vitest";
import { scriptedPickAndPlace } from "../../src/environments/arm/scripted.ts";
import { make, prepare } from "../../src/environments/make.ts";
import { armReplay } from "../../src/report/arm-replay.ts";
import { threeSource } from "../../src/report/three-source.ts";

await prepare("ArmPickAndPlace-v0");

function record(steps: number) {
  const environment = make("ArmPickAndPlace-v0");
  let seen = environment.reset({ seed: 3 }).observation as Float64Array;
  const states = [environment.state];
  for (let t = 0; t < steps; t++) {
    seen = environment.step(scriptedPickAndPlace(seen, 1)).observation as Float64Array;
    states.push(environment.state);
  }
  return { states, goal: seen.slice(3, 6), last: seen.slice(6) };
}

const { states, goal, last } = record(20);
const imagined = [{ step: 18, states: [last, last] }];
const three = threeSource();
const page = armReplay({ title: "Picked <up>", episodes: [{ title: "seed 3", states, goal, imagined }] }, three);
const script = (id: string) => page.split(`id="${id}">`)[1].split("</script>")[0];

describe("a replay of the arm", () => {
  test("holds every recorded state to a hundredth of a millimetre, and what was imagined", () => {
    const [episode] = JSON.parse(script("replay")).episodes;
    expect(episode.positions).toHaveLength(states.length);
    episode.positions.forEach((row: number[], t: number) => {
      expect(row).toHaveLength(14);
      row.forEach((value, k) => {
        expect(Math.abs(value - states[t][k])).toBeLessThan(1e-5);
      });
    });
    episode.goal.forEach((value: number, k: number) => {
      expect(value).toBeCloseTo(goal[k], 4);
    });
    expect(episode.imagined[0].step).toBe(18);
    expect(episode.imagined[0].states[1][6]).toBeCloseTo(last[6], 4);
  });

  test("asks nobody for anything: a policy forbids it, and no element tries", () => {
    expect(page).toContain(`content="default-src 'none'`);
    expect(page).not.toMatch(/\b(src|href|action|data)\s*=\s*["']/);
    expect(page).not.toMatch(/\bimport\s*(\(\s*)?["']/);
    expect(page).not.toMatch(/@import|url\(/);
  });

  test("carries three.js whole, with its licence", () => {
    for (const part of ["core", "main"] as const) {
      const source = strFromU8(gunzipSync(Uint8Array.from(Buffer.from(script(`three-${part}`), "base64"))));
      expect(source).toBe(three[part]);
      expect(source).toContain("SPDX-License-Identifier: MIT");
    }
    expect(three.main.split("./three.core.js")).toHaveLength(3);
    expect(page.length).toBeLessThan(500_000);
  });

  test("writes titles as text", () => {
    expect(page).toContain("Picked &lt;up&gt;");
    expect(page).not.toContain("<up>");
  });

  test("has the same bytes again", () => {
    expect(armReplay({ title: "Picked <up>", episodes: [{ title: "seed 3", states, goal, imagined }] }, threeSource())).toBe(page);
  });
});
