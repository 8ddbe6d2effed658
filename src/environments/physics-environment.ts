import { createRandom, type RestorableRandom, randomStateSize } from "../engine/random.ts";
import { actionSize, startAsked, writeAction } from "./action.ts";
import type { Action, Environment, Physics, Step } from "./environment.ts";
import { EnvironmentError } from "./errors.ts";

const noInfo = Object.freeze({});

/** Gymnasium's API over the batch laws of a continuous environment. */
export function physicsEnvironment(id: string, physics: Physics): Environment {
  return new PhysicsEnvironment(id, physics);
}

class PhysicsEnvironment implements Environment {
  readonly id: string;
  readonly physics: Physics;
  readonly horizon: number;
  private readonly coordinates: Float64Array;
  private readonly action: Float64Array;
  private readonly out: { nextStates: Float64Array; rewards: Float64Array; terminated: Uint8Array };
  private readonly discrete: number;
  private readonly observationSize: number;
  private random: RestorableRandom | undefined;
  private elapsed = 0;
  private started = false;

  constructor(id: string, physics: Physics) {
    this.id = id;
    this.physics = physics;
    this.horizon = physics.horizon;
    this.coordinates = new Float64Array(physics.coordinates.names.length);
    this.action = new Float64Array(actionSize(physics.actionSpace));
    this.out = { nextStates: this.coordinates, rewards: new Float64Array(1), terminated: new Uint8Array(1) };
    this.discrete = physics.actionSpace.kind === "discrete" && physics.actionSpace.start === 0 ? physics.actionSpace.n : 0;
    this.observationSize = physics.observationSpace.low.length;
  }

  get observationSpace() {
    return this.physics.observationSpace;
  }

  get actionSpace() {
    return this.physics.actionSpace;
  }

  get state(): Float64Array {
    const d = this.coordinates.length;
    const state = new Float64Array(d + 1 + randomStateSize);
    state.set(this.coordinates);
    state[d] = this.elapsed;
    this.generator().save(state, d + 1);
    return state;
  }

  set state(value: ArrayLike<number>) {
    const d = this.coordinates.length;
    if (value.length !== d && value.length !== d + 1 + randomStateSize)
      throw new EnvironmentError(
        `${this.id}: a state has ${d} coordinates (or ${d + 1 + randomStateSize} numbers in full), got ${value.length}`,
      );
    for (let k = 0; k < d; k++) this.coordinates[k] = value[k];
    this.elapsed = value.length > d ? value[d] : 0;
    if (value.length > d) this.generator().restore(value, d + 1);
    this.started = true;
  }

  reset({ seed, options }: Parameters<Environment["reset"]>[0] = {}) {
    if (seed !== undefined) this.random = createRandom(seed);
    const start = startAsked(this.id, options);
    if (start) this.state = start;
    else this.physics.initialState(this.generator(), this.coordinates, 0);
    this.elapsed = 0;
    this.started = true;
    return { observation: this.observe(), info: noInfo };
  }

  step(action: Action): Step {
    if (!this.started) throw new EnvironmentError(`${this.id}: call reset() before step()`);
    if (typeof action === "number" && action >= 0 && action < this.discrete && Number.isInteger(action)) this.action[0] = action;
    else writeAction(this.id, this.actionSpace, action, this.action);
    this.physics.step(this.coordinates, this.action, 1, this.out);
    this.elapsed++;
    return {
      observation: this.observe(),
      reward: this.out.rewards[0],
      terminated: this.out.terminated[0] === 1,
      truncated: this.elapsed >= this.horizon,
      info: noInfo,
    };
  }

  private observe(): Float64Array {
    const observation = new Float64Array(this.observationSize);
    this.physics.observations(this.coordinates, 1, observation);
    return observation;
  }

  private generator(): RestorableRandom {
    this.random ??= createRandom(0);
    return this.random;
  }
}
