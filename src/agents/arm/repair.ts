import { cholesky, choleskySolve } from "../../numbers/dense.ts";
import type { Simulator } from "../../planning/simulator.ts";
import type { WaypointControl } from "../../planning/waypoints.ts";
import { armControl } from "./control.ts";
import { armCoordinatesSize } from "./episodes.ts";
import { type ArmSteps, holding, ofEpisodes, residualsOf } from "./residuals.ts";

/** x, y, z of an action as the arm seems to obey them: M a + c, cut to ±1. */
export interface ActionMap {
  /** [3, 3] */
  readonly matrix: Float64Array;
  /** [3] */
  readonly shift: Float64Array;
}

/** What was changed about a model by real steps, and how it is to be used. */
export interface Repair {
  /** "actions": another map of actions; "residual": a linear correction; "both"; "none" where neither predicts better. */
  readonly kind: "none" | "actions" | "residual" | "both";
  readonly model: Simulator;
  /** Follows waypoints through the map, undone. */
  readonly control: WaypointControl;
  readonly map?: ActionMap;
  /** Root mean square of standardised residuals of episodes that were left out, before and after. */
  readonly before: number;
  readonly after: number;
}

const d = armCoordinatesSize;
/** Hand and cube are met to 0.3 mm, speeds to 1 cm/s, yaw to 0.02 rad: units of errors, and what a correction is expected to be a few of. */
const UNIT = Float64Array.from({ length: d }, (_, j) => (j < 7 ? 3e-4 : j < 14 ? 1e-2 : 2e-2));
/** An outlier is worth this many units: contacts that went otherwise. */
const HUBER = 10;
/** A correction must leave this share of the error to be worth its risk. */
const WORTH = 0.97;
const FOLDS = 4;

/** Repairs are tried on episodes that they were not fitted to (halves of one episode where there is only one), and the best is fitted to all. */
export async function repairArm(model: Simulator, steps: ArmSteps): Promise<Repair> {
  const folds = foldsOf(steps);
  const kinds = ["none", "actions", "residual", "both"] as const;
  const errors = await Promise.all(
    kinds.map(async (kind) => {
      let sum = 0;
      for (const fold of folds) {
        const repaired = await fitted(model, fold.train, kind);
        sum += sizeOf(await residualsOf(repaired.model, fold.test)) * fold.test.n;
      }
      return Math.sqrt(sum / steps.n);
    }),
  );
  const [before] = errors;
  let best = 0;
  for (let k = 1; k < kinds.length; k++) if (errors[k] < WORTH * Math.min(before, errors[best])) best = k;
  return { kind: kinds[best], ...(await fitted(model, steps, kinds[best])), before, after: errors[best] };
}

function foldsOf(steps: ArmSteps): { readonly train: ArmSteps; readonly test: ArmSteps }[] {
  const numbers = [...new Set(steps.episodes)];
  const several = numbers.length > 1;
  // one episode is cut into stretches
  const cut = several ? steps : { ...steps, episodes: steps.episodes.map((_, i) => Math.floor((FOLDS * i) / steps.n)) };
  const rank = new Map([...new Set(cut.episodes)].map((number, i) => [number, i % FOLDS]));
  const count = Math.min(FOLDS, rank.size);
  return Array.from({ length: count }, (_, k) => ({
    train: ofEpisodes(cut, (episode) => rank.get(episode) !== k),
    test: ofEpisodes(cut, (episode) => rank.get(episode) === k),
  }));
}

/** Mean square in units, outliers at their bound. */
function sizeOf(residuals: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < residuals.length; i++) sum += Math.min(HUBER, Math.abs(residuals[i] / UNIT[i % d])) ** 2;
  return sum / residuals.length;
}

async function fitted(model: Simulator, steps: ArmSteps, kind: Repair["kind"]): Promise<Pick<Repair, "model" | "control" | "map">> {
  const map = kind === "actions" || kind === "both" ? await fitActions(model, steps) : undefined;
  const mapped = map ? through(model, map) : model;
  const corrected = kind === "residual" || kind === "both" ? await corrector(mapped, steps) : mapped;
  return { model: corrected, control: map ? undoing(map) : armControl, map };
}

/**
 * M and c by Gauss-Newton with damping on the hand's places and speeds, from "as before":
 *   min Σ ρ((x' − f(x, M a + c))/unit) + Σ (change of M, c)²/½².
 */
async function fitActions(model: Simulator, steps: ArmSteps): Promise<ActionMap> {
  const { states, actions, nextStates, n } = steps;
  const seen = [0, 1, 2, 7, 8, 9];
  const initial = Float64Array.from([1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0]);
  const prior = 4;
  const unmapped = (p: Float64Array): ActionMap => ({ matrix: p.slice(0, 9), shift: p.slice(9) });
  const errorsAt = async (mapped: Float64Array) => {
    const { nextStates: found } = await model.step(states, mapped, n);
    return found.map((x, i) => (nextStates[i] - x) / UNIT[i % d]);
  };
  const weightOf = (error: number) => (Math.abs(error) > HUBER ? HUBER / Math.abs(error) : 1);
  const costOf = (errors: Float64Array, p: Float64Array) => {
    let cost = 0;
    for (let b = 0; b < n; b++)
      for (const j of seen) {
        const size = Math.abs(errors[b * d + j]);
        cost += size > HUBER ? HUBER * (2 * size - HUBER) : size * size;
      }
    return p.reduce((sum, x, k) => sum + prior * (x - initial[k]) ** 2, cost);
  };
  let p = initial.slice();
  let errors = await errorsAt(mapActions(actions, unmapped(p)));
  let cost = costOf(errors, p);
  let damping = 1e-3;
  for (let iteration = 0; iteration < 12; iteration++) {
    const mapped = mapActions(actions, unmapped(p));
    const h = 0.05;
    const slopes: Float64Array[] = [];
    for (let k = 0; k < 3; k++) {
      const moved = (by: number) => mapped.map((x, i) => (i % 4 === k ? x + by : x));
      const [up, down] = [await errorsAt(moved(h)), await errorsAt(moved(-h))];
      slopes.push(up.map((x, i) => (down[i] - x) / (2 * h)));
    }
    const normal = new Float64Array(144);
    const right = Float64Array.from(p, (x, k) => prior * (initial[k] - x));
    const row = new Float64Array(12);
    for (let b = 0; b < n; b++)
      for (const j of seen) {
        for (let k = 0; k < 3; k++) {
          const slope = slopes[k][b * d + j];
          for (let l = 0; l < 3; l++) row[3 * k + l] = slope * actions[4 * b + l];
          row[9 + k] = slope;
        }
        const weight = weightOf(errors[b * d + j]);
        for (let s = 0; s < 12; s++) {
          right[s] += weight * row[s] * errors[b * d + j];
          for (let t = 0; t <= s; t++) normal[12 * s + t] += weight * row[s] * row[t];
        }
      }
    for (let s = 0; s < 12; s++) normal[13 * s] = normal[13 * s] * (1 + damping) + prior;
    if (!cholesky(normal, 12)) break;
    choleskySolve(normal, 12, right);
    const tried = p.map((x, s) => x + right[s]);
    const triedErrors = await errorsAt(mapActions(actions, unmapped(tried)));
    const triedCost = costOf(triedErrors, tried);
    if (triedCost < cost) {
      const done = cost - triedCost < 1e-6 * cost;
      [p, errors, cost, damping] = [tried, triedErrors, triedCost, damping / 4];
      if (done) break;
    } else damping *= 8;
  }
  return unmapped(p);
}

/** M a + c, cut to ±1; the grip as it is. */
function mapActions(actions: Float64Array, { matrix, shift }: ActionMap): Float64Array {
  const out = actions.slice();
  for (let at = 0; at < actions.length; at += 4)
    for (let k = 0; k < 3; k++) {
      let sum = shift[k];
      for (let l = 0; l < 3; l++) sum += matrix[3 * k + l] * actions[at + l];
      out[at + k] = Math.max(-1, Math.min(1, sum));
    }
  return out;
}

function through(model: Simulator, map: ActionMap): Simulator {
  return { stateSize: model.stateSize, step: (states, actions, n) => model.step(states, mapActions(actions, map), n) };
}

/** The action that the map turns into what `armControl` wants: M⁻¹(u − c), cut to ±1. */
function undoing({ matrix, shift }: ActionMap): WaypointControl {
  const [a, b, c, e, f, g, h, i, j] = matrix;
  const determinant = a * (f * j - g * i) - b * (e * j - g * h) + c * (e * i - f * h);
  // an action that nothing obeys is left as it is
  if (Math.abs(determinant) < 1e-3) return armControl;
  const inverse = [
    f * j - g * i,
    c * i - b * j,
    b * g - c * f,
    g * h - e * j,
    a * j - c * h,
    c * e - a * g,
    e * i - f * h,
    b * h - a * i,
    a * f - b * e,
  ];
  return {
    ...armControl,
    follow(states, waypoints, n, out) {
      armControl.follow(states, waypoints, n, out);
      for (let at = 0; at < 4 * n; at += 4) {
        const wanted = [0, 1, 2].map((k) => out[at + k] - shift[k]);
        for (let k = 0; k < 3; k++) {
          const sum = inverse[3 * k] * wanted[0] + inverse[3 * k + 1] * wanted[1] + inverse[3 * k + 2] * wanted[2];
          out[at + k] = Math.max(-1, Math.min(1, sum / determinant));
        }
      }
    },
  };
}

/** Bias, action, the state near its middle; bias and action again while the cube is held. */
const FEATURES = 1 + 4 + d + 5;
const CENTRE = [0.38, 0, 0.1, 0.04, 0.38, 0, 0.1, 0, 0, 0, 0, 0, 0, 0, 0];
const SPREAD = [0.06, 0.08, 0.06, 0.03, 0.06, 0.08, 0.06, 0.3, 0.3, 0.3, 0.5, 0.3, 0.3, 0.3, 0.2];

function featuresOf(states: Float64Array, actions: Float64Array, b: number, out: Float64Array): void {
  const held = holding(states, b * d) ? 1 : 0;
  out[0] = 1;
  for (let k = 0; k < 4; k++) out[1 + k] = actions[4 * b + k];
  for (let j = 0; j < d; j++) out[5 + j] = Math.max(-3, Math.min(3, (states[b * d + j] - CENTRE[j]) / SPREAD[j]));
  out[5 + d] = held;
  for (let k = 0; k < 4; k++) out[6 + d + k] = held * actions[4 * b + k];
}

/** x' = f(x, a) + Θ φ(x, a), Θ by ridge regression of the residuals, which are cut to `HUBER` units; a weight is expected to be about one unit. */
async function corrector(model: Simulator, steps: ArmSteps): Promise<Simulator> {
  const residuals = await residualsOf(model, steps);
  const normal = new Float64Array(FEATURES * FEATURES);
  const right = Array.from({ length: d }, () => new Float64Array(FEATURES));
  const phi = new Float64Array(FEATURES);
  for (let b = 0; b < steps.n; b++) {
    featuresOf(steps.states, steps.actions, b, phi);
    for (let s = 0; s < FEATURES; s++) {
      for (let t = 0; t <= s; t++) normal[FEATURES * s + t] += phi[s] * phi[t];
      for (let j = 0; j < d; j++) right[j][s] += phi[s] * Math.max(-HUBER, Math.min(HUBER, residuals[b * d + j] / UNIT[j]));
    }
  }
  // errors of neighbouring steps hang together: as if every step were told ten times
  for (let s = 0; s < FEATURES; s++) normal[(FEATURES + 1) * s] += 10;
  cholesky(normal, FEATURES);
  for (const weights of right) choleskySolve(normal, FEATURES, weights);
  return {
    stateSize: model.stateSize,
    async step(states, actions, n) {
      const { nextStates } = await model.step(states, actions, n);
      const out = nextStates.slice();
      const own = new Float64Array(FEATURES);
      for (let b = 0; b < n; b++) {
        featuresOf(states, actions, b, own);
        for (let j = 0; j < d; j++) {
          let sum = 0;
          for (let s = 0; s < FEATURES; s++) sum += right[j][s] * own[s];
          out[b * d + j] += UNIT[j] * sum;
        }
      }
      return { nextStates: out };
    },
  };
}
