import { EigenvalueDecomposition, inverse, Matrix } from "ml-matrix";
import type { BellmanSystem } from "../bellman/system.ts";
import { median } from "../numbers/statistics.ts";

/** Whether the heads can tell how next states scatter. */
export interface NoiseIdentifiability {
  /** [d] RMS over the samples of the deviation found in each coordinate */
  readonly deviation: readonly number[];
  /** d(d + 1)/2 entries of the covariance's factor */
  readonly entries: number;
  /**
   * Falling: median over states of the singular values of ∂E V/∂L, the part that a motion of the mean could explain taken off, rows over the heads' residuals, columns times the noise found
   * (or a twentieth of a typical step): above 1 a combination of entries stands out of the critics' error at a single pair.
   */
  readonly singularValues: readonly number[];
  /** The same of all states together. */
  readonly regionSingularValues: readonly number[];
  readonly visible: number;
  readonly regionVisible: number;
  /** What is seen, and what would help. */
  readonly sentence: string;
  readonly help: readonly string[];
}

export interface NoiseEvidence {
  /** s and the mean of s', [n, d] each */
  readonly states: Float64Array;
  readonly means: Float64Array;
  /** [n, d(d + 1)/2] lower triangles, row by row */
  readonly factors: Float64Array;
  /** E V − y, [n, k] */
  readonly residuals: Float64Array;
  readonly method: "pointwise" | "amortised";
  /** E V(m + L ξ) by m and L: [n, d + d(d + 1)/2, k] */
  readonly slopes: (means: Float64Array, factors: Float64Array) => Promise<Float64Array>;
}

/** Noise below this part of a typical step is not told from none. */
const LEAST = 0.05;

/**
 * The rank of the Jacobian of the expected values by mean and factor. The mean is unknown to a typical step, so its part is projected out:
 * S = G_LL − G_Lm (G_mm + I)⁻¹ G_mL, G the whitened Gram matrix.
 */
export async function identifyNoise(system: BellmanSystem, evidence: NoiseEvidence): Promise<NoiseIdentifiability> {
  const { heads, coordinates, stateSize: d } = system;
  const { states, means, factors, residuals, method } = evidence;
  const k = heads.length;
  const n = states.length / d;
  const lower = (d * (d + 1)) / 2;
  const change = new Float64Array(d);
  const found = new Float64Array(d);
  for (let i = 0; i < n * d; i++) {
    const step = means[i] - states[i];
    change[i % d] += (coordinates.angular[i % d] ? Math.atan2(Math.sin(step), Math.cos(step)) : step) ** 2 / n;
  }
  const rowOf = Array.from({ length: d }, (_, x) => new Array<number>(x + 1).fill(x)).flat();
  for (let at = 0; at < n * lower; at++) found[rowOf[at % lower]] += factors[at] ** 2 / n;
  const unit = Float64Array.from(change, (c, j) => Math.sqrt(Math.max(found[j], LEAST * LEAST * c)) || 1);
  const typical = change.map((c) => Math.sqrt(c) || 1);
  // an entry of the diagonal that is 0 has no slope: it is asked for at the least noise that counts
  const asked = factors.slice();
  for (let b = 0; b < n; b++)
    for (let j = 0; j < d; j++) {
      const at = b * lower + (j * (j + 1)) / 2 + j;
      asked[at] = Math.max(asked[at], LEAST * typical[j]);
    }
  const slopes = await evidence.slopes(means, asked);
  const rms = new Float64Array(k);
  for (let at = 0; at < n * k; at++) rms[at % k] += residuals[at] ** 2 / n;
  const counts = new Map<string, number>();
  for (const { critic } of heads) counts.set(critic, (counts.get(critic) ?? 0) + 1);
  const width = d + lower;
  const scale = (p: number) => (p < d ? typical[p] : unit[rowOf[p - d]]);
  const pooled = Matrix.zeros(lower, lower);
  const spectra: Float64Array[] = [];
  for (let b = 0; b < n; b++) {
    const gram = Matrix.zeros(width, width);
    for (let i = 0; i < k; i++) {
      if (!(rms[i] > 0)) continue;
      const weight = 1 / (rms[i] * counts.get(heads[i].critic)!);
      for (let p = 0; p < width; p++) {
        const own = weight * slopes[(b * width + p) * k + i] * scale(p);
        for (let q = 0; q <= p; q++) gram.set(p, q, gram.get(p, q) + (own * slopes[(b * width + q) * k + i] * scale(q)) / rms[i]);
      }
    }
    for (let p = 0; p < width; p++) for (let q = p + 1; q < width; q++) gram.set(p, q, gram.get(q, p));
    const mean = Matrix.add(gram.subMatrix(0, d - 1, 0, d - 1), Matrix.eye(d));
    const cross = gram.subMatrix(d, width - 1, 0, d - 1);
    const left = Matrix.sub(gram.subMatrix(d, width - 1, d, width - 1), cross.mmul(inverse(mean)).mmul(cross.transpose()));
    spectra.push(singularValues(left));
    pooled.add(Matrix.mul(left, 1 / n));
  }
  const single = Array.from({ length: lower }, (_, e) => median(spectra.map((s) => s[e])));
  const region = Array.from(singularValues(pooled));
  const visible = single.filter((x) => x >= 1).length;
  const regionVisible = region.filter((x) => x >= 1).length;
  const seen = method === "pointwise" ? visible : regionVisible;
  const where = method === "pointwise" ? "at a single state" : "over the region";
  return {
    deviation: Array.from(found, Math.sqrt),
    entries: lower,
    singularValues: single,
    regionSingularValues: region,
    visible,
    regionVisible,
    sentence:
      seen === lower
        ? `The noise is seen: ${where} all ${lower} entries of its covariance stand out of the critics' error.`
        : `The noise is not all seen: ${where} ${seen} of ${lower} entries of its covariance stand out of the critics' error; the rest of what is said of it is the prior.`,
    help:
      seen === lower
        ? []
        : [
            "heads whose values bend within a step of the noise: cumulants of higher frequency, or lower discounts",
            ...(method === "pointwise" && regionVisible > visible ? ["--method amortised, which asks many states for one covariance"] : []),
          ],
  };
}

function singularValues(gram: Matrix): Float64Array {
  const { realEigenvalues } = new EigenvalueDecomposition(gram, { assumeSymmetric: true });
  return Float64Array.from(realEigenvalues, (x) => Math.sqrt(Math.max(0, x)))
    .sort()
    .reverse();
}
