import type { RuntimeTensor } from "../../engine/index.ts";
import type { Random } from "../../numbers/random.ts";
import type { Checkpoint } from "../checkpoint-file.ts";
import type { Actors } from "./actors.ts";
import type { Hindsight } from "./hindsight.ts";

const TERMINATED = 1;
const TRUNCATED = 2;

/** Tensors of one batch, as training graphs take them. */
export interface ReplayBatch {
  /** [B, o] */
  readonly observations: RuntimeTensor;
  /** [B, m] */
  readonly actions: RuntimeTensor;
  /** [B, 1] Σ_{k<h} γᵏ r_k of the h ≤ n steps before the episode's or the memory's end */
  readonly returns: RuntimeTensor;
  /** [B, 1] γʰ, 0 where the episode terminated */
  readonly discounts: RuntimeTensor;
  /** [B, o] after those h steps */
  readonly "next observations": RuntimeTensor;
}

/** A ring of the last transitions, a row of one a copy at each step, so that n-step returns can be read along it. */
export interface Replay {
  /** Transitions held. */
  readonly size: number;
  /** What the actors have just done. @param actions [n, m] as the learner will see them */
  add(actors: Actors, actions: ArrayLike<number>): void;
  /** Draw with replacement into the batch's own tensors. */
  sample(random: Random, steps: number, discount: number): ReplayBatch & Readonly<Record<string, RuntimeTensor>>;
  save(): Checkpoint;
  restore(checkpoint: Checkpoint): void;
}

/** @param hindsight tells a share of what is drawn with a goal that its own episode reached at the same step or later, and pays it by that goal */
export function createReplay(
  capacity: number,
  batch: number,
  { n, observationSize: o, actionSize: m }: Actors,
  hindsight?: Hindsight,
): Replay {
  const slots = Math.max(2, Math.ceil(capacity / n));
  const held = {
    observations: new Float32Array(slots * n * o),
    next: new Float32Array(slots * n * o),
    actions: new Float32Array(slots * n * m),
    rewards: new Float32Array(slots * n),
    ends: new Uint8Array(slots * n),
  };
  let filled = 0;
  let at = 0;
  const tensor = (width: number): RuntimeTensor => ({ dtype: "float32", dims: [batch, width], data: new Float32Array(batch * width) });
  const drawn = {
    observations: tensor(o),
    actions: tensor(m),
    returns: tensor(1),
    discounts: tensor(1),
    "next observations": tensor(o),
  };
  const g = hindsight?.goals.size ?? 0;
  const achieved = new Float64Array(g);
  const desired = new Float64Array(g);
  const paid = new Float64Array(1);
  /** What transition `at` pays where `desired` is wanted. */
  const payment = (at: number): number => {
    for (let j = 0; j < g; j++) achieved[j] = held.next[at * o + j];
    hindsight?.goals.rewards(achieved, desired, 1, paid);
    return paid[0];
  };
  return {
    get size() {
      return filled * n;
    },
    add(actors, actions) {
      held.observations.set(actors.acted, at * n * o);
      held.next.set(actors.nextObservations, at * n * o);
      for (let i = 0; i < n * m; i++) held.actions[at * n * m + i] = actions[i];
      held.rewards.set(actors.rewards, at * n);
      for (let i = 0; i < n; i++) held.ends[at * n + i] = actors.terminated[i] ? TERMINATED : actors.truncated[i] ? TRUNCATED : 0;
      at = (at + 1) % slots;
      filled = Math.min(slots, filled + 1);
    },
    sample(random, steps, discount) {
      for (let b = 0; b < batch; b++) {
        const row = random.integer(filled);
        const copy = random.integer(n);
        // rows counted from the oldest
        const slotOf = (r: number) => ((filled < slots ? 0 : at) + r) % slots;
        const first = slotOf(row) * n + copy;
        const retold = hindsight !== undefined && random.uniform() < hindsight.share;
        if (retold) {
          let end = row;
          while (end + 1 < filled && held.ends[slotOf(end) * n + copy] === 0) end++;
          const reached = slotOf(row + random.integer(end - row + 1)) * n + copy;
          for (let j = 0; j < g; j++) desired[j] = held.next[reached * o + j];
        }
        let last = first;
        let sum = 0;
        let factor = 1;
        for (let k = 0; k < steps; k++) {
          if (row + k >= filled) break;
          last = slotOf(row + k) * n + copy;
          sum += factor * (retold ? payment(last) : held.rewards[last]);
          factor *= discount;
          if (held.ends[last] !== 0) break;
        }
        drawn.returns.data[b] = sum;
        drawn.discounts.data[b] = held.ends[last] === TERMINATED ? 0 : factor;
        for (let j = 0; j < o; j++) drawn.observations.data[b * o + j] = held.observations[first * o + j];
        for (let j = 0; j < o; j++) drawn["next observations"].data[b * o + j] = held.next[last * o + j];
        if (retold)
          for (const { data } of [drawn.observations, drawn["next observations"]])
            for (let j = 0; j < g; j++) data[b * o + g + j] = desired[j];
        for (let j = 0; j < m; j++) drawn.actions.data[b * m + j] = held.actions[first * m + j];
      }
      return drawn;
    },
    save() {
      const part = <T extends Float32Array | Uint8Array>(data: T, width: number) => ({
        shape: [filled * n * width],
        data: data.slice(0, filled * n * width) as T,
      });
      return {
        "replay counters": { shape: [2], data: Float64Array.of(filled, at) },
        "replay observations": part(held.observations, o),
        "replay next": part(held.next, o),
        "replay actions": part(held.actions, m),
        "replay rewards": part(held.rewards, 1),
        "replay ends": part(held.ends, 1),
      };
    },
    restore(checkpoint) {
      [filled, at] = checkpoint["replay counters"].data;
      held.observations.set(checkpoint["replay observations"].data);
      held.next.set(checkpoint["replay next"].data);
      held.actions.set(checkpoint["replay actions"].data);
      held.rewards.set(checkpoint["replay rewards"].data);
      held.ends.set(checkpoint["replay ends"].data);
    },
  };
}
