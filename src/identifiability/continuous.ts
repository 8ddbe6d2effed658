import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import type { BellmanSystem } from "../bellman/system.ts";
import { median } from "../numbers/statistics.ts";
import type { NoiseIdentifiability } from "./noise.ts";
import type { Verdict } from "./verdict.ts";

/** What one head says, root mean squares over the samples, in the critic's own units. */
export interface HeadEvidence {
  readonly name: string;
  readonly critic: string;
  readonly discount: number;
  /** RMS of V(ŝ') − V(s): what there is to see. */
  readonly signal: number;
  /** RMS of V(ŝ') − (Q − r)/γ: what the best answer leaves. */
  readonly residual: number;
  /** False where the head was left out of the solution. */
  readonly used: boolean;
}

export interface ContinuousIdentifiability {
  readonly kind: "continuous";
  readonly coordinates: readonly string[];
  readonly heads: readonly HeadEvidence[];
  /** Residual over signal of the heads in use, together. Useful below 0.3, hopeless above 0.7. */
  readonly residualOverSignal: number;
  /** [d] median over states of the singular values of ∂V/∂s', rows over the heads' residuals, columns times a typical change: above 1 a direction stands out of the noise at a single pair */
  readonly singularValues: readonly number[];
  /** [d] the same of all states together: what one model for the whole region can see */
  readonly regionSingularValues: readonly number[];
  /** exp of the entropy of σ/Σσ (Roy and Vetterli 2007), of either list */
  readonly effectiveRank: number;
  readonly regionEffectiveRank: number;
  /** How many directions stand out (σ ≥ 1), of either list */
  readonly visible: number;
  readonly regionVisible: number;
  /** The direction that the region sees least, as weights on typical changes of the coordinates. */
  readonly blindDirection: Readonly<Record<string, number>>;
  /** Median over states of ε(1+γ)/(γ L): L the smallest singular value of the stacked Jacobian in typical changes, ε(1+γ)/γ estimated by the residual. In typical changes; Infinity where a direction is not seen. */
  readonly bound: number;
  /** Cost of the solution over the cost of "nothing moves". */
  readonly costRatio: number;
  /** [d] how far the solution would be off by what its rivals say (other integrators and features), over its own change. */
  readonly disagreement?: readonly number[];
  /** Where noise was asked for. */
  readonly noise?: NoiseIdentifiability;
  readonly verdict: Verdict;
}

export interface ContinuousEvidence {
  readonly states: Float64Array;
  /** ŝ' [n, d] */
  readonly nextStates: Float64Array;
  /** y [n, k] */
  readonly targets: Float64Array;
  /** [k] the solver's whitening; Infinity for heads left out */
  readonly sigma: Float64Array;
  readonly costRatio: number;
  readonly method: "pointwise" | "amortised";
  /** True where positions were integrated from their rates: such a structure may supply what the heads do not see. */
  readonly kinematic: boolean;
  readonly disagreement?: readonly number[];
  /** [k] RMS of what each head's equation sees, where that is not V(ŝ') − V(s): state values see its expectation. */
  readonly signal?: Float64Array;
  /** Critics left out before, with their residual over signal. */
  readonly dropped?: readonly HeadEvidence[];
}

/** Above this the residual drowns the signal (measured on published checkpoints). */
export const HOPELESS = 0.7;

/** What a critic can and cannot say of the next state around the answers that were found. */
export async function identifyContinuous(system: BellmanSystem, evidence: ContinuousEvidence): Promise<ContinuousIdentifiability> {
  const { coordinates, heads, stateSize: d } = system;
  const { states, nextStates, targets, sigma } = evidence;
  const k = heads.length;
  const n = states.length / d;
  const here = await system.values(states);
  const { values, jacobian } = await system.linearise(nextStates);
  const rms = (of: (at: number) => number) =>
    Float64Array.from({ length: k }, (_, i) => {
      let sum = 0;
      for (let b = 0; b < n; b++) sum += of(b * k + i) ** 2;
      return Math.sqrt(sum / n);
    });
  const signal = evidence.signal ?? rms((at) => values[at] - here[at]);
  const residual = rms((at) => values[at] - targets[at]);
  const change = typicalChange(system, states, nextStates);
  const used = Array.from(sigma, Number.isFinite);
  const counts = new Map<string, number>();
  heads.forEach(({ critic }, i) => {
    if (used[i]) counts.set(critic, (counts.get(critic) ?? 0) + 1);
  });

  const pooled = new Float64Array(d * d);
  const gram = new Float64Array(d * d);
  const spectra: Float64Array[] = [];
  const bounds = new Float64Array(n);
  for (let b = 0; b < n; b++) {
    gram.fill(0);
    let misfit = 0;
    for (let i = 0; i < k; i++) {
      if (!used[i] || residual[i] === 0) continue;
      const weight = 1 / (residual[i] * residual[i] * counts.get(heads[i].critic)!);
      misfit += weight * (values[b * k + i] - targets[b * k + i]) ** 2;
      for (let x = 0; x < d; x++) {
        const jx = jacobian[(x * n + b) * k + i] * change[x];
        for (let y = 0; y < d; y++) gram[x * d + y] += weight * jx * jacobian[(y * n + b) * k + i] * change[y];
      }
    }
    const { values: singular } = spectrum(gram, d);
    spectra.push(singular);
    bounds[b] = singular[d - 1] > 1e-9 * singular[0] ? Math.sqrt(misfit) / singular[d - 1] : Infinity;
    for (let i = 0; i < d * d; i++) pooled[i] += gram[i] / n;
  }
  const region = spectrum(pooled, d);
  const singularValues = Array.from({ length: d }, (_, j) => median(spectra.map((s) => s[j])));
  const regionSingularValues = Array.from(region.values);
  const total = (list: Float64Array) =>
    Math.sqrt(
      list.reduce((sum, x, i) => (used[i] && residual[i] > 0 ? sum + (x / residual[i]) ** 2 / counts.get(heads[i].critic)! : sum), 0),
    );
  // heads without any residual agree exactly: all signal, if there is some
  const exact = !residual.some((x, i) => used[i] && x > 0);
  const residualOverSignal = exact ? (signal.some((x, i) => used[i] && x > 0) ? 0 : Infinity) : total(residual) / total(signal);
  const found = {
    kind: "continuous" as const,
    coordinates: coordinates.names,
    heads: [
      ...heads.map(
        ({ name, critic, discount }, i): HeadEvidence => ({
          name,
          critic,
          discount,
          signal: signal[i],
          residual: residual[i],
          used: used[i],
        }),
      ),
      ...(evidence.dropped ?? []),
    ],
    residualOverSignal,
    singularValues,
    regionSingularValues,
    effectiveRank: effectiveRank(singularValues),
    regionEffectiveRank: effectiveRank(regionSingularValues),
    visible: singularValues.filter((s) => s >= 1).length,
    regionVisible: regionSingularValues.filter((s) => s >= 1).length,
    blindDirection: Object.fromEntries(coordinates.names.map((name, j) => [name, region.last[j]])),
    bound: median(Array.from(bounds)),
    costRatio: evidence.costRatio,
    disagreement: evidence.disagreement,
  };
  return { ...found, verdict: judge(found, evidence.method, evidence.kinematic) };
}

/** [d] RMS of ŝ' − s, the short way round for angles. */
function typicalChange({ coordinates: { angular }, stateSize: d }: BellmanSystem, states: Float64Array, next: Float64Array): Float64Array {
  const n = states.length / d;
  const out = new Float64Array(d);
  for (let i = 0; i < n * d; i++) {
    const j = i % d;
    const delta = next[i] - states[i];
    out[j] += (angular[j] ? Math.atan2(Math.sin(delta), Math.cos(delta)) : delta) ** 2 / n;
  }
  return out.map(Math.sqrt);
}

/** Singular values, falling, of a Jacobian by its Gram matrix [d, d], and the right vector of the least. */
function spectrum(gram: Float64Array, d: number): { readonly values: Float64Array; readonly last: readonly number[] } {
  const matrix = Matrix.from1DArray(d, d, gram);
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(matrix, { assumeSymmetric: true });
  const order = realEigenvalues.map((_, i) => i).sort((a, b) => realEigenvalues[b] - realEigenvalues[a]);
  return {
    values: Float64Array.from(order, (i) => Math.sqrt(Math.max(0, realEigenvalues[i]))),
    last: eigenvectorMatrix.getColumn(order[d - 1]),
  };
}

function effectiveRank(singular: readonly number[]): number {
  const sum = singular.reduce((a, b) => a + b, 0);
  return sum === 0 ? 0 : Math.exp(-singular.reduce((a, s) => (s > 0 ? a + (s / sum) * Math.log(s / sum) : a), 0));
}

type Found = Omit<ContinuousIdentifiability, "verdict">;

/** Rivals that differ by more than this part of the change mean that the structure, not the critic, made the answer. Chosen on seeds 0 and 10, held on others. */
const RIVALS = 0.6;

function judge(found: Found, method: "pointwise" | "amortised", kinematic: boolean): Verdict {
  const d = found.coordinates.length;
  const percent = (x: number) => `${Math.round(100 * x)} %`;
  const help: string[] = [];
  const blind = Object.entries(found.blindDirection).sort((a, b) => Math.abs(b[1]) - Math.abs(a[1]))[0][0];
  const seen = method === "pointwise" ? found.visible : found.regionVisible;
  if (found.regionVisible < d)
    help.push(`more heads that tell ${blind} apart: other goals, rewards or cumulants (quantiles and twins add no direction)`);
  if (found.residualOverSignal > 0.3)
    help.push("a critic trained for longer, or with a lower discount: its residual is large against what it sees");
  if (method === "pointwise" && found.visible < d) help.push("--method amortised, which asks many states together");
  const disagreement = found.disagreement && Math.sqrt(found.disagreement.reduce((sum, x) => sum + Math.min(x, 2) ** 2, 0) / d);
  if (help.length > 0) help.push("10 to 30 real transitions (--transitions), which settle most of what is missing");
  const sees = `${method === "pointwise" ? "at a single state" : "over the region"} the critic sees ${seen} of ${d} directions of a typical step above its own error`;
  if (!(found.residualOverSignal <= HOPELESS * 2) || !(found.costRatio < 0.9))
    return {
      usable: false,
      sentence: `This critic cannot answer: its Bellman residual is ${percent(found.residualOverSignal)} of its signal, and the best model leaves ${percent(found.costRatio)} of what "nothing moves" leaves.`,
      help,
    };
  if (method === "pointwise" && found.visible < d)
    return { usable: false, sentence: `This critic cannot answer pair by pair: ${sees}; the rest of every answer is the prior.`, help };
  if (disagreement !== undefined && disagreement > RIVALS)
    return {
      usable: false,
      sentence: `Not to be trusted: models that explain the values about equally well differ by ${percent(disagreement)} of the change they predict; ${sees}.`,
      help,
    };
  if (found.regionVisible < d && !kinematic)
    return { usable: false, sentence: `Not to be trusted: ${sees}, and no structure supplies the rest.`, help };
  if (found.regionVisible < d)
    return {
      usable: true,
      sentence: `Usable with its structure: ${sees}; the assumed structure supplies the rest, and residual is ${percent(found.residualOverSignal)} of signal.`,
      help,
    };
  return {
    usable: true,
    sentence: `Usable: ${sees}, residual is ${percent(found.residualOverSignal)} of signal.`,
    help,
  };
}
