import { createRandom, type RestorableRandom, randomStateSize } from "../numbers/random.ts";
import { actionSize, startAsked, writeAction } from "./action.ts";
import type { Action, Coordinates, Environment, Physics, Simulation, Step } from "./environment.ts";
import { EnvironmentError } from "./errors.ts";

const noInfo = Object.freeze({});

/** Gymnasium's API over the batch laws of a continuous environment. */
export function physicsEnvironment(id: string, physics: Physics): Environment {
  const simulation: Simulation = {
    stateSize: physics.coordinates.names.length,
    observationSpace: physics.observationSpace,
    actionSpace: physics.actionSpace,
    horizon: physics.horizon,
    initialState: (random, out, offset) => physics.initialState(random, out, offset),
    observations: (states, n, out) => physics.observations(states, n, out),
    step: (states, actions, n, out) => physics.step(states, actions, n, out),
    ended: (states, n, out) => physics.ended(states, n, out),
    reward: (states, actions, nextStates, n, out) => physics.reward(states, actions, nextStates, n, out),
  };
  return new SimulationEnvironment(id, simulation, physics);
}

/** Gymnasium's API over the batch laws of a game whose states are not inferred. */
export function simulationEnvironment(id: string, simulation: Simulation): Environment {
  return new SimulationEnvironment(id, simulation);
}

class SimulationEnvironment implements Environment {
  readonly id: string;
  readonly simulation: Simulation;
  readonly physics?: Physics;
  readonly coordinates?: Coordinates;
  readonly horizon: number;
  private readonly current: Float64Array;
  private readonly action: Float64Array;
  private readonly out: { nextStates: Float64Array; rewards: Float64Array; terminated: Uint8Array };
  private readonly discrete: number;
  private readonly observationSize: number;
  private random: RestorableRandom | undefined;
  private elapsed = 0;
  private started = false;

  constructor(id: string, simulation: Simulation, physics?: Physics) {
    this.id = id;
    this.simulation = simulation;
    this.physics = physics;
    this.coordinates = physics?.coordinates ?? simulation.coordinates;
    this.horizon = simulation.horizon;
    this.current = new Float64Array(simulation.stateSize);
    this.action = new Float64Array(actionSize(simulation.actionSpace));
    this.out = { nextStates: this.current, rewards: new Float64Array(1), terminated: new Uint8Array(1) };
    const { actionSpace } = simulation;
    this.discrete = actionSpace.kind === "discrete" && actionSpace.start === 0 ? actionSpace.n : 0;
    this.observationSize = simulation.observationSpace.low.length;
  }

  get observationSpace() {
    return this.simulation.observationSpace;
  }

  get actionSpace() {
    return this.simulation.actionSpace;
  }

  get state(): Float64Array {
    const d = this.current.length;
    const state = new Float64Array(d + 1 + randomStateSize);
    state.set(this.current);
    state[d] = this.elapsed;
    this.generator().save(state, d + 1);
    return state;
  }

  set state(value: ArrayLike<number>) {
    const d = this.current.length;
    if (value.length !== d && value.length !== d + 1 + randomStateSize)
      throw new EnvironmentError(
        `${this.id}: a state has ${d} coordinates (or ${d + 1 + randomStateSize} numbers in full), got ${value.length}`,
        { field: "state", fix: "give the coordinates, or what `state` held before" },
      );
    for (let k = 0; k < d; k++) this.current[k] = value[k];
    this.elapsed = value.length > d ? value[d] : 0;
    if (value.length > d) this.generator().restore(value, d + 1);
    this.started = true;
  }

  reset({ seed, options }: Parameters<Environment["reset"]>[0] = {}) {
    if (seed !== undefined) this.random = createRandom(seed);
    const start = startAsked(this.id, options);
    if (start) this.state = start;
    else this.simulation.initialState(this.generator(), this.current, 0);
    this.elapsed = 0;
    this.started = true;
    return { observation: this.observe(), info: noInfo };
  }

  step(action: Action): Step {
    if (!this.started) throw new EnvironmentError(`${this.id}: call reset() before step()`, { fix: "call reset() first" });
    if (typeof action === "number" && action >= 0 && action < this.discrete && Number.isInteger(action)) this.action[0] = action;
    else writeAction(this.id, this.actionSpace, action, this.action);
    this.simulation.step(this.current, this.action, 1, this.out);
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
    this.simulation.observations(this.current, 1, observation);
    return observation;
  }

  private generator(): RestorableRandom {
    this.random ??= createRandom(0);
    return this.random;
  }
}
