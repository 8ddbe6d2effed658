import type { TabularCritic } from "../../critics/critic.ts";
import type { Tables } from "../../environments/environment.ts";
import type { Random } from "../../numbers/random.ts";
import { type PlanOptions, planTabular, type TabularTask } from "../../planning/plan.ts";
import type { TabularPolicy } from "../../planning/policy.ts";
import { type CandidateOptions, type Candidates, candidateSets } from "./candidates.ts";
import { createExplorer, type Explorer } from "./explore.ts";
import { type RefineOptions, refine } from "./refine.ts";

export interface TransferOptions extends CandidateOptions, RefineOptions, PlanOptions {}

export interface Transferred {
  /** Best for the new task in expectation over the candidates: no step in the environment was taken. */
  readonly policy: TabularPolicy;
  readonly candidates: Candidates;
}

/** From a critic of old tasks and a new reward to a policy. */
export function transfer(critic: TabularCritic, task: TabularTask, options: TransferOptions = {}): Transferred {
  const candidates = refine(candidateSets(critic, options), options);
  return { policy: planTabular(candidateTables(candidates), task, options), candidates };
}

/** An agent that goes for a known goal in the inferred model and corrects it by every step. */
export function transferAgent(
  candidates: Candidates,
  options: { readonly goal: number; readonly discount: number; readonly random: Random },
): Explorer {
  return createExplorer({ candidates, ...options });
}

/** Candidate weights as probabilities; a pair of which nothing is known stays where it is. */
export function candidateTables({ states, actions, offsets, next, weights }: Candidates): Tables {
  const pairs = states * actions;
  const starts = new Int32Array(pairs + 1);
  for (let k = 0; k < pairs; k++) starts[k + 1] = starts[k] + Math.max(1, offsets[k + 1] - offsets[k]);
  const nextStates = new Int32Array(starts[pairs]);
  const probabilities = new Float64Array(starts[pairs]).fill(1);
  for (let k = 0; k < pairs; k++) {
    nextStates[starts[k]] = Math.floor(k / actions);
    nextStates.set(next.subarray(offsets[k], offsets[k + 1]), starts[k]);
    probabilities.set(weights.subarray(offsets[k], offsets[k + 1]), starts[k]);
  }
  return {
    states,
    actions,
    offsets: starts,
    nextStates,
    probabilities,
    rewards: new Float64Array(starts[pairs]),
    terminated: new Uint8Array(starts[pairs]),
    initial: new Float64Array(states).fill(1 / states),
  };
}
