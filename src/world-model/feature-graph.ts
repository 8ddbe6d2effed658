import { add, cast, concat, cos, mul, oneHot, reduceSum, sin, slice, sub, type Value } from "../engine/index.ts";
import type { Coordinates } from "../environments/environment.ts";
import type { Space } from "../spaces/space.ts";
import { type FeatureKind, type FeatureTerm, featureTerms } from "./features.ts";

/** φ(s, a) of `featureTerms` as a graph: states [N, d] and actions [N, m] to [N, features]. */
export function featureGraph(
  kind: FeatureKind,
  coordinates: Coordinates,
  actionSpace: Space,
  centre: Float64Array,
  scale: Float64Array,
  states: Value,
  actions: Value,
): Value {
  const { low, high } = coordinates;
  const column = (value: Value, i: number) => slice(value, i, i + 1, 1);
  let codes: Value | undefined;
  const all: Value[] = [];
  const of = (term: FeatureTerm): Value => {
    switch (term.kind) {
      case "one":
        return add(mul(column(states, 0), 0), 1);
      case "cos":
        return cos(column(states, term.of));
      case "sin":
        return sin(column(states, term.of));
      case "standard":
        return mul(sub(column(states, term.of), centre[term.of]), 1 / scale[term.of]);
      case "choice":
        codes ??= reduceSum(oneHot(cast(sub(actions, term.start), "int64"), term.choices), [1]);
        return sub(column(codes, term.index), 1 / term.choices);
      case "scaled":
        return mul(sub(column(actions, term.of), term.middle), 1 / term.half);
      case "product":
        return mul(all[term.left], all[term.right]);
      case "chebyshev": {
        const [from, to] = [low[term.of], high[term.of]];
        const u = mul(sub(column(states, term.of), (from + to) / 2), 2 / (to - from));
        let [before, now] = [u, sub(mul(mul(u, u), 2), 1)];
        for (let k = 3; k <= term.degree; k++) [before, now] = [now, sub(mul(mul(u, now), 2), before)];
        return now;
      }
    }
  };
  for (const term of featureTerms(kind, coordinates, actionSpace)) all.push(of(term));
  return concat(all, 1);
}
