import { describe, expect, test } from "vitest";
import { make, prepare } from "../../src/environments/make.ts";
import { animation } from "../../src/report/animation.ts";
import { armPicture } from "../../src/report/arm-picture.ts";

const options = { width: 10, height: 10, interval: 0.5, rest: 1, title: "a < b", description: "moves" };

describe("moving pictures", () => {
  test("animate what changes and nothing else, in step with the clock", () => {
    const svg = animation(
      [0, 3, 5].map((x) => [`<circle cx="${x}" cy="4" r="1"/>`, `<line x1="1" y1="2"/>`]),
      options,
    );
    const animated = [...svg.matchAll(/<animate attributeName="(\w+)" values="([^"]*)" keyTimes="([^"]*)" dur="([^"]*)"/g)];
    expect(animated.map(([, ...rest]) => rest)).toEqual([["cx", "0;3;5;5", "0;0.25;0.5;1", "2s"]]);
    expect(svg).toContain(`<line x1="1" y1="2"/>`);
    expect(svg).toContain("<title>a &lt; b</title>");
  });

  test("refuse frames that hold different shapes", () => {
    expect(() => animation([[`<circle r="1"/>`], [`<line r="1"/>`]], options)).toThrow(/frame 1 has no r of shape 0/);
  });

  test("show an episode of the arm with what was imagined, small enough for a page", async () => {
    await prepare("ArmPickAndPlace-v0");
    const environment = make("ArmPickAndPlace-v0");
    environment.reset({ seed: 1 });
    const states = [environment.state];
    for (let t = 0; t < 60; t++) {
      environment.step([Math.sin(t), 0.5, -0.5, t % 2 ? 1 : -1]);
      states.push(environment.state);
    }
    const imagined = [{ step: 4, states: states.slice(4, 17).map((state) => [0, 0, 0, 0, state[7], state[8], state[9]]) }];
    const svg = armPicture({ title: "one", states, imagined }, { title: "The arm", description: "One episode." });
    expect(svg.length).toBeLessThan(300_000);
    for (const [, values, keyTimes] of svg.matchAll(/values="([^"]*)" keyTimes="([^"]*)"/g)) {
      expect(values.split(";")).toHaveLength(62);
      expect(keyTimes.split(";")).toHaveLength(62);
    }
    expect(svg).not.toMatch(/NaN|undefined/);
  });
});
