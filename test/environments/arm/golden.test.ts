import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { make, prepare } from "../../../src/environments/make.ts";

/** Made by test/environments/data/arm.py in Python's MuJoCo, the same release, with inverse kinematics of its own. */
const golden = JSON.parse(readFileSync("test/environments/data/arm.json", "utf8")) as {
  readonly episodes: readonly {
    readonly name: string;
    readonly qpos: readonly number[];
    readonly actions: readonly (readonly number[])[];
    readonly positions: readonly (readonly number[])[];
  }[];
};

await prepare("ArmPickAndPlace-v0");

/** Largest differences a step: of joints and fingers, and of the cube's place (m). */
function follow(name: string) {
  const { qpos, actions, positions } = golden.episodes.find((one) => one.name === name)!;
  const environment = make("ArmPickAndPlace-v0");
  const state = new Float64Array(environment.simulation!.stateSize);
  state.set(qpos);
  environment.reset({ options: { state } });
  return actions.map((action, t) => {
    environment.step(action);
    const apart = environment.state.subarray(0, 14).map((x, k) => Math.abs(x - positions[t][k]));
    return { arm: Math.max(...apart.subarray(0, 7)), cube: Math.max(...apart.subarray(7, 10)), height: positions[t][9] };
  });
}

describe("Python's MuJoCo agrees", () => {
  test("in the air to 1e-12, while no joint is at its torque limit", () => {
    for (const { arm } of follow("small strides in the air")) expect(arm).toBeLessThan(1e-12);
  });

  test("in picking up and placing to 1e-11, contacts and torque limits included", () => {
    const steps = follow("pick and place");
    expect(steps.at(-1)!.height).toBeGreaterThan(0.15);
    for (const { arm, cube } of steps) expect(Math.max(arm, cube)).toBeLessThan(1e-11);
  });
});
