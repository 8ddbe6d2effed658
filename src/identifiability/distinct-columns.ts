import { argsort } from "../numbers/argsort.ts";

/** Columns that are equal bit for bit are one group: states the heads cannot tell apart at all. */
export interface DistinctColumns {
  readonly heads: number;
  readonly groups: number;
  /** [groups, heads]; in rising order when there is one head */
  readonly values: Float64Array;
  /** [groups + 1] into `members` */
  readonly offsets: Int32Array;
  /** [states], rising within a group */
  readonly members: Int32Array;
}

/** @param columns [states, heads] */
export function distinctColumns(columns: Float64Array, heads: number): DistinctColumns {
  return heads === 1 ? distinctValues(columns) : distinctRows(columns, heads);
}

function distinctValues(values: Float64Array): DistinctColumns {
  const members = argsort(values);
  const distinct = new Float64Array(values.length);
  const offsets = new Int32Array(values.length + 1);
  let groups = 0;
  for (let k = 0; k < members.length; k++) {
    const value = values[members[k]];
    if (groups === 0 || value !== distinct[groups - 1]) {
      distinct[groups] = value;
      offsets[groups++] = k;
    }
  }
  offsets[groups] = members.length;
  return { heads: 1, groups, values: trimmed(distinct, groups), offsets: trimmed(offsets, groups + 1), members };
}

/** A copy only where it frees much: tables may be as large as memory allows. */
function trimmed<T extends Float64Array | Int32Array>(rows: T, length: number): T {
  return (4 * length > 3 * rows.length ? rows.subarray(0, length) : rows.slice(0, length)) as T;
}

function distinctRows(columns: Float64Array, heads: number): DistinctColumns {
  const states = columns.length / heads;
  const rows = columns.map((value) => value + 0); // −0 becomes 0
  const words = new Int32Array(rows.buffer);
  let slots = 2;
  while (slots < 2 * states) slots *= 2;
  const table = new Int32Array(slots).fill(-1);
  const groupOf = new Int32Array(states);
  const first = new Int32Array(states);
  let groups = 0;
  for (let s = 0; s < states; s++) {
    let hash = 0x811c9dc5;
    for (let w = 2 * heads * s; w < 2 * heads * (s + 1); w++) hash = Math.imul(hash ^ words[w] ^ (words[w] >>> 15), 0x01000193);
    let slot = (hash ^ (hash >>> 16)) & (slots - 1);
    while (table[slot] >= 0 && !equalRows(words, 2 * heads, first[table[slot]], s)) slot = (slot + 1) & (slots - 1);
    if (table[slot] < 0) {
      first[groups] = s;
      table[slot] = groups++;
    }
    groupOf[s] = table[slot];
  }
  const offsets = new Int32Array(groups + 1);
  for (let s = 0; s < states; s++) offsets[groupOf[s] + 1]++;
  for (let g = 0; g < groups; g++) offsets[g + 1] += offsets[g];
  const at = offsets.slice();
  const members = new Int32Array(states);
  for (let s = 0; s < states; s++) members[at[groupOf[s]]++] = s;
  // the first of group g never comes before row g, so rows can move up in place
  for (let g = 0; g < groups; g++) if (first[g] > g) rows.copyWithin(g * heads, first[g] * heads, (first[g] + 1) * heads);
  return { heads, groups, values: trimmed(rows, groups * heads), offsets, members };
}

function equalRows(words: Int32Array, width: number, a: number, b: number): boolean {
  for (let w = 0; w < width; w++) if (words[a * width + w] !== words[b * width + w]) return false;
  return true;
}
