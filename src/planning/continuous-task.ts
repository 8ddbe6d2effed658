import type { SimulatedStep, Simulator } from "./simulator.ts";

/** What is wanted of a continuous world, as small functions over n transitions. */
export interface ContinuousTask {
  /** γ */
  readonly discount: number;
  /** Write r(s, a, s') to `out` [n]; 0 when absent. @param states [n, d] @param actions [n, m] @param nextStates [n, d] */
  readonly reward?: (states: Float64Array, actions: Float64Array, nextStates: Float64Array, n: number, out: Float64Array) => void;
  /** Write 1 to `out` [n] where arriving in states [n, d] ends the episode and pays 1 beside the reward, else 0. */
  readonly goal?: (states: Float64Array, n: number, out: Uint8Array) => void;
  /** The same where it ends and pays nothing; it outweighs a goal. */
  readonly end?: (states: Float64Array, n: number, out: Uint8Array) => void;
}

/** Steps that a task pays and ends. */
export interface Outcomes extends SimulatedStep {
  readonly rewards: Float64Array;
  readonly ended: Uint8Array;
}

/** What n transitions pay, and which of them end the episode. */
export function settle(task: ContinuousTask, states: Float64Array, actions: Float64Array, nextStates: Float64Array, n: number): Outcomes {
  const rewards = new Float64Array(n);
  const [reached, ended] = [new Uint8Array(n), new Uint8Array(n)];
  task.reward?.(states, actions, nextStates, n, rewards);
  task.goal?.(nextStates, n, reached);
  task.end?.(nextStates, n, ended);
  for (let b = 0; b < n; b++) {
    if (ended[b] || !reached[b]) continue;
    rewards[b] += 1;
    ended[b] = 1;
  }
  return { nextStates, rewards, ended };
}

/** A simulator whose steps a task pays and ends. */
export interface TaskSimulator extends Simulator {
  step(...step: Parameters<Simulator["step"]>): Promise<Outcomes>;
}

/** A world with a task: the task's rewards instead of the world's own, and the ends of both. */
export function simulatorOfTask(world: Simulator, task: ContinuousTask): TaskSimulator {
  return {
    stateSize: world.stateSize,
    async step(states, actions, n, wantsDeviation) {
      const step = await world.step(states, actions, n, wantsDeviation);
      const outcomes = settle(task, states, actions, step.nextStates, n);
      if (step.ended) for (let b = 0; b < n; b++) outcomes.ended[b] |= step.ended[b];
      return step.deviation ? { ...outcomes, deviation: step.deviation } : outcomes;
    },
  };
}
