import type { Simulation } from "../../environments/environment.ts";
import { cholesky, choleskySolve } from "../../numbers/dense.ts";
import { armControl } from "./control.ts";
import { armCoordinatesSize, seeArm } from "./episodes.ts";
import { type ArmSteps, holding } from "./residuals.ts";

const d = armCoordinatesSize;
/** Where the hand shakes itself, m, and steps for going there from anywhere. */
const PLACE = [0.38, 0, 0.2];
const APPROACH = 14;
/** Full strides to and fro along each axis: the more sudden, the more they tell of strength and weight. */
const SHAKE = [1, -1, -1, 1];
const AXES = 3;

/**
 * The hand goes to one place and shakes: open, before it does anything; closed, with the cube, after it. The same motion at the same place every time, so that what a model gets wrong there
 * is the same every time, and a change of the arm or of what it holds stands out from it.
 * @param states [n, stateSize] full states, advanced in place
 * @returns the shaking steps, an episode of the steps each
 */
export function selfTest(simulation: Simulation, states: Float64Array, grip: 1 | -1): ArmSteps {
  const n = states.length / simulation.stateSize;
  const shaking = AXES * SHAKE.length;
  const out: ArmSteps = {
    n: n * shaking,
    states: new Float64Array(n * shaking * d),
    actions: new Float64Array(n * shaking * 4),
    nextStates: new Float64Array(n * shaking * d),
    episodes: Int32Array.from({ length: n * shaking }, (_, i) => Math.floor(i / shaking)),
  };
  const result = { nextStates: states, rewards: new Float64Array(n), terminated: new Uint8Array(n) };
  const waypoints = Float64Array.from({ length: 4 * n }, (_, i) => (i % 4 === 3 ? grip : PLACE[i % 4]));
  const actions = new Float64Array(4 * n);
  let seen = seeArm(simulation, states, n);
  for (let t = 0; t < APPROACH + shaking; t++) {
    const k = t - APPROACH;
    armControl.follow(seen, waypoints, n, actions);
    if (k >= 0) {
      const axis = Math.floor(k / SHAKE.length);
      for (let b = 0; b < n; b++) for (let l = 0; l < AXES; l++) actions[4 * b + l] = l === axis ? SHAKE[k % SHAKE.length] : 0;
    }
    simulation.step(states, actions, n, result);
    const next = seeArm(simulation, states, n);
    if (k >= 0)
      for (let b = 0; b < n; b++) {
        const row = b * shaking + k;
        out.states.set(seen.subarray(b * d, (b + 1) * d), row * d);
        out.actions.set(actions.subarray(4 * b, 4 * b + 4), row * 4);
        out.nextStates.set(next.subarray(b * d, (b + 1) * d), row * d);
      }
    seen = next;
  }
  return out;
}

/** What a model got wrong in one self-test. */
export interface SelfTestFindings {
  /** [90] of every axis and coordinate the mean residual while it shakes, and that along the action; NaN where the test was not of its kind */
  readonly features: Float64Array;
  /** [5] how the cube lay in the hand as it began: x, y, z from the grip, yaw, opening */
  readonly grasp: readonly number[];
}

/**
 * What residuals [n, 15] of a self-test come to, episode by episode.
 * @param held the cube is to be held all the time; otherwise the hand is to be free of it
 */
export function selfTestFindings(steps: ArmSteps, residuals: Float64Array, held: boolean): SelfTestFindings[] {
  const shaking = AXES * SHAKE.length;
  return Array.from({ length: steps.n / shaking }, (_, e) => {
    const features = new Float64Array(AXES * 2 * d);
    const first = e * shaking * d;
    const s = steps.states;
    const grasp = [...[0, 1, 2].map((k) => s[first + 4 + k] - s[first + k]), s[first + 14], s[first + 3]];
    for (let k = 0; k < shaking; k++) {
      const row = e * shaking + k;
      if (holding(s, row * d) !== held) return { features: features.fill(Number.NaN), grasp };
      const axis = Math.floor(k / SHAKE.length);
      for (let j = 0; j < d; j++) {
        const error = residuals[row * d + j] / SHAKE.length;
        features[2 * axis * d + j] += error;
        features[(2 * axis + 1) * d + j] += error * SHAKE[k % SHAKE.length];
      }
    }
    return { features, grasp };
  });
}

/** A grasp beyond this many deviations of the reference counts as this many. */
const FAR = 2.5;
/** Ridge in units of one test: a few of them say little of how grasps matter. */
const RIDGE = 2;

/**
 * Findings without what the grasp explains: each feature less its linear regression on how the cube lay in the hand, fitted to reference tests.
 * @returns of any findings, what is left of their features
 */
export function apartFromGrasp(reference: readonly SelfTestFindings[]): (findings: SelfTestFindings) => Float64Array {
  const tests = reference.filter(({ features }) => Number.isFinite(features[0]));
  const width = reference[0].grasp.length;
  const mean = Array.from({ length: width }, (_, i) => tests.reduce((sum, { grasp }) => sum + grasp[i], 0) / tests.length);
  const deviation = mean.map(
    (centre, i) => Math.sqrt(tests.reduce((sum, { grasp }) => sum + (grasp[i] - centre) ** 2, 0) / tests.length) || 1,
  );
  const seen = (grasp: readonly number[]) => [1, ...grasp.map((x, i) => Math.max(-FAR, Math.min(FAR, (x - mean[i]) / deviation[i])))];
  const size = width + 1;
  const normal = new Float64Array(size * size);
  for (const { grasp } of tests) {
    const x = seen(grasp);
    for (let i = 0; i < size; i++) for (let k = 0; k <= i; k++) normal[i * size + k] += x[i] * x[k];
  }
  for (let i = 1; i < size; i++) normal[i * size + i] += RIDGE;
  if (tests.length === 0 || !cholesky(normal, size)) return ({ features }) => features;
  const weights = Array.from(reference[0].features, (_, f) => {
    const right = new Float64Array(size);
    for (const { features, grasp } of tests) {
      const x = seen(grasp);
      for (let i = 0; i < size; i++) right[i] += x[i] * features[f];
    }
    choleskySolve(normal, size, right);
    return right;
  });
  return ({ features, grasp }) => {
    const x = seen(grasp);
    return features.map((value, f) => value - x.reduce((sum, xi, i) => sum + xi * weights[f][i], 0));
  };
}
