import type { CoordinateTransitions } from "../../learning/invertible/coordinate-values.ts";
import { sum } from "../../numbers/statistics.ts";

/** Where the hand is to the cube, as a transition begins. */
export type ArmRegion = "all" | "contact" | "grasp" | "near" | "free";
export const armRegions: readonly ArmRegion[] = ["all", "contact", "grasp", "near", "free"];

/** How well changes are told, in one region. */
export interface ChangeScore {
  readonly n: number;
  /** Mean over the seven places of 1 − Σ(δ̂ − δ)²/Σ(δ − δ̄)². */
  readonly r2: number;
  /** [15] a coordinate at a time; NaN where nothing changes */
  readonly r2Of: readonly number[];
  /** Mean length of the error of the cube's and the hand's place, mm. */
  readonly objectErrorMillimetres: number;
  readonly handErrorMillimetres: number;
  /** [15] root mean square error in the coordinate's own unit */
  readonly errorOf: readonly number[];
}

const D = 15;
/** The coordinates that are places. */
const PLACES = 7;
/** m: hand and cube within this of each other along every axis. */
const REACH = 0.024;
/** m in a step: the cube moves. */
const MOVED = 0.001;
const NEAR = 0.08;

/** Which regions a transition belongs to. */
function inRegion(region: ArmRegion, { states, nextStates }: CoordinateTransitions, i: number): boolean {
  const at = i * D;
  const apart = [0, 1, 2].map((k) => states[at + 4 + k] - states[at + k]);
  const inside = apart.every((x) => Math.abs(x) < REACH);
  const distance = Math.hypot(...apart);
  switch (region) {
    case "all":
      return true;
    case "contact":
      return inside;
    case "grasp":
      return inside && Math.hypot(...[4, 5, 6].map((k) => nextStates[at + k] - states[at + k])) > MOVED;
    case "near":
      return !inside && distance < NEAR;
    case "free":
      return !inside && distance >= NEAR;
  }
}

/** @param found δ̂ [n, 15] of the transitions' (s, a) */
export function scoreChanges(transitions: CoordinateTransitions, found: Float64Array): Readonly<Record<ArmRegion, ChangeScore>> {
  return Object.fromEntries(armRegions.map((region) => [region, scoreRegion(region, transitions, found)])) as Record<
    ArmRegion,
    ChangeScore
  >;
}

function scoreRegion(region: ArmRegion, transitions: CoordinateTransitions, found: Float64Array): ChangeScore {
  const { n, states, nextStates } = transitions;
  const sums = { change: new Float64Array(D), squares: new Float64Array(D), errors: new Float64Array(D) };
  let [count, object, hand] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    if (!inRegion(region, transitions, i)) continue;
    count++;
    const error = (k: number) => found[i * D + k] - (nextStates[i * D + k] - states[i * D + k]);
    for (let k = 0; k < D; k++) {
      const change = nextStates[i * D + k] - states[i * D + k];
      sums.change[k] += change;
      sums.squares[k] += change * change;
      sums.errors[k] += error(k) ** 2;
    }
    object += Math.hypot(error(4), error(5), error(6));
    hand += Math.hypot(error(0), error(1), error(2));
  }
  const r2Of = Array.from(sums.errors, (squared, k) => {
    const variance = sums.squares[k] - sums.change[k] ** 2 / count;
    return variance > 1e-12 * count ? 1 - squared / variance : Number.NaN;
  });
  const places = r2Of.slice(0, PLACES).filter(Number.isFinite);
  return {
    n: count,
    r2: sum(places) / places.length,
    r2Of,
    objectErrorMillimetres: (1000 * object) / count,
    handErrorMillimetres: (1000 * hand) / count,
    errorOf: Array.from(sums.errors, (squared) => Math.sqrt(squared / count)),
  };
}
