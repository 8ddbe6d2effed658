import { createRandom } from "../numbers/random.ts";
import { clamp } from "../numbers/statistics.ts";
import { wrapAngle } from "./coordinates.ts";
import type { Physics } from "./environment.ts";
import { EnvironmentError } from "./errors.ts";

/**
 * The same physics, whose next states are shaken: s' + deviation · ξ, ξ ~ N(0, I), angles wrapped and the others kept within their bounds.
 * A step pays and ends by where it led in the end. The generator is the world's own, from `seed`, not an episode's: a saved state does not bring its future back.
 * @param deviation [d] in the units of the coordinates
 */
export function noisyPhysics(physics: Physics, deviation: readonly number[], seed: number): Physics {
  const { angular, low, high } = physics.coordinates;
  const d = angular.length;
  if (deviation.length !== d || !deviation.every((x) => x >= 0))
    throw new EnvironmentError(`noise needs ${d} deviations of at least 0, got ${deviation.join()}`, {
      field: "deviation",
      fix: "give one a coordinate",
    });
  const random = createRandom(seed);
  return {
    ...physics,
    initialState: (...given) => physics.initialState(...given),
    step(states, actions, n, out) {
      const before = out.nextStates === states ? states.slice() : states;
      physics.step(states, actions, n, out);
      for (let i = 0; i < n * d; i++) {
        const j = i % d;
        if (deviation[j] === 0) continue;
        const shaken = out.nextStates[i] + deviation[j] * random.normal();
        out.nextStates[i] = angular[j] ? wrapAngle(shaken) : clamp(shaken, low[j], high[j]);
      }
      physics.ended(out.nextStates, n, out.terminated);
      physics.reward(before, actions, out.nextStates, n, out.rewards);
    },
  };
}
