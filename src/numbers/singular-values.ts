import { EigenvalueDecomposition, Matrix, SingularValueDecomposition } from "ml-matrix";

/** Above this many entries the spectrum comes from the small Gram matrix: half the digits, but no copy of the table. */
const LARGE = 2_000_000;

export interface Spectrum {
  /** Falling; of (columns − their mean) / √states, scaled by head: how far states spread along each direction, in units of value. */
  readonly singularValues: Float64Array;
  /** How many exceed `tolerance` times the largest. */
  readonly rank: number;
  /** exp of the entropy of σ / Σσ (Roy and Vetterli, "The effective rank", 2007) */
  readonly effectiveRank: number;
}

/**
 * @param columns [states, heads]
 * @param scale [heads]
 */
export function columnSpectrum(columns: Float64Array, heads: number, scale: Float64Array, tolerance = 1e-10): Spectrum {
  const states = columns.length / heads;
  const mean = new Float64Array(heads);
  for (let k = 0; k < columns.length; k++) mean[k % heads] += columns[k] / states;
  const centred = (s: number, i: number) => (scale[i] * (columns[s * heads + i] - mean[i])) / Math.sqrt(states);
  const singularValues = columns.length > LARGE ? fromGram(states, heads, centred) : fromTable(states, heads, centred);
  const rank = singularValues.filter((sigma) => sigma > tolerance * singularValues[0]).length;
  const sum = singularValues.reduce((total, sigma) => total + sigma, 0);
  const entropy = singularValues.reduce((total, sigma) => (sigma > 0 ? total - (sigma / sum) * Math.log(sigma / sum) : total), 0);
  return { singularValues, rank, effectiveRank: sum > 0 ? Math.exp(entropy) : 0 };
}

type Entry = (state: number, head: number) => number;

function fromTable(states: number, heads: number, entry: Entry): Float64Array {
  const matrix = new Matrix(states, heads);
  for (let s = 0; s < states; s++) for (let i = 0; i < heads; i++) matrix.set(s, i, entry(s, i));
  const options = { computeLeftSingularVectors: false, computeRightSingularVectors: false, autoTranspose: true };
  return Float64Array.from(new SingularValueDecomposition(matrix, options).diagonal).sort().reverse();
}

function fromGram(states: number, heads: number, entry: Entry): Float64Array {
  const gram = new Matrix(heads, heads);
  const row = new Float64Array(heads);
  for (let s = 0; s < states; s++) {
    for (let i = 0; i < heads; i++) row[i] = entry(s, i);
    for (let i = 0; i < heads; i++) for (let j = 0; j <= i; j++) gram.set(i, j, gram.get(i, j) + row[i] * row[j]);
  }
  for (let i = 0; i < heads; i++) for (let j = 0; j < i; j++) gram.set(j, i, gram.get(i, j));
  const { realEigenvalues } = new EigenvalueDecomposition(gram, { assumeSymmetric: true });
  return Float64Array.from(realEigenvalues, (x) => Math.sqrt(Math.max(0, x)))
    .sort()
    .reverse();
}
