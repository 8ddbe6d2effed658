/** A seeded generator of random numbers. The same seed gives the same sequence on every machine. */
export interface Random {
  /** Uniform in [0, 1), 53 bits. */
  uniform(): number;
  /** Standard normal. */
  normal(): number;
  /** Uniform integer in [0, n). */
  integer(n: number): number;
  /** A random order of 0 … n−1. */
  permutation(n: number): Int32Array;
}

/** A generator whose state can be kept and put back. */
export interface RestorableRandom extends Random {
  /** Write the state: `randomStateSize` numbers from `offset`. */
  save(out: Float64Array, offset: number): void;
  restore(from: ArrayLike<number>, offset: number): void;
}

/** Four 32-bit words and the spare normal (NaN where there is none). */
export const randomStateSize = 5;

/**
 * xoshiro128** (Blackman and Vigna, "Scrambled linear pseudorandom number generators", 2021), seeded by splitmix32.
 * @param seed any integer; its low 32 bits and the next 21 are used
 */
export function createRandom(seed: number): RestorableRandom {
  if (!Number.isSafeInteger(seed)) throw new RangeError(`seed must be an integer, got ${seed}`);
  let mix = (seed ^ Math.floor(seed / 2 ** 32)) >>> 0;
  const next32 = () => {
    mix = (mix + 0x9e3779b9) >>> 0;
    let z = mix;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  };
  let a = next32();
  let b = next32();
  let c = next32();
  let d = next32();
  const bits = () => {
    const r = Math.imul(b, 5);
    const result = Math.imul((r << 7) | (r >>> 25), 9) >>> 0;
    const t = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= t;
    d = (d << 11) | (d >>> 21);
    return result;
  };
  const uniform = () => ((bits() >>> 5) * 67108864 + (bits() >>> 6)) / 9007199254740992;
  let spare: number | undefined;
  return {
    uniform,
    normal() {
      if (spare !== undefined) {
        const value = spare;
        spare = undefined;
        return value;
      }
      const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
      const angle = 2 * Math.PI * uniform();
      spare = radius * Math.sin(angle);
      return radius * Math.cos(angle);
    },
    integer: (n) => Math.floor(uniform() * n),
    permutation(n) {
      const order = Int32Array.from({ length: n }, (_, i) => i);
      for (let i = n - 1; i > 0; i--) {
        const j = Math.floor(uniform() * (i + 1));
        const held = order[i];
        order[i] = order[j];
        order[j] = held;
      }
      return order;
    },
    save(out, offset) {
      out[offset] = a >>> 0;
      out[offset + 1] = b >>> 0;
      out[offset + 2] = c >>> 0;
      out[offset + 3] = d >>> 0;
      out[offset + 4] = spare ?? Number.NaN;
    },
    restore(from, offset) {
      a = from[offset];
      b = from[offset + 1];
      c = from[offset + 2];
      d = from[offset + 3];
      spare = Number.isNaN(from[offset + 4]) ? undefined : from[offset + 4];
    },
  };
}
