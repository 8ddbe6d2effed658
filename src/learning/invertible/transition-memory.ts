import type { RuntimeTensor } from "../../engine/index.ts";
import type { Random } from "../../numbers/random.ts";
import type { Checkpoint } from "../checkpoint-file.ts";

/** All transitions that were ever added, in order, as general value functions take them: without rewards or ends. */
export interface TransitionMemory {
  readonly size: number;
  readonly observationSize: number;
  readonly actionSize: number;
  /** Views of what is held: [size, o], [size, m] and [size, o]. */
  readonly observations: Float32Array;
  readonly actions: Float32Array;
  readonly nextObservations: Float32Array;
  /** Row i of flat arrays [.., o], [.., m] and [.., o]; nothing once the memory is full. */
  add(observations: ArrayLike<number>, actions: ArrayLike<number>, nextObservations: ArrayLike<number>, row: number): void;
  /** Draw rows with replacement into "observations", "actions" and "next observations". */
  draw(random: Random, feeds: TransitionFeeds): void;
  save(): Checkpoint;
  restore(checkpoint: Checkpoint): void;
}

export interface TransitionFeeds extends Readonly<Record<string, RuntimeTensor>> {
  readonly observations: RuntimeTensor;
  readonly actions: RuntimeTensor;
  readonly "next observations": RuntimeTensor;
}

/** @param name begins the names of its tensors in checkpoints */
export function createTransitionMemory(name: string, capacity: number, o: number, m: number): TransitionMemory {
  const held = {
    observations: new Float32Array(capacity * o),
    actions: new Float32Array(capacity * m),
    next: new Float32Array(capacity * o),
  };
  let size = 0;
  const copy = (into: { [i: number]: number }, at: number, from: ArrayLike<number>, row: number, width: number) => {
    for (let j = 0; j < width; j++) into[at * width + j] = from[row * width + j];
  };
  return {
    observationSize: o,
    actionSize: m,
    get size() {
      return size;
    },
    get observations() {
      return held.observations.subarray(0, size * o);
    },
    get actions() {
      return held.actions.subarray(0, size * m);
    },
    get nextObservations() {
      return held.next.subarray(0, size * o);
    },
    add(observations, actions, nextObservations, row) {
      if (size === capacity) return;
      copy(held.observations, size, observations, row, o);
      copy(held.actions, size, actions, row, m);
      copy(held.next, size, nextObservations, row, o);
      size++;
    },
    draw(random, feeds) {
      const rows = feeds.observations.dims[0];
      for (let b = 0; b < rows; b++) {
        const row = random.integer(size);
        copy(feeds.observations.data as Float32Array, b, held.observations, row, o);
        copy(feeds.actions.data as Float32Array, b, held.actions, row, m);
        copy(feeds["next observations"].data as Float32Array, b, held.next, row, o);
      }
    },
    save() {
      const part = (data: Float32Array, width: number) => ({ shape: [size * width], data: data.slice(0, size * width) });
      return {
        [`${name} observations`]: part(held.observations, o),
        [`${name} actions`]: part(held.actions, m),
        [`${name} next`]: part(held.next, o),
      };
    },
    restore(checkpoint) {
      held.observations.set(checkpoint[`${name} observations`].data);
      held.actions.set(checkpoint[`${name} actions`].data);
      held.next.set(checkpoint[`${name} next`].data);
      size = checkpoint[`${name} actions`].data.length / m;
    },
  };
}

export function transitionFeeds(batch: number, o: number, m: number): TransitionFeeds {
  const tensor = (width: number): RuntimeTensor => ({ dtype: "float32", dims: [batch, width], data: new Float32Array(batch * width) });
  return { observations: tensor(o), actions: tensor(m), "next observations": tensor(o) };
}
