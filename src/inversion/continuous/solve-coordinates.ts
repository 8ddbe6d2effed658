import { MismatchError } from "../../base/mismatch-error.ts";
import { type CoordinateValueParts, coordinateParts } from "../../critics/coordinate-values.ts";
import type { Network } from "../../critics/network.ts";
import type { EncodingNumbers, NetworkParameters, NetworkSettings } from "../../world-model/network-dynamics.ts";
import { networkDynamics } from "../../world-model/network-dynamics.ts";
import { withSpread } from "../../world-model/spread.ts";
import { defaults } from "../defaults.ts";
import { equationsAt, type Samples } from "../samples.ts";
import type { Problem, Solved } from "../solver.ts";
import { answersOf } from "./answers.ts";
import { fitNetwork } from "./fit-network.ts";

/** How many states what is known of the answer is judged at. */
const JUDGED = 2000;
/** Weight of a group of heads beside the one of least discount: the equations of a long horizon are nearer to singular. */
const LATER = 0.5;

/**
 * P-learning (Letcher et al. 2026) of f in δ + u(s + δ) = w(s, a), at all discounts together: a network with the encoding and the layers of the critic's own w,
 * which is what f begins as ("w is δ", exact for u = 0), until it is Bellman-consistent at the samples. No next state is used.
 */
export async function solveCoordinates({ critics: [critic], settings: options, open }: Problem): Promise<Solved> {
  const parts = coordinateParts(critic);
  if (!parts) throw new MismatchError(`${critic.name} does not value coordinates themselves`);
  const { coordinates, samples, seed = 0, onProgress } = options;
  const { actionSpace } = critic;
  const system = await open(critic);
  const equations = await equationsAt(system, samples);
  const settings = settingsOf(parts);
  const sigma = scalesOf(parts, options.network?.importance);
  const network = { ...defaults.coordinates, ...options.network, settings, sigma, seed, start: startOf(parts) };
  const fit = await fitNetwork(system, actionSpace, equations, network, onProgress);
  const found = networkDynamics(settings, coordinates, actionSpace, equations.centre, equations.scale, fit.members);
  const few = first(samples, Math.min(JUDGED, samples.n), system.stateSize, system.actionSize);
  const change = await found.change(few.states, few.actions, few.n);
  const nextStates = answersOf(change, few.states, system);
  const targets = equations.targets.slice(0, few.n * sigma.length);
  // one unit of a prediction's residual is what the critic leaves at the answers themselves
  const left = await system.values(nextStates);
  const own = sigma.map((_, i) => {
    let sum = 0;
    for (let b = 0; b < few.n; b++) sum += (left[b * sigma.length + i] - targets[b * sigma.length + i]) ** 2;
    return critic.heads[i].residual ?? (Math.sqrt(sum / few.n) || 1e-12);
  });
  const whitening = own.map((x) => x * Math.sqrt(sigma.length));
  // an equation is off by what the critic left of it, and so about is its answer
  const least = parts.discounts.indexOf(Math.min(...parts.discounts)) * system.stateSize;
  const dynamics = withSpread(found, own.slice(least, least + system.stateSize));
  return {
    system,
    equations,
    solver: { method: "amortised", dynamics },
    sigma: whitening,
    states: few.states,
    nextStates,
    targets,
    costRatio: fit.cost / fit.costOfNothing,
  };
}

function first({ states, actions }: Samples, n: number, d: number, m: number): Samples {
  return { n, states: states.slice(0, n * d), actions: actions.slice(0, n * m) };
}

function settingsOf({ encoding, actionNetwork }: CoordinateValueParts): NetworkSettings & { readonly encoding: EncodingNumbers } {
  const { centre, scale, gains, weights, phases } = encoding;
  const hidden = linears(actionNetwork)
    .slice(0, -1)
    .map(({ outputs }) => outputs);
  const activation = actionNetwork.find((module) => module.kind === "activation");
  return {
    hidden,
    integrator: "free",
    activation: activation?.kind === "activation" ? activation.name : undefined,
    encoding: {
      centre: Array.from(centre),
      scale: Array.from(scale),
      gains: Array.from(gains),
      weights: Array.from(weights),
      phases: Array.from(phases),
    },
  };
}

/** [k] the units of the coordinates over their importance, larger for every discount but the least. */
function scalesOf({ encoding, discounts, indices }: CoordinateValueParts, importance?: readonly number[]): Float64Array {
  const d = indices.length;
  const least = Math.min(...discounts);
  return Float64Array.from({ length: d * discounts.length }, (_, i) => {
    const weight = discounts[Math.floor(i / d)] === least ? 1 : LATER;
    return encoding.scale[i % d] / (weight * (importance?.[i % d] ?? 1));
  });
}

/** w at the least discount. */
function startOf({ actionNetwork, discounts, indices }: CoordinateValueParts): NetworkParameters {
  const d = indices.length;
  const group = discounts.indexOf(Math.min(...discounts));
  const layers = linears(actionNetwork);
  const parameters: Record<string, { shape: readonly number[]; data: Float32Array }> = {};
  layers.forEach(({ inputs, outputs, weight, bias }, i) => {
    const last = i === layers.length - 1;
    const [from, to] = last ? [group * d, (group + 1) * d] : [0, outputs];
    parameters[`weight ${i}`] = { shape: [to - from, inputs], data: Float32Array.from(weight.subarray(from * inputs, to * inputs)) };
    parameters[`bias ${i}`] = { shape: [to - from], data: Float32Array.from((bias ?? new Float32Array(outputs)).subarray(from, to)) };
  });
  return parameters;
}

function linears(network: Network) {
  return network.filter((module) => module.kind === "linear");
}
