import type { Coordinates } from "../environments/environment.ts";
import type { Space } from "../spaces/space.ts";

export type FeatureKind = "linear" | "quadratic" | "additive" | "chebyshev";

export const featureKinds: readonly FeatureKind[] = ["linear", "quadratic", "additive", "chebyshev"];
/** Degree of the polynomials of a position that has bounds. */
const CHEBYSHEV_DEGREE = 8;

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
function products(kind: FeatureKind, { angular }: Coordinates): (readonly [number, number])[] {
  if (kind === "linear") return [];
  const sine = angular.flatMap((angle) => (angle ? [false, true] : [false]));
  return sine.flatMap((_, i) => sine.slice(i).flatMap((_, k) => (k === 0 && sine[i] && kind !== "quadratic" ? [] : [[i, i + k] as const])));
}

/**
 * One function of (s, a), which `createFeatures` computes in numbers and `featureGraph` as a graph. A product multiplies two earlier functions of the list.
 * "choice" is one-hot less its mean; "scaled" is (a − middle)/half.
 */
export type FeatureTerm = { readonly name: string } & (
  | { readonly kind: "one" }
  | { readonly kind: "cos" | "sin"; readonly of: number }
  | { readonly kind: "standard"; readonly of: number }
  | { readonly kind: "choice"; readonly index: number; readonly start: number; readonly choices: number }
  | { readonly kind: "scaled"; readonly of: number; readonly middle: number; readonly half: number }
  | { readonly kind: "product"; readonly left: number; readonly right: number }
  | { readonly kind: "chebyshev"; readonly of: number; readonly degree: number }
);

/**
 * linear: 1, the coordinates (angles as cosine and sine, the others standardised) and the action (discrete: one-hot less its mean, without
 * the first; box: scaled to ±1). additive: products of two of the coordinates besides. quadratic: and of a coordinate with an action.
 * chebyshev: additive with T₃ … T₈ of every position that has bounds, over its range.
 */
export function featureTerms(kind: FeatureKind, coordinates: Coordinates, actionSpace: Space): FeatureTerm[] {
  const seen = coordinates.names.flatMap((name, of): FeatureTerm[] =>
    coordinates.angular[of]
      ? [
          { kind: "cos", name: `cos ${name}`, of },
          { kind: "sin", name: `sin ${name}`, of },
        ]
      : [{ kind: "standard", name, of }],
  );
  const actions = actionTerms(actionSpace);
  const terms: FeatureTerm[] = [{ kind: "one", name: "1" }, ...seen, ...actions];
  const product = (left: number, right: number): FeatureTerm => ({
    kind: "product",
    name: `${terms[left].name} · ${terms[right].name}`,
    left,
    right,
  });
  const o = seen.length;
  const pairs = products(kind, coordinates).map(([i, j]) => product(1 + i, 1 + j));
  const acting = kind === "quadratic" ? seen.flatMap((_, i) => actions.map((_, j) => product(1 + i, 1 + o + j))) : [];
  const positions = kind === "chebyshev" ? boundedPositions(coordinates) : [];
  const polynomials = positions.flatMap((of) =>
    Array.from(
      { length: CHEBYSHEV_DEGREE - 2 },
      (_, k): FeatureTerm => ({ kind: "chebyshev", name: `T${k + 3}(${coordinates.names[of]})`, of, degree: k + 3 }),
    ),
  );
  return [...terms, ...pairs, ...acting, ...polynomials];
}

function actionTerms(space: Space): FeatureTerm[] {
  if (space.kind === "discrete") {
    const { n, start } = space;
    return Array.from({ length: n - 1 }, (_, i) => ({ kind: "choice", name: `action ${start + i + 1}`, index: i + 1, start, choices: n }));
  }
  if (space.kind === "dict") throw new TypeError("actions must be a Box or a Discrete space, got a Dict");
  const m = space.low.length;
  return Array.from({ length: m }, (_, of) => {
    const bounded = Number.isFinite(space.low[of] + space.high[of]);
    return {
      kind: "scaled",
      name: m === 1 ? "action" : `action ${of}`,
      of,
      middle: bounded ? (space.low[of] + space.high[of]) / 2 : 0,
      half: bounded ? (space.high[of] - space.low[of]) / 2 : 1,
    };
  });
}

/**
 * φ(s, a) of `featureTerms` in numbers.
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
  const m = actionSpace.kind === "box" ? actionSpace.low.length : 1;
  const terms = featureTerms(kind, coordinates, actionSpace);
  const width = terms.length;
  const write = (term: FeatureTerm, f: number, states: Float64Array, actions: Float64Array, n: number, out: Float64Array) => {
    switch (term.kind) {
      case "one":
        for (let b = 0; b < n; b++) out[b * width + f] = 1;
        return;
      case "cos":
        for (let b = 0; b < n; b++) out[b * width + f] = Math.cos(states[b * d + term.of]);
        return;
      case "sin":
        for (let b = 0; b < n; b++) out[b * width + f] = Math.sin(states[b * d + term.of]);
        return;
      case "standard":
        for (let b = 0; b < n; b++) out[b * width + f] = (states[b * d + term.of] - centre[term.of]) / scale[term.of];
        return;
      case "choice":
        for (let b = 0; b < n; b++) out[b * width + f] = (actions[b] - term.start === term.index ? 1 : 0) - 1 / term.choices;
        return;
      case "scaled":
        for (let b = 0; b < n; b++) out[b * width + f] = (actions[b * m + term.of] - term.middle) / term.half;
        return;
      case "product":
        for (let b = 0; b < n; b++) out[b * width + f] = out[b * width + term.left] * out[b * width + term.right];
        return;
      case "chebyshev":
        for (let b = 0; b < n; b++) {
          const u = (2 * states[b * d + term.of] - low[term.of] - high[term.of]) / (high[term.of] - low[term.of]);
          let [before, now] = [u, 2 * u * u - 1];
          for (let k = 3; k <= term.degree; k++) [before, now] = [now, 2 * u * now - before];
          out[b * width + f] = now;
        }
    }
  };
  return {
    kind,
    names: terms.map(({ name }) => name),
    centre,
    scale,
    matrix(states, actions, n) {
      const out = new Float64Array(n * width);
      for (let f = 0; f < width; f++) write(terms[f], f, states, actions, n, out);
      return out;
    },
  };
}
