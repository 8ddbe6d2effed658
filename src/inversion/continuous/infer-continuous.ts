import type { OnProgress } from "../../base/progress.ts";
import type { Rewards } from "../../bellman/rewards.ts";
import { type BellmanSystem, bellmanSystem } from "../../bellman/system.ts";
import type { NetworkCritic } from "../../critics/critic.ts";
import { stack } from "../../critics/stack.ts";
import type { Coordinates } from "../../environments/environment.ts";
import { type ContinuousIdentifiability, type HeadEvidence, HOPELESS, identifyContinuous } from "../../identifiability/continuous.ts";
import type { Space } from "../../spaces/space.ts";
import { type BoundScale, boundScores } from "../../world-model/bounds.ts";
import { stepSizes } from "../../world-model/calibrate.ts";
import { confine } from "../../world-model/confine.ts";
import { type ContinuousDefinition, continuousModel } from "../../world-model/continuous.ts";
import { type Dynamics, sandwich, structuredDynamics } from "../../world-model/dynamics.ts";
import { networkDynamics } from "../../world-model/network-dynamics.ts";
import type { NoiseKind } from "../../world-model/noise.ts";
import { type PointwiseSettings, solvePointwise } from "../../world-model/pointwise.ts";
import { withSpread } from "../../world-model/spread.ts";
import type { Integrator } from "../../world-model/structure.ts";
import type { ContinuousWorldModel } from "../../world-model/world-model.ts";
import { hybrid } from "../hybrid/solve-hybrid.ts";
import { MismatchError } from "../mismatch-error.ts";
import { inferGaussian } from "../noise/infer-gaussian.ts";
import { type Equations, equationsAt, type Samples } from "../samples.ts";
import { type AmortisedOptions, firstSigma, fitAmortised, type StructuredFit } from "./amortised.ts";
import { calibratePointwise } from "./calibrate-pointwise.ts";
import { fitNetwork, type NetworkFitOptions } from "./fit-network.ts";
import { type CrossValidated, fitWithTransitions, type HeldOut, type RealTransitions } from "./fit-with-transitions.ts";
import { inferFromCoordinates } from "./infer-coordinates.ts";

export interface InferContinuousOptions extends AmortisedOptions {
  readonly coordinates: Coordinates;
  readonly rewards: Rewards;
  /** Where to ask: states and actions, without what followed. */
  readonly samples: Samples;
  /** "amortised" by default. "network" is amortised with a network in place of the linear structure. */
  readonly method?: "amortised" | "network" | "pointwise";
  readonly seed?: number;
  readonly environment?: string;
  readonly reward?: number;
  readonly network?: Partial<Omit<NetworkFitOptions, "seed">>;
  readonly pointwise?: Partial<PointwiseSettings>;
  readonly provenance?: Readonly<Record<string, unknown>>;
  /** Real transitions to fit as well, their weight chosen by cross-validation (amortised only). */
  readonly transitions?: RealTransitions;
  /** Next states scatter: a covariance is inferred with their mean, the same everywhere or with a factor that is linear in state and action (pair by pair: one a pair). */
  readonly noise?: NoiseKind;
  readonly onProgress?: OnProgress;
}

export interface InferredContinuous {
  readonly model: ContinuousWorldModel & { readonly definition: ContinuousDefinition };
  readonly identifiability: ContinuousIdentifiability;
  readonly equations: Equations;
  /** How the transitions were used, where there were any. */
  readonly transitions?: {
    readonly chosen: CrossValidated;
    readonly supervised: CrossValidated;
    readonly supervisedModel: ContinuousWorldModel;
  };
}

/**
 * A dynamics model from critics of one environment. Critics whose own fit leaves a residual of more than 0.7 of its signal are left out, unless none would be left.
 * Next states are never used.
 */
export async function inferContinuous(critics: readonly NetworkCritic[], options: InferContinuousOptions): Promise<InferredContinuous> {
  if (options.noise) return inferGaussian(critics, options);
  const { method = "amortised" } = options;
  if (method !== "pointwise" && critics.length === 1 && critics[0].form === "coordinates") return inferFromCoordinates(critics[0], options);
  if (options.transitions && method !== "amortised") throw new MismatchError(`transitions are for method 'amortised', not '${method}'`);
  if (options.timeStep !== undefined && method !== "amortised")
    throw new MismatchError(`a time step is for method 'amortised', not '${method}'`);
  const { coordinates, rewards } = options;
  const sparse = isSparse(critics, options);
  const { kept, dropped } = critics.length > 1 && !sparse ? await keepUseful(critics, options) : { kept: critics, dropped: [] };
  const critic = kept.length === 1 ? kept[0] : stack(kept);
  const system = await bellmanSystem(critic, coordinates, rewards);
  try {
    return await inferFrom(system, critic, kept, dropped, options);
  } catch (error) {
    await system.release();
    throw error;
  }
}

async function inferFrom(
  system: BellmanSystem,
  critic: NetworkCritic,
  kept: readonly NetworkCritic[],
  dropped: readonly HeadEvidence[],
  options: InferContinuousOptions,
): Promise<InferredContinuous> {
  const { coordinates, samples } = options;
  const sparse = isSparse(kept, options);
  const equations = await equationsAt(system, samples);
  const solve = options.transitions
    ? fromTransitions
    : options.method === "pointwise"
      ? pointwise
      : options.method === "network"
        ? network
        : structured;
  const solved = sparse ? await hybrid(system, kept, options) : await solve(system, critic, equations, options);
  const definition: ContinuousDefinition = {
    environment: options.environment,
    reward: options.reward,
    actionSpace: critic.actionSpace,
    observationSpace: critic.observationSpace,
    system,
    sigma: solved.sigma,
    solver: solved.solver,
    provenance: options.provenance ?? {},
  };
  const identifiability = await identifyContinuous(system, {
    states: samples.states,
    nextStates: solved.nextStates,
    targets: solved.targets ?? equations.targets,
    sigma: solved.sigma,
    costRatio: solved.costRatio,
    method: solved.solver.method,
    kinematic: isKinematic(solved.solver),
    disagreement: solved.disagreement,
    dropped,
  });
  const bounds = boundScale(coordinates, samples.states, solved, !identifiability.verdict.usable);
  const model = continuousModel({ ...definition, bounds });
  if (!solved.transitions) return { model, identifiability, equations };
  const { chosen, supervised, supervisedDynamics, supervisedHeld } = solved.transitions;
  const supervisedModel = continuousModel({
    ...definition,
    solver: { method: "amortised", dynamics: supervisedDynamics },
    bounds: { ...bounds, scores: boundScores(supervisedHeld.errors, supervisedHeld.deviation, bounds.typical) },
  });
  return { model, identifiability, equations, transitions: { chosen, supervised, supervisedModel } };
}

function isSparse(critics: readonly NetworkCritic[], { method }: InferContinuousOptions): boolean {
  return critics.every(({ form }) => form === "steps-to-go") && (method === undefined || method === "amortised");
}

/** What "nothing moves" is off by is the reach that was found pair by pair, else the RMS of the answers' steps. */
export function boundScale(
  { angular }: Coordinates,
  states: Float64Array,
  { solver, nextStates, transitions }: Pick<Solved, "solver" | "nextStates" | "transitions">,
  refused: boolean,
): BoundScale {
  const typical = solver.method === "pointwise" ? Float64Array.from(solver.settings.reach) : stepSizes(states, nextStates, angular);
  const scores = transitions ? boundScores(transitions.held.errors, transitions.held.deviation, typical) : new Float64Array(0);
  return { basis: transitions ? "transitions" : "critics", typical, refused, scores };
}

function isKinematic(solver: ContinuousDefinition["solver"]): boolean {
  return solver.method === "amortised" && solver.dynamics.settings.integrator !== "free";
}

export interface Solved {
  readonly solver: ContinuousDefinition["solver"];
  readonly sigma: Float64Array;
  readonly nextStates: Float64Array;
  /** [n, k] what the evidence is judged by, where that is not the equations' own. */
  readonly targets?: Float64Array;
  readonly costRatio: number;
  readonly disagreement?: readonly number[];
  readonly transitions?: {
    readonly chosen: CrossValidated;
    readonly supervised: CrossValidated;
    readonly supervisedDynamics: Dynamics;
    readonly held: HeldOut;
    readonly supervisedHeld: HeldOut;
  };
}

/** Each critic's own structured fit says whether it has anything to say. */
async function keepUseful(critics: readonly NetworkCritic[], options: InferContinuousOptions) {
  const judged: { readonly critic: NetworkCritic; readonly ratio: number; readonly heads: readonly HeadEvidence[] }[] = [];
  for (const critic of critics) {
    const system = await bellmanSystem(critic, options.coordinates, options.rewards);
    try {
      const equations = await equationsAt(system, options.samples);
      const { nextStates, sigma, costRatio } = await structured(system, critic, equations, { ...options, onProgress: undefined });
      const { states } = options.samples;
      const { heads, residualOverSignal } = await identifyContinuous(system, {
        states,
        nextStates,
        targets: equations.targets,
        sigma,
        costRatio,
        method: "amortised",
        kinematic: options.kinematic !== false,
      });
      judged.push({ critic, ratio: residualOverSignal, heads: heads.map((head) => ({ ...head, used: false })) });
    } finally {
      await system.release();
    }
  }
  const best = Math.min(...judged.map(({ ratio }) => (Number.isFinite(ratio) ? ratio : Infinity)));
  const useful = judged.filter(({ ratio }) => ratio <= HOPELESS || ratio === best || best === Infinity);
  return {
    kept: useful.map(({ critic }) => critic),
    dropped: judged.filter((entry) => !useful.includes(entry)).flatMap(({ heads }) => heads),
  };
}

async function structured(
  system: BellmanSystem,
  { actionSpace }: NetworkCritic,
  equations: Equations,
  options: InferContinuousOptions,
): Promise<Solved> {
  const { chosen, rivals, plausible } = await fitAmortised(system, actionSpace, equations, options, options.onProgress);
  const { states, actions, n } = equations;
  const dynamicsOf = (fit: StructuredFit) => dynamicsOfFit(system, actionSpace, equations, fit);
  const dynamics = dynamicsOf(chosen);
  const change = await dynamics.change(states, actions, n);
  const changesOf = (fits: readonly StructuredFit[]) => Promise.all(fits.map((fit) => dynamicsOf(fit).change(states, actions, n)));
  const others = await changesOf(rivals);
  const spread = spreadOf(change, await changesOf(plausible), system.stateSize);
  return {
    solver: { method: "amortised", dynamics: withSpread(dynamics, spread) },
    sigma: chosen.sigma,
    nextStates: confine(
      change.map((x, i) => x + states[i]),
      system.coordinates,
    ),
    costRatio: chosen.cost / chosen.costOfNothing,
    disagreement: others.length === 0 ? undefined : disagreementOf(change, others, system.stateSize),
  };
}

export function dynamicsOfFit(system: BellmanSystem, actionSpace: Space, { centre, scale }: Equations, fit: StructuredFit): Dynamics {
  return structuredDynamics(
    { integrator: fit.integrator, features: fit.features },
    system.coordinates,
    actionSpace,
    centre,
    scale,
    fit.theta,
    sandwich(fit.curvature, fit.outer, fit.theta.length),
  );
}

async function fromTransitions(
  system: BellmanSystem,
  { actionSpace }: NetworkCritic,
  equations: Equations,
  options: InferContinuousOptions,
): Promise<Solved> {
  const { fit, supervisedFit, chosen, supervised, held, supervisedHeld } = await fitWithTransitions(
    system,
    actionSpace,
    equations,
    options.transitions!,
    options,
    options.onProgress,
  );
  const { states, actions, n, here, targets } = equations;
  const dynamics = dynamicsOfFit(system, actionSpace, equations, fit);
  const supervisedDynamics = dynamicsOfFit(system, actionSpace, equations, supervisedFit);
  const nextStates = confine(
    (await dynamics.change(states, actions, n)).map((x, i) => x + states[i]),
    system.coordinates,
  );
  const k = fit.sigma.length;
  const misfit = (values: Float32Array) =>
    values.reduce((sum, value, i) => sum + Math.min(9, ((value - targets[i]) / fit.sigma[i % k]) ** 2), 0);
  return {
    solver: { method: "amortised", dynamics },
    sigma: fit.sigma,
    nextStates,
    costRatio: misfit(await system.values(nextStates)) / misfit(here),
    transitions: {
      chosen,
      supervised,
      supervisedDynamics,
      held,
      supervisedHeld,
    },
  };
}

/** [d] RMS over samples of the farthest rival's difference, in the coordinates' units. */
export function spreadOf(change: Float64Array, others: readonly Float64Array[], d: number): Float64Array {
  const farthest = new Float64Array(d);
  for (const other of others) {
    const sums = new Float64Array(d);
    for (let i = 0; i < change.length; i++) sums[i % d] += ((other[i] - change[i]) ** 2 * d) / change.length;
    for (let j = 0; j < d; j++) farthest[j] = Math.max(farthest[j], Math.sqrt(sums[j]));
  }
  return farthest;
}

/** [d] the same over the RMS of the change. */
export function disagreementOf(change: Float64Array, others: readonly Float64Array[], d: number): number[] {
  const own = spreadOf(new Float64Array(change.length), [change], d);
  return Array.from(spreadOf(change, others, d), (apart, j) => apart / (own[j] || Number.MIN_VALUE));
}

async function network(
  system: BellmanSystem,
  critic: NetworkCritic,
  equations: Equations,
  options: InferContinuousOptions,
): Promise<Solved> {
  const { states, actions, n, centre, scale } = equations;
  const { actionSpace } = critic;
  // its rival: a network is trusted where the simplest structure that explains the values says much the same
  const rival = await structured(system, critic, equations, { ...options, onProgress: undefined });
  const rivalChange =
    rival.solver.method === "amortised" ? await rival.solver.dynamics.change(states, actions, n) : new Float64Array(n * system.stateSize);
  const integrator = rival.solver.method === "amortised" ? (rival.solver.dynamics.settings.integrator as Integrator) : "free";
  const settings = { hidden: [32], integrator, ...options.network?.settings };
  const fit = await fitNetwork(
    system,
    actionSpace,
    equations,
    { ...options.network, settings, seed: options.seed ?? 0 },
    options.onProgress,
  );
  const dynamics = networkDynamics(settings, system.coordinates, actionSpace, centre, scale, fit.members);
  const change = await dynamics.change(states, actions, n);
  return {
    solver: { method: "amortised", dynamics: withSpread(dynamics, spreadOf(change, [rivalChange], system.stateSize)) },
    sigma: fit.sigma,
    nextStates: confine(
      change.map((x, i) => x + states[i]),
      system.coordinates,
    ),
    costRatio: fit.cost / fit.costOfNothing,
    disagreement: disagreementOf(change, [rivalChange], system.stateSize),
  };
}

async function pointwise(
  system: BellmanSystem,
  _critic: NetworkCritic,
  equations: Equations,
  options: InferContinuousOptions,
): Promise<Solved> {
  const { states, targets, here, scale } = equations;
  const first: PointwiseSettings = {
    reach: Array.from(scale, (x) => 0.1 * x),
    starts: 3,
    iterations: 20,
    huber: 3,
    seed: options.seed ?? 0,
    ...options.pointwise,
  };
  options.onProgress?.(0, 2, "sizing steps and errors");
  const { sigma, reach, independence } = await calibratePointwise(system, equations, firstSigma(system, equations), first);
  const settings = { ...first, reach: options.pointwise?.reach ?? reach, independence };
  options.onProgress?.(1, 2, "solving every pair");
  const { nextStates, residual } = await solvePointwise(system, states, targets, sigma, settings);
  options.onProgress?.(2, 2, "solved");
  const k = sigma.length;
  const cost = residual.reduce((sum, r) => sum + r * r, 0);
  let nothing = 0;
  for (let i = 0; i < targets.length; i++) nothing += ((here[i] - targets[i]) / sigma[i % k]) ** 2;
  return {
    solver: { method: "pointwise", settings },
    sigma,
    nextStates: confine(nextStates, system.coordinates),
    costRatio: cost / nothing,
  };
}
