/** Points ξ_p [count, d] and weights w_p with Σ_p w_p g(ξ_p) ≈ E g(ξ), ξ ~ N(0, I). */
export interface SigmaPoints {
  readonly count: number;
  readonly points: Float64Array;
  readonly weights: Float64Array;
}

/**
 * The fully symmetric rule of degree 5 (McNamee and Stenger 1967), 2d² + 1 points at 0, ±√3 e_i and ±√3 e_i ± √3 e_j: exact where g is a polynomial of degree 5,
 * and for d ≤ 2 Gauss–Hermite's product rule. The unscented rule, of degree 3, would take fourth moments of the noise for curvature.
 */
export function sigmaPoints(d: number): SigmaPoints {
  const points: number[] = new Array<number>(d).fill(0);
  const weights: number[] = [1 + (d * d - 7 * d) / 18];
  const far = Math.sqrt(3);
  const add = (entries: readonly (readonly [number, number])[], weight: number) => {
    const point = new Array<number>(d).fill(0);
    for (const [j, x] of entries) point[j] = x;
    points.push(...point);
    weights.push(weight);
  };
  for (let i = 0; i < d; i++) for (const x of [far, -far]) add([[i, x]], (4 - d) / 18);
  for (let i = 0; i < d; i++)
    for (let j = i + 1; j < d; j++) {
      for (const x of [far, -far]) {
        for (const y of [far, -far]) {
          add(
            [
              [i, x],
              [j, y],
            ],
            1 / 36,
          );
        }
      }
    }
  return { count: weights.length, points: Float64Array.from(points), weights: Float64Array.from(weights) };
}
