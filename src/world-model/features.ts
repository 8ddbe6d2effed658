import type { Coordinates } from "../environments/environment.ts";
import type { Space } from "../spaces/space.ts";

export type FeatureKind = "linear" | "quadratic";

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

/**
 * linear: 1, the coordinates (angles as cosine and sine, the others standardised) and the action (discrete: one-hot less its mean, without
 * the first; box: scaled to ±1). quadratic: all products of two of the coordinates, and of a coordinate with an action, besides.
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
  if (quadratic) {
    for (let i = 0; i < o; i++) for (let j = i; j < o; j++) names.push(`${seen[i].name} · ${seen[j].name}`);
    for (let i = 0; i < o; i++) for (let j = 0; j < m; j++) names.push(`${seen[i].name} · ${action.names[j]}`);
  }
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
        if (!quadratic) continue;
        let at = row + 1 + o + m;
        for (let i = 0; i < o; i++) for (let j = i; j < o; j++) out[at++] = out[row + 1 + i] * out[row + 1 + j];
        for (let i = 0; i < o; i++) for (let j = 0; j < m; j++) out[at++] = out[row + 1 + i] * out[row + 1 + o + j];
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
