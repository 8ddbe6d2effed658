/** Orders below this many are sorted by comparison: a radix pass costs 65,536 counters. */
const SMALL = 4096;

/** Indices that sort `values` upwards, equal values by index. Radix sort on the bits: n log n comparisons of 10^6 numbers would cost ten times as much. NaN is refused. */
export function argsort(values: Float64Array): Int32Array {
  const n = values.length;
  for (let k = 0; k < n; k++) if (Number.isNaN(values[k])) throw new RangeError(`value ${k} is not a number`);
  let order = Int32Array.from({ length: n }, (_, k) => k);
  if (n < SMALL) return order.sort((a, b) => values[a] - values[b] || a - b);
  let next = new Int32Array(n);
  const keys = sortableBits(values);
  const counts = new Int32Array(65536);
  for (let digit = 0; digit < 4; digit++) {
    counts.fill(0);
    for (let k = 0; k < n; k++) counts[keys[4 * k + digit]]++;
    if (counts[keys[digit]] === n) continue;
    let sum = 0;
    for (let d = 0; d < 65536; d++) {
      const count = counts[d];
      counts[d] = sum;
      sum += count;
    }
    for (let k = 0; k < n; k++) next[counts[keys[4 * order[k] + digit]]++] = order[k];
    const held = order;
    order = next;
    next = held;
  }
  return order;
}

/** Four 16-bit digits a number, least first, ordered as the numbers are: negative ones have all bits flipped, others the sign. */
function sortableBits(values: Float64Array): Uint16Array {
  const bits = new Uint32Array(2 * values.length);
  const floats = new Float64Array(bits.buffer);
  for (let k = 0; k < values.length; k++) floats[k] = values[k] + 0; // −0 becomes 0
  for (let k = 0; k < values.length; k++) {
    const negative = bits[2 * k + 1] >>> 31 === 1;
    if (negative) bits[2 * k] = ~bits[2 * k];
    bits[2 * k + 1] = negative ? ~bits[2 * k + 1] : bits[2 * k + 1] | 0x80000000;
  }
  return new Uint16Array(bits.buffer);
}
