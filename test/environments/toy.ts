import { endedWhere } from "../../src/environments/endings.ts";
import type { Physics } from "../../src/environments/environment.ts";
import { type EnvironmentRegistration, physicsEnvironment } from "../../src/environments/index.ts";
import { box, discrete } from "../../src/spaces/space.ts";

export interface SledOptions {
  readonly maxEpisodeSteps?: number;
  readonly push?: number;
}

const high = [1.2, 0.3];
const finish = 1;

/** A sled on a line, pushed either way: x' = x + v', v' = clip(v + push (a − 1)). The finish line ends it and pays 1. */
export function sled({ maxEpisodeSteps = 100, push = 0.05 }: SledOptions = {}): Physics {
  const low = high.map((x) => -x);
  const over = (states: Float64Array, at: number) => states[at] >= finish;
  const clip = (x: number, j: number) => Math.min(high[j], Math.max(-high[j], x));
  return {
    horizon: maxEpisodeSteps,
    observationSpace: box(low, high),
    actionSpace: discrete(3),
    coordinates: {
      names: ["x", "v"],
      angular: [false, false],
      low,
      high,
      rateOf: [1, null],
      observe: (states) => states,
      fromObservations: (observations) => observations.slice(),
    },
    initialState(random, out = new Float64Array(2), offset = 0) {
      out[offset] = 0.5 * (2 * random.uniform() - 1);
      out[offset + 1] = 0;
      return out;
    },
    observations: (states, n, out) => out.set(states.subarray(0, 2 * n)),
    rewards: (_states, _actions, n, out) => void out.fill(0, 0, n),
    ended: endedWhere(2, over),
    reward(_states, _actions, nextStates, n, out) {
      for (let i = 0; i < n; i++) out[i] = over(nextStates, 2 * i) ? 1 : 0;
    },
    step(states, actions, n, { nextStates, rewards, terminated }) {
      for (let i = 0; i < n; i++) {
        const v = clip(states[2 * i + 1] + push * (actions[i] - 1), 1);
        nextStates[2 * i] = clip(states[2 * i] + v, 0);
        nextStates[2 * i + 1] = v;
        terminated[i] = over(nextStates, 2 * i) ? 1 : 0;
        rewards[i] = terminated[i];
      }
    },
  };
}

export const sledRegistration: EnvironmentRegistration<SledOptions> = {
  ids: ["Sled-v0", "StrongSled-v0"],
  options: { push: { is: "a number above 0", holds: (value) => typeof value === "number" && value > 0 } },
  build: (options, id) => physicsEnvironment(id, sled(id === "StrongSled-v0" ? { push: 0.1, ...options } : options)),
  preset: { steps: 300 },
  task: { planner: "grid", discount: 0.95, sizes: [41, 31], tolerance: 1e-6 },
  draw: ([x]) => ({ height: 50, shapes: [`<circle cx="${160 + 100 * x}" cy="25" r="5"/>`] }),
};
