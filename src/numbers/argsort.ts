/** Orders below this many are sorted by comparison. */
const SMALL = 4096;
/** Bits a pass: so few that the places being written to stay in the near cache. */
const BITS = 11;
const BUCKETS = 1 << BITS;
const PASSES = Math.ceil(64 / BITS);

/** Indices that sort `values` upwards, equal values by index. Radix sort on the bits, keys carried along: n log n comparisons of 10^6 numbers would cost ten times as much. NaN is refused. */
export function argsort(values: Float64Array): Int32Array {
  const n = values.length;
  for (let k = 0; k < n; k++) if (Number.isNaN(values[k])) throw new RangeError(`value ${k} is not a number`);
  let order = new Int32Array(n);
  for (let k = 0; k < n; k++) order[k] = k;
  if (n < SMALL) return order.sort((a, b) => values[a] - values[b] || a - b);
  let keys = sortableBits(values);
  const counts = countDigits(keys);
  let nextOrder = new Int32Array(n);
  let nextKeys = new Uint32Array(2 * n);
  for (let pass = 0; pass < PASSES; pass++) {
    const count = counts.subarray(pass * BUCKETS, (pass + 1) * BUCKETS);
    const shift = pass * BITS;
    if (count[digitOf(keys[0], keys[1], shift)] === n) continue;
    let sum = 0;
    for (let d = 0; d < BUCKETS; d++) {
      const here = count[d];
      count[d] = sum;
      sum += here;
    }
    for (let k = 0; k < n; k++) {
      const low = keys[2 * k];
      const high = keys[2 * k + 1];
      const to = count[digitOf(low, high, shift)]++;
      nextKeys[2 * to] = low;
      nextKeys[2 * to + 1] = high;
      nextOrder[to] = order[k];
    }
    [keys, nextKeys] = [nextKeys, keys];
    [order, nextOrder] = [nextOrder, order];
  }
  return order;
}

function digitOf(low: number, high: number, shift: number): number {
  if (shift >= 32) return (high >>> (shift - 32)) & (BUCKETS - 1);
  return (shift + BITS <= 32 ? low >>> shift : (low >>> shift) | (high << (32 - shift))) & (BUCKETS - 1);
}

/** [passes, buckets] */
function countDigits(keys: Uint32Array): Int32Array {
  const counts = new Int32Array(PASSES * BUCKETS);
  for (let k = 0; k < keys.length; k += 2)
    for (let pass = 0; pass < PASSES; pass++) counts[pass * BUCKETS + digitOf(keys[k], keys[k + 1], pass * BITS)]++;
  return counts;
}

/** Two words a number, low and high, ordered as the numbers are: negative ones have all bits flipped, others the sign. */
function sortableBits(values: Float64Array): Uint32Array<ArrayBuffer> {
  const bits = new Uint32Array(2 * values.length);
  const floats = new Float64Array(bits.buffer);
  for (let k = 0; k < values.length; k++) floats[k] = values[k] + 0; // −0 becomes 0
  for (let k = 0; k < values.length; k++) {
    const negative = bits[2 * k + 1] >>> 31 === 1;
    if (negative) bits[2 * k] = ~bits[2 * k];
    bits[2 * k + 1] = negative ? ~bits[2 * k + 1] : bits[2 * k + 1] | 0x80000000;
  }
  return bits;
}
