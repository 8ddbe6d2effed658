import type { BellmanSystem } from "../../bellman/system.ts";
import type { StateValueCritic } from "../../critics/critic.ts";
import type { HeadEvidence } from "../../identifiability/continuous.ts";
import { expectedValues } from "../../world-model/continuous.ts";
import { withSpread } from "../../world-model/spread.ts";
import { type Equations, equationsAt } from "../samples.ts";
import type { ContinuousSettings, Problem, Solved } from "../solver.ts";
import { firstSigma, fitAmortised } from "./amortised.ts";
import { answersOf, disagreementOf, dynamicsOfFit, spreadOf } from "./answers.ts";
import { keepUseful } from "./keep-useful.ts";

/** Critics of state values at the samples of a fit. */
interface Expected {
  readonly system: BellmanSystem;
  readonly equations: Equations;
  readonly sigma: Float64Array;
}

/**
 * One model for the region from critics of state values, V(s) = E_{a~π}[r(s, a) + γ V(s')], alone or beside critics of action values.
 * A value of the policy's actions together says nothing pair by pair. Critics that have nothing to say are left out.
 * @param solveBeside how the critics of action values are solved by themselves
 */
export async function solveStateValues(problem: Problem, solveBeside: (problem: Problem) => Promise<Solved>): Promise<Solved> {
  const { critics, stateValues, settings, open } = problem;
  const quiet = { ...settings, onProgress: undefined };
  const many = critics.length + stateValues.length > 1;
  const judging = {
    open,
    solve: async (critic: StateValueCritic, system: BellmanSystem) => solve(await expectedOf(system, quiet), undefined, critic, quiet, []),
  };
  const { kept, dropped } = many
    ? await keepUseful(stateValues, { ...judging, orNone: critics.length > 0 })
    : { kept: stateValues[0], dropped: [] };
  const beside = critics.length > 0 ? await solveBeside({ ...problem, stateValues: [], settings: quiet }) : undefined;
  if (!kept) return { ...beside!, dropped: [...(beside!.dropped ?? []), ...dropped] };
  return solve(await expectedOf(await open(kept), settings), beside, stateValues[0], settings, dropped);
}

async function expectedOf(system: BellmanSystem, { samples }: ContinuousSettings): Promise<Expected> {
  const equations = await equationsAt(system, samples);
  return { system, equations, sigma: firstSigma(system, equations) };
}

async function solve(
  expected: Expected,
  beside: Solved | undefined,
  { actionSpace }: StateValueCritic,
  settings: ContinuousSettings,
  dropped: readonly HeadEvidence[],
): Promise<Solved> {
  const system = beside?.system ?? expected.system;
  const equations = beside?.equations ?? expected.equations;
  const { states, actions, n } = equations;
  const part = {
    equations: { system: expected.system, targets: expected.equations.targets, sigma: expected.sigma },
    alone: beside === undefined,
  };
  const { chosen, rivals } = await fitAmortised(system, actionSpace, equations, settings, settings.onProgress, part);
  const dynamics = dynamicsOfFit(system, actionSpace, equations, chosen);
  const change = await dynamics.change(states, actions, n);
  const others = await Promise.all(rivals.map((fit) => dynamicsOfFit(system, actionSpace, equations, fit).change(states, actions, n)));
  const nextStates = answersOf(change, states, system);
  const averaged = await expectedValues(expected.system, expected.system.expectation!, dynamics, states);
  const solved: Solved = {
    system,
    equations,
    solver: { method: "amortised", dynamics: withSpread(dynamics, spreadOf(change, others, system.stateSize)) },
    sigma: chosen.sigma,
    nextStates,
    costRatio: chosen.cost / chosen.costOfNothing,
    disagreement: others.length === 0 ? undefined : disagreementOf(change, others, system.stateSize),
    dropped,
  };
  const evidence = headEvidence(expected, averaged);
  if (beside) return { ...solved, dropped: [...evidence, ...(beside.dropped ?? []), ...dropped] };
  // the residual of an expectation, told at the next state of the sample's own action
  const values = await system.values(nextStates);
  const targets = equations.targets.map((y, at) => values[at] - (averaged[at] - y));
  return { ...solved, targets, signal: Float64Array.from(evidence, (head) => head.signal) };
}

/** What there is to see of each head, E V(ŝ') − V(s), and what the answer leaves. */
function headEvidence({ system: { heads }, equations: { here, targets, n } }: Expected, averaged: Float64Array): HeadEvidence[] {
  const rms = (i: number, from: ArrayLike<number>) => {
    let sum = 0;
    for (let at = i; at < averaged.length; at += heads.length) sum += (averaged[at] - from[at]) ** 2;
    return Math.sqrt(sum / n);
  };
  return heads.map(({ name, critic, discount }, i) => ({
    name,
    critic,
    discount,
    signal: rms(i, here),
    residual: rms(i, targets),
    used: true,
  }));
}
