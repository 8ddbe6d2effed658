import type { Environment } from "../../environments/environment.ts";
import { make } from "../../environments/make.ts";
import { flatDimension } from "../../spaces/space.ts";
import type { Checkpoint } from "../checkpoint-file.ts";
import { LearningError } from "../errors.ts";

const REMEMBERED = 100;

/** Copies of an environment that a learner acts in, and that can be put back exactly as they were. */
export interface Actors {
  readonly n: number;
  readonly environment: Environment;
  readonly observationSize: number;
  /** m; 1 for Discrete */
  readonly actionSize: number;
  /** [n, o] now */
  readonly observations: Float64Array;
  /** [n, m] what was done in the last step, in the environment's units */
  readonly actions: Float64Array;
  /** [n, o] what the last step was taken from */
  readonly acted: Float64Array;
  /** [n, o] where the last step led, before any new start */
  readonly nextObservations: Float64Array;
  readonly rewards: Float64Array;
  readonly terminated: Uint8Array;
  readonly truncated: Uint8Array;
  /** Returns of the last episodes that ended. */
  readonly returns: readonly number[];
  /** @param actions flat [n, m] in the environment's units */
  step(actions: ArrayLike<number>): void;
  save(): Checkpoint;
  restore(checkpoint: Checkpoint): void;
}

/** What to learn in: an id of `make`, or what makes one copy after another, as with other physics or inside a model. */
export type EnvironmentSource = string | (() => Environment);

/** Copy i starts with seed + i. Only environments with vector observations. */
export function createActors(source: EnvironmentSource, n: number, seed: number): Actors {
  const copies = Array.from({ length: n }, () => (typeof source === "string" ? make(source) : source()));
  const [environment] = copies;
  const { id, simulation, actionSpace } = environment;
  if (!simulation) throw new LearningError(`${id} is tabular: train it with value-iteration, q-learning or sarsa`);
  const o = flatDimension(environment.observationSpace);
  const m = actionSpace.kind === "box" ? actionSpace.low.length : 1;
  const observations = new Float64Array(n * o);
  const taken = new Float64Array(n * m);
  const acted = new Float64Array(n * o);
  const nextObservations = new Float64Array(n * o);
  const rewards = new Float64Array(n);
  const terminated = new Uint8Array(n);
  const truncated = new Uint8Array(n);
  const running = new Float64Array(n);
  const returns: number[] = [];
  copies.forEach((copy, i) => {
    observations.set(copy.reset({ seed: seed + i }).observation as Float64Array, i * o);
  });
  const whole = environment.state.length;
  return {
    n,
    environment,
    observationSize: o,
    actionSize: m,
    observations,
    actions: taken,
    acted,
    nextObservations,
    rewards,
    terminated,
    truncated,
    returns,
    step(actions) {
      acted.set(observations);
      for (let i = 0; i < n * m; i++) taken[i] = actions[i];
      for (let i = 0; i < n; i++) {
        const action = actionSpace.kind === "discrete" ? actions[i] : Array.from({ length: m }, (_, j) => actions[i * m + j]);
        const step = copies[i].step(action);
        nextObservations.set(step.observation as Float64Array, i * o);
        rewards[i] = step.reward;
        terminated[i] = step.terminated ? 1 : 0;
        truncated[i] = step.truncated ? 1 : 0;
        running[i] += step.reward;
        const ended = step.terminated || step.truncated;
        observations.set((ended ? copies[i].reset() : step).observation as Float64Array, i * o);
        if (!ended) continue;
        returns.push(running[i]);
        if (returns.length > REMEMBERED) returns.shift();
        running[i] = 0;
      }
    },
    save() {
      const states = new Float64Array(n * whole);
      copies.forEach((copy, i) => {
        states.set(copy.state, i * whole);
      });
      return {
        "actors states": { shape: [n, whole], data: states },
        "actors observations": { shape: [n, o], data: observations.slice() },
        "actors running": { shape: [n], data: running.slice() },
        "actors returns": { shape: [returns.length], data: Float64Array.from(returns) },
      };
    },
    restore(checkpoint) {
      const states = checkpoint["actors states"].data;
      if (states.length !== n * whole) throw new LearningError("the checkpoint has another number of environments");
      copies.forEach((copy, i) => {
        copy.state = states.subarray(i * whole, (i + 1) * whole);
      });
      observations.set(checkpoint["actors observations"].data);
      running.set(checkpoint["actors running"].data);
      returns.splice(0, returns.length, ...checkpoint["actors returns"].data);
    },
  };
}
