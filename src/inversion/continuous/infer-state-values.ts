import { type BellmanSystem, bellmanSystem } from "../../bellman/system.ts";
import type { NetworkCritic, StateValueCritic } from "../../critics/critic.ts";
import { stack } from "../../critics/stack.ts";
import { type ContinuousIdentifiability, type HeadEvidence, HOPELESS, identifyContinuous } from "../../identifiability/continuous.ts";
import { confine } from "../../world-model/confine.ts";
import { type ContinuousDefinition, continuousModel, expectedValues } from "../../world-model/continuous.ts";
import { withSpread } from "../../world-model/spread.ts";
import { MismatchError } from "../mismatch-error.ts";
import { type Equations, equationsAt } from "../samples.ts";
import { firstSigma, fitAmortised } from "./amortised.ts";
import {
  boundScale,
  disagreementOf,
  dynamicsOfFit,
  type InferContinuousOptions,
  type InferredContinuous,
  inferContinuous,
  spreadOf,
} from "./infer-continuous.ts";

/** Critics of state values at the samples of a fit. */
interface Expected {
  readonly system: BellmanSystem;
  readonly equations: Equations;
  readonly sigma: Float64Array;
}

/**
 * A dynamics model from critics of state values, V(s) = E_{a~π}[r(s, a) + γ V(s')], alone or beside critics of action values.
 * A value of the policy's actions together says nothing pair by pair, so that one model must answer for all states: amortised and structured only.
 * Critics whose own fit leaves more than 0.7 of its signal are left out, unless none would be left.
 * @throws MismatchError for other methods, and for transitions
 */
export async function inferFromStateValues(
  networks: readonly NetworkCritic[],
  critics: readonly StateValueCritic[],
  options: InferContinuousOptions,
): Promise<InferredContinuous> {
  if (options.method !== undefined && options.method !== "amortised")
    throw new MismatchError(
      `state values (${critics[0].algorithm}) say nothing of one action alone: method '${options.method}' needs action values, use amortised`,
    );
  if (options.transitions) throw new MismatchError("transitions are fitted beside action values only, not beside state values");
  const judged =
    critics.length + networks.length > 1 ? await judge(critics, options) : critics.map((critic) => ({ critic, ratio: 0, heads: [] }));
  const beside = networks.length > 0 ? await inferContinuous(networks, { ...options, onProgress: undefined }) : undefined;
  const least = beside ? 0 : Math.min(...judged.map(({ ratio }) => ratio));
  const useful = judged.filter(({ ratio }) => ratio <= HOPELESS || ratio === least);
  const dropped = judged.filter((entry) => !useful.includes(entry)).flatMap(({ heads }) => heads);
  if (beside && useful.length === 0) {
    const { identifiability } = beside;
    return { ...beside, identifiability: { ...identifiability, heads: [...identifiability.heads, ...dropped] } };
  }
  return solve(await expectedOf(stack(useful.map(({ critic }) => critic)), options), beside, critics[0], options, dropped);
}

async function expectedOf(critic: StateValueCritic, { coordinates, rewards, samples }: InferContinuousOptions): Promise<Expected> {
  const system = await bellmanSystem(critic, coordinates, rewards);
  const equations = await equationsAt(system, samples);
  return { system, equations, sigma: firstSigma(system, equations) };
}

/** Each critic's own fit says whether it has anything to say. */
async function judge(critics: readonly StateValueCritic[], options: InferContinuousOptions) {
  const judged: { readonly critic: StateValueCritic; readonly ratio: number; readonly heads: readonly HeadEvidence[] }[] = [];
  for (const critic of critics) {
    const expected = await expectedOf(critic, options);
    try {
      const { identifiability } = await solve(expected, undefined, critic, { ...options, onProgress: undefined }, []);
      judged.push({
        critic,
        ratio: identifiability.residualOverSignal,
        heads: identifiability.heads.map((head) => ({ ...head, used: false })),
      });
    } finally {
      await expected.system.release();
    }
  }
  return judged;
}

async function solve(
  expected: Expected,
  beside: InferredContinuous | undefined,
  { actionSpace, observationSpace }: StateValueCritic,
  options: InferContinuousOptions,
  dropped: readonly HeadEvidence[],
): Promise<InferredContinuous> {
  const system = beside?.model.definition.system ?? expected.system;
  const equations = beside?.equations ?? expected.equations;
  const { states, actions, n } = equations;
  const part = {
    equations: { system: expected.system, targets: expected.equations.targets, sigma: expected.sigma },
    alone: beside === undefined,
  };
  const { chosen, rivals } = await fitAmortised(system, actionSpace, equations, options, options.onProgress, part);
  const dynamics = dynamicsOfFit(system, actionSpace, equations, chosen);
  const change = await dynamics.change(states, actions, n);
  const others = await Promise.all(rivals.map((fit) => dynamicsOfFit(system, actionSpace, equations, fit).change(states, actions, n)));
  const nextStates = confine(
    change.map((x, i) => x + states[i]),
    system.coordinates,
  );
  const definition: ContinuousDefinition = {
    environment: options.environment,
    reward: options.reward,
    actionSpace,
    observationSpace,
    system,
    sigma: chosen.sigma,
    solver: {
      method: "amortised",
      dynamics: withSpread(dynamics, spreadOf(change, others, system.stateSize)),
    },
    provenance: options.provenance ?? {},
  };
  const modelFor = ({ verdict }: ContinuousIdentifiability) =>
    continuousModel({
      ...definition,
      bounds: boundScale(system.coordinates, states, { solver: definition.solver, nextStates }, !verdict.usable),
    });
  const averaged = await expectedValues(expected.system, expected.system.expectation!, dynamics, states);
  const evidence = {
    states,
    nextStates,
    sigma: chosen.sigma,
    costRatio: chosen.cost / chosen.costOfNothing,
    method: "amortised",
    kinematic: chosen.integrator !== "free",
    disagreement: others.length === 0 ? undefined : disagreementOf(change, others, system.stateSize),
  } as const;
  if (!beside) {
    // the residual of an expectation, told at the next state of the sample's own action
    const values = await system.values(nextStates);
    const targets = equations.targets.map((y, at) => values[at] - (averaged[at] - y));
    const signal = Float64Array.from(headEvidence(expected, averaged), (head) => head.signal);
    const identifiability = await identifyContinuous(system, { ...evidence, targets, signal, dropped });
    return { model: modelFor(identifiability), equations, identifiability };
  }
  const identifiability = await identifyContinuous(system, {
    ...evidence,
    targets: equations.targets,
    dropped: [...headEvidence(expected, averaged), ...beside.identifiability.heads.filter((head) => !head.used), ...dropped],
  });
  return { model: modelFor(identifiability), equations, identifiability };
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
