import { confine } from "../../world-model/confine.ts";
import type { ContactMap } from "../../world-model/contact.ts";
import { applyContacts, facesOf, touches } from "../../world-model/contact.ts";
import { estimate, residualOf, type ValueEquations } from "./value-equations.ts";

/** Affine maps that are tried on a face: offsets of the half range and slopes. */
export const CANDIDATES = {
  offsets: Array.from({ length: 13 }, (_, i) => (i - 6) / 20),
  slopes: Array.from({ length: 11 }, (_, i) => (i - 5) / 5),
};
/** Steps that touch a face: fewer say nothing of it, more are not needed. */
const LEAST = 50;
const MOST = 500;
/** A map must beat plain clipping by this many standard errors of the difference. */
const SURE = 3;
/** Maps whose residuals differ by less than this many standard errors are as good as each other: the simplest is taken. */
const ALIKE = 1;

export interface ContactEvidence {
  readonly coordinate: number;
  readonly side: "low" | "high";
  readonly other: number;
  /** Steps of the sample that touch the face. */
  readonly steps: number;
  /** Mean Bellman residual on them with plain clipping and with the best map; absent where the face is seldom touched. */
  readonly plain?: number;
  readonly best?: number;
  readonly map?: ContactMap;
}

/**
 * What the faces of the box do, by the Bellman residual of the steps that touch them, face by face and coordinate by coordinate: no next state is used.
 * @param raw [n, d] where the interior law alone would go
 * @param targetsOf the known sides of some rows, [rows, k]
 */
export async function fitContacts(
  equations: ValueEquations,
  raw: Float64Array,
  targetsOf: (rows: Int32Array) => Promise<Float64Array>,
): Promise<ContactEvidence[]> {
  const { coordinates, stateSize: d } = equations;
  const n = raw.length / d;
  const found: ContactEvidence[] = [];
  for (const { coordinate, side } of facesOf(coordinates)) {
    const rows: number[] = [];
    for (let b = 0; b < n && rows.length < MOST; b++) if (touches(coordinates, coordinate, side, raw[b * d + coordinate])) rows.push(b);
    const landed = Float64Array.from({ length: rows.length * d }, (_, i) => raw[rows[Math.floor(i / d)] * d + (i % d)]);
    const known = rows.length < LEAST ? new Float64Array(0) : await targetsOf(Int32Array.from(rows));
    for (let other = 0; other < d; other++) {
      const bounded = !coordinates.angular[other] && Number.isFinite(coordinates.high[other] - coordinates.low[other]);
      if (other === coordinate || !bounded) continue;
      if (rows.length < LEAST) {
        found.push({ coordinate, side, other, steps: rows.length });
        continue;
      }
      const earlier = found.flatMap((entry) => (entry.map && entry.coordinate === coordinate && entry.side === side ? [entry.map] : []));
      const residuals = (map: ContactMap) =>
        residualOf(equations, confine(applyContacts([...earlier, map], coordinates, landed.slice()), coordinates), known);
      const tried: { readonly map: ContactMap; readonly residual: Float64Array; readonly mean: number }[] = [];
      for (const offset of CANDIDATES.offsets) {
        for (const slope of CANDIDATES.slopes) {
          const map: ContactMap = { coordinate, side, other, offset, slope };
          const residual = await residuals(map);
          tried.push({ map, residual, mean: estimate(residual).mean });
        }
      }
      const plain = tried.find(({ map }) => map.offset === 0 && map.slope === 1)!;
      const best = tried.reduce((a, b) => (b.mean < a.mean ? b : a));
      const against = (a: Float64Array, b: Float64Array) => estimate(a.map((x, i) => x - b[i]));
      const simplest = tried
        .filter(({ residual }) => {
          const { mean, error } = against(residual, best.residual);
          return mean <= ALIKE * error;
        })
        .reduce((a, b) => (complexity(b.map) < complexity(a.map) || (complexity(b.map) === complexity(a.map) && b.mean < a.mean) ? b : a));
      const gain = against(plain.residual, simplest.residual);
      const worth = simplest !== plain && gain.mean > SURE * gain.error;
      found.push({
        coordinate,
        side,
        other,
        steps: rows.length,
        plain: plain.mean,
        best: simplest.mean,
        ...(worth ? { map: simplest.map } : {}),
      });
    }
  }
  return found;
}

/** Clipping is nothing, a fixed value or a mere factor one thing, both two. */
function complexity({ offset, slope }: ContactMap): number {
  if (offset === 0 && slope === 1) return 0;
  if (offset === 0 && slope === 0) return 1;
  return 2 + Number(offset !== 0) + Number(slope !== 0 && slope !== 1);
}
