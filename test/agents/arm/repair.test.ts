import { describe, expect, test } from "vitest";
import { repairArm } from "../../../src/agents/arm/repair.ts";
import type { ArmSteps } from "../../../src/agents/arm/residuals.ts";
import { createRandom } from "../../../src/numbers/random.ts";
import type { Simulator } from "../../../src/planning/simulator.ts";

const d = 15;
/** A hand that goes where it is told, and nothing else. */
const model: Simulator = {
  stateSize: d,
  async step(states, actions, n) {
    const nextStates = states.slice();
    for (let b = 0; b < n; b++) for (let k = 0; k < 3; k++) nextStates[b * d + k] += 0.02 * Math.max(-1, Math.min(1, actions[4 * b + k]));
    return { nextStates };
  },
};

/** Steps in a world where the action is turned by `angle` and drifts; hand z sags by `sag` metres. */
async function live(n: number, angle: number, drift: number, sag: number, seed: number): Promise<ArmSteps> {
  const random = createRandom(seed);
  const states = Float64Array.from({ length: n * d }, (_, i) => (i % d < 7 ? 0.1 * random.normal() : 0));
  const actions = Float64Array.from({ length: 4 * n }, () => 2 * random.uniform() - 1);
  const turned = actions.slice();
  for (let b = 0; b < n; b++) {
    const [x, y] = [actions[4 * b], actions[4 * b + 1]];
    turned[4 * b] = Math.cos(angle) * x - Math.sin(angle) * y + drift;
    turned[4 * b + 1] = Math.sin(angle) * x + Math.cos(angle) * y;
  }
  const { nextStates } = await model.step(states, turned, n);
  const noisy = nextStates.map((x, i) => x + 2e-4 * random.normal() - (i % d === 2 ? sag : 0));
  return { n, states, actions, nextStates: noisy, episodes: Int32Array.from({ length: n }, (_, i) => Math.floor((2 * i) / n)) };
}

describe("repairing a model of the arm from its own steps", () => {
  test("finds how the frame of actions was turned and drifts, and undoes it", async () => {
    const [angle, drift] = [1.5, 0.3];
    const repair = await repairArm(model, await live(120, angle, drift, 0, 1));
    expect(repair.kind).toBe("actions");
    const { matrix, shift } = repair.map!;
    [Math.cos(angle), -Math.sin(angle), 0, Math.sin(angle), Math.cos(angle), 0, 0, 0, 1].forEach((x, i) => {
      expect(Math.abs(matrix[i] - x)).toBeLessThan(0.05);
    });
    [drift, 0, 0].forEach((x, i) => {
      expect(Math.abs(shift[i] - x)).toBeLessThan(0.05);
    });
    const test = await live(200, angle, drift, 0, 2);
    const { nextStates } = await repair.model.step(test.states, test.actions, test.n);
    const worst = nextStates.reduce((most, x, i) => Math.max(most, Math.abs(x - test.nextStates[i])), 0);
    expect(worst).toBeLessThan(0.004);
    // a hand that wants to go half a stride along x
    const state = new Float64Array(d);
    const out = new Float64Array(4);
    repair.control.follow(state, Float64Array.of(0.01, 0, 0, 1), 1, out);
    expect(Math.cos(angle) * out[0] - Math.sin(angle) * out[1] + drift).toBeCloseTo(0.5, 1);
    expect(Math.sin(angle) * out[0] + Math.cos(angle) * out[1]).toBeCloseTo(0, 1);
  });

  test("corrects what is no matter of actions by a residual", async () => {
    const repair = await repairArm(model, await live(120, 0, 0, 0.0015, 3));
    expect(repair.kind).not.toBe("none");
    expect(repair.after).toBeLessThan(0.6 * repair.before);
    const test = await live(200, 0, 0, 0.0015, 4);
    const { nextStates } = await repair.model.step(test.states, test.actions, test.n);
    const error = nextStates.reduce((sum, x, i) => sum + (i % d === 2 ? x - test.nextStates[i] : 0), 0) / test.n;
    expect(Math.abs(error)).toBeLessThan(3e-4);
  });

  test("leaves a model that is right as it is", async () => {
    const repair = await repairArm(model, await live(120, 0, 0, 0, 5));
    expect(repair.kind).toBe("none");
    const state = new Float64Array(d);
    const out = new Float64Array(4);
    repair.control.follow(state, Float64Array.of(0.01, 0, 0, -1), 1, out);
    expect(Array.from(out)).toEqual([0.5, 0, 0, -1]);
  });
});
