import { Matrix, SingularValueDecomposition } from "ml-matrix";

export interface PseudoInverse {
  readonly rank: number;
  /** falling, min(heads, states) of them */
  readonly singularValues: Float64Array;
  /**
   * M⁺q + (I − M⁺M) P₀: of all p with M p nearest to q, the one nearest to P₀. Neither sign nor sum is constrained.
   * @param target [heads]; @param prior [states], 0 when absent
   */
  solve(target: Float64Array, prior?: Float64Array): Float64Array;
  /** I − M⁺M, [states, states] row by row: spans the changes of P that no head can see. */
  nullProjector(): Float64Array;
}

/**
 * The unconstrained answer (Nangue Tasse et al., World Value Functions, 2022, where it recovers deterministic dynamics).
 * @param columns M, as [states, heads]
 * @param tolerance singular values below this share of the largest count as zero; max(heads, states) · 2⁻⁵² when absent
 */
export function pseudoInverse(columns: Float64Array, heads: number, tolerance?: number): PseudoInverse {
  const states = columns.length / heads;
  const transposed = new Matrix(states, heads);
  for (let s = 0; s < states; s++) for (let i = 0; i < heads; i++) transposed.set(s, i, columns[s * heads + i]);
  // Mᵀ = U Σ Wᵀ, hence M⁺ = U Σ⁻¹ Wᵀ
  const decomposition = new SingularValueDecomposition(transposed, { autoTranspose: true });
  const singularValues = Float64Array.from(decomposition.diagonal);
  const cut = (tolerance ?? Math.max(heads, states) * Number.EPSILON) * (singularValues[0] ?? 0);
  const rank = singularValues.filter((sigma) => sigma > cut).length;
  const u = decomposition.leftSingularVectors;
  const w = decomposition.rightSingularVectors;
  return {
    rank,
    singularValues,
    solve(target, prior) {
      const out = prior ? prior.slice() : new Float64Array(states);
      for (let c = 0; c < rank; c++) {
        let seen = 0;
        let held = 0;
        for (let i = 0; i < heads; i++) seen += w.get(i, c) * target[i];
        if (prior) for (let s = 0; s < states; s++) held += u.get(s, c) * prior[s];
        const coefficient = seen / singularValues[c] - held;
        for (let s = 0; s < states; s++) out[s] += coefficient * u.get(s, c);
      }
      return out;
    },
    nullProjector() {
      const out = new Float64Array(states * states);
      for (let s = 0; s < states; s++)
        for (let t = 0; t < states; t++) {
          let sum = s === t ? 1 : 0;
          for (let c = 0; c < rank; c++) sum -= u.get(s, c) * u.get(t, c);
          out[s * states + t] = sum;
        }
      return out;
    },
  };
}
