import { clamp } from "../../numbers/statistics.ts";
import { stride, turnStride } from "./engine.ts";
import { wrapQuarter } from "./kinematics.ts";

/** Metres: what counts as beside the cube, as above it, and how high above it the hand waits; how far closed fingers on the cube are apart. */
const beside = 0.012;
const above = 0.01;
const wait = 0.07;
const closed = 0.0445;

/**
 * Pick up the cube and bring it to the goal, by geometry alone and without memory: over the cube, down, close, carry.
 * Observations [n, 21] are those of ArmPickAndPlace-v0 ([n, 23] with `turn`), actions [n, 4] (or 5).
 */
export function scriptedPickAndPlace(observations: Float64Array, n: number): Float64Array {
  const width = observations.length / n;
  const turns = width > 21;
  const m = turns ? 5 : 4;
  const actions = new Float64Array(m * n);
  for (let i = 0; i < n; i++) decide(observations, i * width, actions, m * i, turns);
  return actions;
}

function decide(seen: Float64Array, at: number, out: Float64Array, to: number, turns: boolean): void {
  const [goal, grip, opening, cube] = [at + 3, at + 6, seen[at + 9], at + 10];
  const x = seen[cube] - seen[grip];
  const y = seen[cube + 1] - seen[grip + 1];
  const z = seen[cube + 2] - seen[grip + 2];
  const distance = Math.hypot(x, y);
  const aside = turns ? wrapQuarter(seen[at + 20] - seen[at + 21]) : 0;
  if (turns) out[to + 4] = clamp((0.8 * aside) / turnStride, -1, 1);
  const go = (k: number, metres: number) => {
    out[to + k] = clamp((0.8 * metres) / stride, -1, 1);
  };
  if (distance < beside && Math.abs(z) < beside) {
    const held = opening < closed;
    out[to + 3] = -1;
    for (let k = 0; k < 3; k++) go(k, held ? seen[goal + k] - seen[cube + k] : k === 0 ? x : k === 1 ? y : 0);
    return;
  }
  out[to + 3] = 1;
  const low = distance > 0.03 && z > -0.045;
  go(0, low ? 0.2 * x : x);
  go(1, low ? 0.2 * y : y);
  if (low) out[to + 2] = 1;
  else go(2, z + (distance > above || opening < 0.06 || Math.abs(aside) > 0.1 ? wait : 0.003));
}
