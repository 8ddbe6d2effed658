import type { Coordinates } from "../environments/environment.ts";
import type { Space } from "../spaces/space.ts";

export type FeatureKind = "linear" | "quadratic" | "additive" | "chebyshev";

export const featureKinds: readonly FeatureKind[] = ["linear", "quadratic", "additive", "chebyshev"];
/** Degree of the polynomials of a position that has bounds. */
export const CHEBYSHEV_DEGREE = 8;

/** Functions of (s, a) in which a structured model is linear. */
export interface Features {
  readonly kind: FeatureKind;
  readonly names: readonly string[];
  /** [d] mean and standard deviation of the states it was made for. */
  readonly centre: Float64Array;
  readonly scale: Float64Array;
  /** φ(s, a): flat [n, names.length]. */
  matrix(states: Float64Array, actions: Float64Array, n: number): Float64Array;
}

/** Coordinates whose polynomials of higher degree a Chebyshev model has: those within bounds that have a rate. */
export function boundedPositions({ angular, low, high, rateOf }: Coordinates): number[] {
  return rateOf.flatMap((rate, i) => (rate !== null && !angular[i] && Number.isFinite(high[i] - low[i]) ? [i] : []));
}

/** Which two of the functions of the coordinates are multiplied: all, less sin² of an angle where the model is additive (cos² + sin² = 1). */
export function products(kind: FeatureKind, { angular }: Coordinates): (readonly [number, number])[] {
  if (kind === "linear") return [];
  const sine = angular.flatMap((angle) => (angle ? [false, true] : [false]));
  return sine.flatMap((_, i) => sine.slice(i).flatMap((_, k) => (k === 0 && sine[i] && kind !== "quadratic" ? [] : [[i, i + k] as const])));
}

/**
 * linear: 1, the coordinates (angles as cosine and sine, the others standardised) and the action (discrete: one-hot less its mean, without
 * the first; box: scaled to ±1). additive: products of two of the coordinates besides. quadratic: and of a coordinate with an action.
 * chebyshev: additive with T₃ … T₈ of every position that has bounds, over its range.
 * @param centre [d] @param scale [d], positive
 */
export function createFeatures(
  kind: FeatureKind,
  coordinates: Coordinates,
  actionSpace: Space,
  centre: Float64Array,
  scale: Float64Array,
): Features {
  const d = coordinates.names.length;
  const { low, high } = coordinates;
  const seen: { readonly name: string; readonly at: number; readonly of: (x: number) => number }[] = [];
  for (let i = 0; i < d; i++) {
    const name = coordinates.names[i];
    if (coordinates.angular[i]) seen.push({ name: `cos ${name}`, at: i, of: Math.cos }, { name: `sin ${name}`, at: i, of: Math.sin });
    else seen.push({ name, at: i, of: (x) => (x - centre[i]) / scale[i] });
  }
  const action = actionFeatures(actionSpace);
  const o = seen.length;
  const m = action.names.length;
  const quadratic = kind === "quadratic";
  const names = ["1", ...seen.map((f) => f.name), ...action.names];
  const pairs = products(kind, coordinates);
  const positions = kind === "chebyshev" ? boundedPositions(coordinates) : [];
  for (const [i, j] of pairs) names.push(`${seen[i].name} · ${seen[j].name}`);
  if (quadratic) for (let i = 0; i < o; i++) for (let j = 0; j < m; j++) names.push(`${seen[i].name} · ${action.names[j]}`);
  for (const i of positions) for (let k = 3; k <= CHEBYSHEV_DEGREE; k++) names.push(`T${k}(${coordinates.names[i]})`);
  const width = names.length;
  return {
    kind,
    names,
    centre,
    scale,
    matrix(states, actions, n) {
      const out = new Float64Array(n * width);
      for (let b = 0; b < n; b++) {
        const row = b * width;
        out[row] = 1;
        for (let i = 0; i < o; i++) out[row + 1 + i] = seen[i].of(states[b * d + seen[i].at]);
        action.write(actions, b, out, row + 1 + o);
        let at = row + 1 + o + m;
        for (const [i, j] of pairs) out[at++] = out[row + 1 + i] * out[row + 1 + j];
        if (quadratic) for (let i = 0; i < o; i++) for (let j = 0; j < m; j++) out[at++] = out[row + 1 + i] * out[row + 1 + o + j];
        for (const i of positions) {
          const u = (2 * states[b * d + i] - low[i] - high[i]) / (high[i] - low[i]);
          let [before, now] = [u, 2 * u * u - 1];
          for (let k = 3; k <= CHEBYSHEV_DEGREE; k++) {
            [before, now] = [now, 2 * u * now - before];
            out[at++] = now;
          }
        }
      }
      return out;
    },
  };
}

function actionFeatures(space: Space): { names: string[]; write(actions: Float64Array, row: number, out: Float64Array, at: number): void } {
  if (space.kind === "discrete") {
    const { n, start } = space;
    return {
      names: Array.from({ length: n - 1 }, (_, i) => `action ${start + i + 1}`),
      write(actions, row, out, at) {
        for (let i = 1; i < n; i++) out[at + i - 1] = (actions[row] - start === i ? 1 : 0) - 1 / n;
      },
    };
  }
  if (space.kind === "dict") throw new TypeError("actions must be a Box or a Discrete space, got a Dict");
  const m = space.low.length;
  const centre = space.low.map((low, i) => (Number.isFinite(low + space.high[i]) ? (low + space.high[i]) / 2 : 0));
  const half = space.low.map((low, i) => (Number.isFinite(low + space.high[i]) ? (space.high[i] - low) / 2 : 1));
  return {
    names: Array.from({ length: m }, (_, i) => (m === 1 ? "action" : `action ${i}`)),
    write(actions, row, out, at) {
      for (let i = 0; i < m; i++) out[at + i] = (actions[row * m + i] - centre[i]) / half[i];
    },
  };
}
