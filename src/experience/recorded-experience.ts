import type { Coordinates } from "../environments/environment.ts";
import { FormatError } from "../formats/format-error.ts";
import type { Recorded } from "../formats/recorded.ts";
import { createRandom } from "../numbers/random.ts";

/** Rows of recorded experience in the coordinates of a model. */
export interface RecordedRows {
  readonly n: number;
  /** [n, d] */
  readonly states: Float64Array;
  /** [n, m] */
  readonly actions: Float64Array;
  /** [n, d] */
  readonly nextStates: Float64Array;
  /** [n] 0 or 1 */
  readonly terminated: Uint8Array;
}

/** r(s, a) as it was recorded. */
export type RecordedRewards = (states: Float64Array, actions: Float64Array, n: number, out: Float64Array) => void;

export interface RecordedExperience {
  /** Rows of these episodes are asked about, and those of the others measure: never a row of both. */
  readonly asked: Int32Array;
  readonly held: Int32Array;
  /** Pairs to ask about: no step that ended an episode, whose reward is another. At most n of them, in random order. */
  samples(n: number): {
    readonly n: number;
    readonly states: Float64Array;
    readonly actions: Float64Array;
    /** What was paid at these pairs, NaN at others; absent where nothing was recorded. */
    readonly rewards?: RecordedRewards;
  };
  /** Of those rows, the steps that led somewhere known. */
  transitions(rows: Int32Array): RecordedRows;
}

/** Share of the episodes that measure and are not asked about. */
const HELD = 0.2;

/**
 * A recorded file as experience. The split is by episodes, since rows of one are neighbours; a single episode is split in time.
 * @throws FormatError where the file is of another world than the coordinates and actions
 */
export function recordedExperience(found: Recorded, coordinates: Coordinates, actionSize: number, seed: number): RecordedExperience {
  const d = coordinates.names.length;
  const { file, n, kind, width, actionWidth, actions } = found;
  const turn = (rows: Float64Array) => (kind === "states" ? rows : coordinates.fromObservations(rows, n));
  const states = turn(found.current);
  if (states.length !== n * d || (kind === "states" && width !== d))
    throw new FormatError(
      file,
      `array '${kind}'`,
      `has ${width} columns, which do not make ${d} coordinates`,
      "save what this environment observes",
    );
  if (actionWidth !== actionSize)
    throw new FormatError(
      file,
      "array 'actions'",
      `has ${actionWidth} columns, not ${actionSize}`,
      "save the actions that this critic takes",
    );
  const nextStates = turn(found.next);
  const random = createRandom(seed);
  const count = found.episodes[n - 1] + 1;
  const order = random.permutation(count);
  const held = new Set(order.subarray(0, Math.max(1, Math.round(HELD * count))));
  const isHeld = (row: number) => (count === 1 ? row >= (1 - HELD) * n : held.has(found.episodes[row]));
  const all = Int32Array.from({ length: n }, (_, row) => row);
  const asked = all.filter((row) => !isHeld(row));
  const take = (from: Float64Array, rows: Int32Array, size: number) => {
    const out = new Float64Array(rows.length * size);
    rows.forEach((row, i) => {
      out.set(from.subarray(row * size, (row + 1) * size), i * size);
    });
    return out;
  };
  return {
    asked,
    held: all.filter(isHeld),
    samples(most) {
      const usable = asked.filter((row) => found.terminated[row] === 0);
      if (usable.length === 0)
        throw new FormatError(file, "the file", "has no step to ask about: every one ends its episode", "record whole episodes");
      const rows = createRandom(seed + 1)
        .permutation(usable.length)
        .subarray(0, most)
        .map((i) => usable[i]);
      const pairs = { n: rows.length, states: take(states, rows, d), actions: take(actions, rows, actionSize) };
      const paid = found.rewards;
      return paid
        ? {
            ...pairs,
            rewards: lookup(
              pairs.states,
              pairs.actions,
              Float64Array.from(rows, (row) => paid[row]),
            ),
          }
        : pairs;
    },
    transitions(rows) {
      const kept = rows.filter((row) => found.followed[row] === 1);
      return {
        n: kept.length,
        states: take(states, kept, d),
        actions: take(actions, kept, actionSize),
        nextStates: take(nextStates, kept, d),
        terminated: Uint8Array.from(kept, (row) => found.terminated[row]),
      };
    },
  };
}

/** Rewards by the bytes of state and action; of a pair that was met more often, the mean. */
function lookup(states: Float64Array, actions: Float64Array, rewards: Float64Array): RecordedRewards {
  const keyOf = (s: Float64Array, a: Float64Array, row: number, n: number) => {
    const [d, m] = [s.length / n, a.length / n];
    return `${s.subarray(row * d, (row + 1) * d).join()};${a.subarray(row * m, (row + 1) * m).join()}`;
  };
  const paid = new Map<string, { sum: number; count: number }>();
  for (let row = 0; row < rewards.length; row++) {
    const key = keyOf(states, actions, row, rewards.length);
    const before = paid.get(key) ?? { sum: 0, count: 0 };
    paid.set(key, { sum: before.sum + rewards[row], count: before.count + 1 });
  }
  return (s, a, n, out) => {
    for (let row = 0; row < n; row++) {
      const found = paid.get(keyOf(s, a, row, n));
      out[row] = found ? found.sum / found.count : Number.NaN;
    }
  };
}
