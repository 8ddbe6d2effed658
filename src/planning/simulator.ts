import type { Coordinates, Physics } from "../environments/environment.ts";
import { stepDynamics } from "../world-model/confine.ts";
import type { Dynamics } from "../world-model/dynamics.ts";

/** What n steps side by side come to. */
export interface SimulatedStep {
  /** [n, d] */
  readonly nextStates: Float64Array;
  /** [n] 1 where the step ends the episode: planners count nothing after it. Absent where nothing ends. */
  readonly ended?: Uint8Array;
  /** [n] r(s, a, s'). Absent where the simulator knows no task. */
  readonly rewards?: Float64Array;
  /** [n, d] one standard deviation of `nextStates`, Infinity where nothing is known. Given where it is asked for and known. */
  readonly deviation?: Float64Array;
}

/**
 * A continuous world that is stepped in batch: an inferred model, a fitted one, true laws. Every planner takes it, so that the same plan is made in a model and in the truth.
 * The step is asynchronous for all because networks run in ONNX Runtime, which is; a batch costs one turn of the queue, and no planner steps pair by pair.
 */
export interface Simulator {
  /** d */
  readonly stateSize: number;
  /**
   * @param states [n, d], not changed @param actions [n, m]
   * @param wantsDeviation whether `deviation` is needed: what is not needed may be left out
   */
  step(states: Float64Array, actions: Float64Array, n: number, wantsDeviation?: boolean): Promise<SimulatedStep>;
}

/** Amortised dynamics without the critic that they came from: s + f(s, a), in the box of known states. */
export function simulatorOfDynamics(dynamics: Pick<Dynamics, "change">, coordinates: Coordinates): Simulator {
  return {
    stateSize: coordinates.names.length,
    step: async (states, actions, n) => ({ nextStates: await stepDynamics(dynamics, coordinates, states, actions, n) }),
  };
}

/** Which part of the true laws counts. */
export interface PhysicsSimulatorOptions {
  /** Whether steps pay and end as in the environment (false): a plan for another task moves on where the environment's own would end. */
  readonly ownTask?: boolean;
}

/** The true laws: the ceiling of what a plan can reach. */
export function simulatorOfPhysics(physics: Physics, { ownTask = false }: PhysicsSimulatorOptions = {}): Simulator {
  const d = physics.coordinates.names.length;
  return {
    stateSize: d,
    async step(states, actions, n) {
      const out = { nextStates: new Float64Array(n * d), rewards: new Float64Array(n), terminated: new Uint8Array(n) };
      physics.step(states, actions, n, out);
      const { nextStates, rewards, terminated } = out;
      return ownTask ? { nextStates, rewards, ended: terminated } : { nextStates };
    },
  };
}
