import type { Network } from "../../critics/network.ts";
import type { SavedCritic } from "../../critics/saved.ts";
import { stride } from "../../environments/arm/engine.ts";
import { fingerReach, workspace } from "../../environments/arm/model.ts";
import type { Simulator } from "../../planning/simulator.ts";
import { changeSimulator } from "./subject.ts";

/** s' = (Q − r)/γ = s + σ w at the least discount: what values say to one who takes them for the next state and does not solve. */
export function takenAtTheirWord({ name, values }: SavedCritic): Promise<Simulator> {
  if (values.kind !== "coordinate-values") throw new TypeError(`${name} does not value coordinates`);
  const { actionNetwork, discounts, indices } = values;
  const d = indices.length;
  const group = discounts.indexOf(Math.min(...discounts));
  const last = actionNetwork.findLastIndex((module) => module.kind === "linear");
  const network: Network = actionNetwork.map((module, i) => {
    if (i !== last || module.kind !== "linear") return module;
    const { inputs, weight, bias } = module;
    return {
      ...module,
      outputs: d,
      weight: weight.subarray(group * d * inputs, (group + 1) * d * inputs),
      bias: bias?.subarray(group * d, (group + 1) * d),
    };
  });
  return changeSimulator(network);
}

/** The hand goes where it is told, fingers open as told, and nothing else moves: what geometry, costs and proposals come to without any dynamics. */
export function handAlone(stateSize: number): Simulator {
  return {
    stateSize,
    async step(states, actions, n) {
      const nextStates = states.slice();
      const m = actions.length / n;
      for (let b = 0; b < n; b++) {
        const at = b * stateSize;
        for (let k = 0; k < 3; k++)
          nextStates[at + k] = Math.min(workspace.high[k], Math.max(workspace.low[k], states[at + k] + stride * actions[b * m + k]));
        nextStates[at + 3] = fingerReach * (actions[b * m + 3] + 1);
      }
      return { nextStates };
    },
  };
}
