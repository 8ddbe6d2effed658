import type { BellmanSystem } from "../../bellman/system.ts";
import { expectedUnderNoise, triangle } from "../../world-model/expected-values.ts";

/** The same system, whose values at the samples' means are those expected under their noise. */
export function underNoise(system: BellmanSystem, factors: Float64Array): BellmanSystem {
  const { stateSize: d } = system;
  const lower = triangle(d);
  const rowsOf = (n: number) => (factors.length === lower ? repeatFactor(factors, n) : factors);
  return {
    ...system,
    async linearise(means) {
      const n = means.length / d;
      const { values, slopes } = await expectedUnderNoise(system, means, rowsOf(n));
      const k = system.heads.length;
      const jacobian = new Float32Array(d * n * k);
      for (let b = 0; b < n; b++)
        for (let x = 0; x < d; x++) for (let i = 0; i < k; i++) jacobian[(x * n + b) * k + i] = slopes[(b * (d + lower) + x) * k + i];
      return { values: Float32Array.from(values), jacobian };
    },
  };
}

/** One factor for each of n rows. */
export function repeatFactor(factor: Float64Array, n: number): Float64Array {
  const out = new Float64Array(n * factor.length);
  for (let b = 0; b < n; b++) out.set(factor, b * factor.length);
  return out;
}
