import { describe, expect, test } from "vitest";
import { selfTest } from "../../../src/agents/arm/self-test.ts";
import { trueSimulator } from "../../../src/agents/arm/simulator.ts";
import { clearingTask, fistControl, intrusion, liftingTask, pushingTask, puttingTask } from "../../../src/agents/arm/tasks.ts";
import { armStarts } from "../../../src/agents/arm/trials.ts";
import { make, prepare } from "../../../src/environments/make.ts";
import { createRandom } from "../../../src/numbers/random.ts";
import type { WaypointTask } from "../../../src/planning/waypoints.ts";
import { unseenTasks } from "../../../src/reproduce/arm/tasks.ts";

await prepare("ArmPickAndPlace-v0");

/** Hand x, y, z, opening, cube x, y, z, all at rest. */
const coordinates = (...first: number[]) => Float64Array.from({ length: 15 }, (_, j) => first[j] ?? 0);
function costOf(task: WaypointTask, state: Float64Array): number {
  const out = new Float64Array(1);
  task.cost(state, new Float64Array(4), 1, 0, out);
  return out[0];
}

describe("tasks that no head knows", () => {
  test("cost less the nearer they are to done", () => {
    const lift = liftingTask(0.15);
    const held = (z: number) => coordinates(0.4, 0, z + 0.003, 0.04, 0.4, 0, z);
    expect(costOf(lift, held(0.15))).toBeLessThan(costOf(lift, held(0.1)));
    expect(costOf(lift, held(0.1))).toBeLessThan(costOf(lift, coordinates(0.3, 0.1, 0.2, 0.08, 0.4, 0, 0.02)));
    const put = puttingTask([0.4, 0.1]);
    const done = coordinates(0.4, 0.1, 0.12, 0.08, 0.4, 0.1, 0.02);
    expect(costOf(put, done)).toBeLessThan(costOf(put, coordinates(0.4, 0.1, 0.023, 0.04, 0.4, 0.1, 0.02)));
    expect(costOf(put, coordinates(0.4, 0.1, 0.023, 0.04, 0.4, 0.1, 0.02))).toBeLessThan(
      costOf(put, coordinates(0.4, 0, 0.023, 0.04, 0.4, 0, 0.02)),
    );
    const push = pushingTask([0.4, 0.1]);
    expect(costOf(push, coordinates(0.4, 0.06, 0.024, 0, 0.4, 0.1, 0.02))).toBeLessThan(
      costOf(push, coordinates(0.4, -0.03, 0.024, 0, 0.4, 0.01, 0.02)),
    );
  });

  test("are no matter of where else things are: proposals are places of the workspace's size", () => {
    const state = coordinates(0.35, 0.05, 0.15, 0.06, 0.42, -0.1, 0.02);
    const wall = { centre: [0.38, 0, 0.04], half: [0.14, 0.008, 0.04] } as const;
    for (const task of [liftingTask(0.15), puttingTask([0.4, 0.1]), pushingTask([0.4, 0.1]), clearingTask([0.4, 0.1, 0.05], wall)]) {
      const proposals = Array.from(task.proposals(state));
      expect(proposals.length % 3).toBe(0);
      for (const x of proposals) expect(Math.abs(x)).toBeLessThan(0.6);
    }
  });

  test("a wall is entered by cube and fingers as deep as they are in it", () => {
    const wall = { centre: [0.38, 0, 0.04], half: [0.14, 0.008, 0.04] } as const;
    expect(intrusion(coordinates(0.38, 0.1, 0.1, 0.04, 0.38, 0.1, 0.1), 0, wall)).toBe(0);
    expect(intrusion(coordinates(0.38, 0, 0.125, 0.04, 0.38, 0, 0.125), 0, wall)).toBe(0);
    expect(intrusion(coordinates(0.38, 0, 0.13, 0.04, 0.38, 0, 0.095), 0, wall)).toBeCloseTo(0.005, 6);
    expect(intrusion(coordinates(0.38, 0, 0.125, 0.04, 0.38, 0, 0.125), 0, wall, 0.03)).toBeGreaterThan(0);
  });

  test("pushing is done with a fist, slowly beside the cube", () => {
    const out = new Float64Array(4);
    fistControl.follow(coordinates(0.4, 0.04, 0.03, 0, 0.4, 0, 0.02), Float64Array.of(0.5, 0.02, 0.03, 1), 1, out);
    expect(out[3]).toBe(-1);
    expect(Math.max(...Array.from(out.slice(0, 3), Math.abs))).toBeCloseTo(0.4, 6);
    fistControl.follow(coordinates(0.3, 0.04, 0.2, 0, 0.4, 0, 0.02), Float64Array.of(0.5, 0.02, 0.03, 1), 1, out);
    expect(out[0]).toBe(1);
  });

  test("a path in which nothing happens succeeds in none of them", () => {
    const simulation = make("ArmPickAndPlace-v0").simulation!;
    for (const { start } of unseenTasks) {
      const { states } = armStarts(simulation, 1, 5);
      const { failure } = start(states, createRandom(1));
      const still = coordinates(0.4, 0.05, 0.2, 0.06, states[7], states[8], 0.02);
      const path = Float64Array.from({ length: 61 * 15 }, (_, i) => still[i % 15]);
      expect(failure(path, 60)).toBeTypeOf("string");
    }
  });
});

describe("the true world", () => {
  test("as a planner's model steps as it does itself, bit for bit", async () => {
    const simulation = make("ArmPickAndPlace-v0").simulation!;
    const { states } = armStarts(simulation, 3, 17);
    const { model, view } = trueSimulator(simulation);
    const actions = Float64Array.from({ length: 12 }, (_, i) => Math.sin(i));
    let inside = view(states, 3);
    const out = { nextStates: states, rewards: new Float64Array(3), terminated: new Uint8Array(3) };
    for (let t = 0; t < 5; t++) {
      inside = (await model.step(inside, actions, 3)).nextStates as Float64Array<ArrayBuffer>;
      simulation.step(states, actions, 3, out);
    }
    expect(Array.from(inside)).toEqual(Array.from(view(states, 3)));
  });

  test("is shaken the same way every time, wherever the hand was, and differently with weaker joints", () => {
    const usual = make("ArmPickAndPlace-v0").simulation!;
    const weak = make("ArmPickAndPlace-v0", { jointStrength: 0.5 }).simulation!;
    const { states } = armStarts(usual, 4, 29);
    const speeds = (simulation: typeof usual) => {
      const { nextStates, n } = selfTest(simulation, states.slice(), 1);
      return Array.from({ length: n / 4 }, (_, k) => Array.from({ length: 4 }, (_, e) => nextStates[(e * (n / 4) + k) * 15 + 7]));
    };
    const [mine, others] = [speeds(usual), speeds(weak)];
    const spread = (row: number[]) => Math.max(...row) - Math.min(...row);
    const apart = mine.map((row, k) => Math.abs(row[0] - others[k][0]));
    expect(Math.max(...apart)).toBeGreaterThan(5 * Math.max(...mine.map(spread)));
  });
});
