import type { NetworkCritic } from "../critics/critic.ts";
import { networkCritic } from "../critics/network-critic.ts";
import { add, concat, cos, exp, matmul, mul, slice, type Value } from "../engine/index.ts";
import type { Coordinates } from "../environments/environment.ts";
import type { Random } from "../numbers/random.ts";
import { box } from "../spaces/space.ts";

/** s' = A s + B a + √(1 + g a₁²) L ξ, ξ ~ N(0, I). */
export interface LinearGaussian {
  /** [d][d] */
  readonly a: readonly (readonly number[])[];
  /** [d][m] */
  readonly b: readonly (readonly number[])[];
  /** L, [d][d], lower triangle */
  readonly noise: readonly (readonly number[])[];
  /** g: how much the noise grows with the first action (0). */
  readonly growth?: number;
}

/** A spring whose noise is correlated: what reproductions and tests invert. */
export const shakenSpring: LinearGaussian = {
  a: [
    [1, 0.1],
    [-0.2, 0.95],
  ],
  b: [[0.02], [0.3]],
  noise: [
    [0.05, 0],
    [0.03, 0.2],
  ],
};

export interface SignalSettings {
  /** C: cumulants cos(w·s + φ), w normal. */
  readonly cumulants: number;
  readonly bandwidth: number;
  readonly discounts: readonly number[];
  /** Coordinates that the signals depend on; all where left out. */
  readonly sees?: readonly number[];
}

/** What is left of a sum that is cut off. */
const REMAINDER = 1e-8;

/**
 * Exact values of the policy that does nothing, in closed form: under it w·s_t is normal, so E cos(w·s_t + φ) = exp(−½ wᵀ C_t w) cos(wᵀ Aᵗ s + φ), C_{t+1} = A C_t Aᵀ + L Lᵀ, and
 * V(s) = Σ_t γᵗ of that; Q(s, a) = r(s) + γ E V(s'), one step of the action's own mean and covariance first.
 */
export function linearGaussianCritic(world: LinearGaussian, settings: SignalSettings, random: Random): NetworkCritic {
  const { a, b, noise, growth = 0 } = world;
  const { cumulants, bandwidth, discounts, sees } = settings;
  const d = a.length;
  const m = b[0].length;
  const w = Array.from({ length: cumulants }, () =>
    Array.from({ length: d }, (_, j) => (sees && !sees.includes(j) ? 0 : bandwidth * random.normal())),
  );
  const phases = Array.from({ length: cumulants }, () => 2 * Math.PI * random.uniform());
  const terms = discounts.map((gamma) => Math.ceil(Math.log(REMAINDER) / Math.log(gamma)));
  // one column of the sum a term: frequency (Aᵗ)ᵀ w, weight γᵗ exp(−½ wᵀ C_t w), and what the first step's own noise adds to the exponent
  const frequencies: number[][] = [];
  const amplitudes: number[] = [];
  const spreads: number[] = [];
  const columnPhases: number[] = [];
  const headOf: number[] = [];
  discounts.forEach((gamma, g) => {
    for (let c = 0; c < cumulants; c++) {
      let frequency = w[c];
      let exponent = 0;
      for (let t = 0; t < terms[g]; t++) {
        const own = variance(frequency, noise);
        frequencies.push(frequency);
        amplitudes.push(gamma ** t * Math.exp(-0.5 * exponent));
        spreads.push(own);
        columnPhases.push(phases[c]);
        headOf.push(g * cumulants + c);
        exponent += own;
        frequency = a[0].map((_, j) => frequency.reduce((sum, x, l) => sum + x * a[l][j], 0));
      }
    }
  });
  const columns = amplitudes.length;
  const heads = discounts.length * cumulants;
  const sum = new Float64Array(columns * heads);
  headOf.forEach((head, at) => {
    sum[at * heads + head] = amplitudes[at];
  });
  const across = (rows: readonly (readonly number[])[]) =>
    Float64Array.from({ length: d * columns }, (_, at) => rows[at % columns][Math.floor(at / columns)]);
  const waves = (x: Value) =>
    cos(add(matmul(x, x.graph.constant(across(frequencies), [d, columns])), x.graph.constant(columnPhases, [columns])));
  const total = (x: Value) => matmul(x, x.graph.constant(sum, [columns, heads]));
  const signals = (x: Value) => {
    const r = cos(
      add(
        matmul(
          x,
          x.graph.constant(
            Float64Array.from({ length: d * cumulants }, (_, at) => w[at % cumulants][Math.floor(at / cumulants)]),
            [d, cumulants],
          ),
        ),
        x.graph.constant(phases, [cumulants]),
      ),
    );
    return discounts.length === 1 ? r : concat(new Array<Value>(discounts.length).fill(r), 1);
  };
  const transposed = (rows: readonly (readonly number[])[], width: number) =>
    Float64Array.from({ length: width * d }, (_, at) => rows[at % d][Math.floor(at / d)]);
  const name = "linear Gaussian";
  return networkCritic({
    name,
    algorithm: "closed form",
    heads: Array.from({ length: heads }, (_, i) => ({
      name: `signal ${i % cumulants} γ ${discounts[Math.floor(i / cumulants)]}`,
      critic: name,
      discount: discounts[Math.floor(i / cumulants)],
      rewardScale: 1,
      rewardOffset: 0,
      cumulant: `signal ${i % cumulants}`,
    })),
    observationSpace: box(new Array<number>(d).fill(-REACH), new Array<number>(d).fill(REACH)),
    actionSpace: box(new Array<number>(m).fill(-1), new Array<number>(m).fill(1)),
    stateValues: ([x]) => total(waves(x)),
    rewards: ([x]) => signals(x),
    actionValues([x], action) {
      const { graph } = x;
      const mean = add(matmul(x, graph.constant(transposed(a, d), [d, d])), matmul(action, graph.constant(transposed(b, m), [m, d])));
      const first = slice(action, 0, 1, 1);
      const loudness = add(mul(mul(first, first), growth), 1);
      const damped = exp(
        matmul(
          loudness,
          graph.constant(
            Float64Array.from(spreads, (x) => -0.5 * x),
            [1, columns],
          ),
        ),
      );
      const discountOf = graph.constant(
        discounts.flatMap((gamma) => new Array<number>(cumulants).fill(gamma)),
        [heads],
      );
      return add(signals(x), mul(total(mul(waves(mean), damped)), discountOf));
    },
  });
}

const REACH = 6;

export function linearGaussianCoordinates(d: number): Coordinates {
  return {
    names: Array.from({ length: d }, (_, i) => `x${i}`),
    angular: new Array<boolean>(d).fill(false),
    low: new Array<number>(d).fill(-REACH),
    high: new Array<number>(d).fill(REACH),
    rateOf: new Array<null>(d).fill(null),
    observe: (states) => states,
    fromObservations: (observations) => observations.slice(),
  };
}

/** |Lᵀ w|² */
function variance(w: readonly number[], noise: readonly (readonly number[])[]): number {
  let sum = 0;
  for (let y = 0; y < w.length; y++) sum += w.reduce((dot, x, l) => dot + x * noise[l][y], 0) ** 2;
  return sum;
}
