import { concat, fromOnnx, inline, type Value } from "../engine/index.ts";
import type { Space } from "../spaces/space.ts";
import { actionScale } from "./action-scale.ts";
import { deterministicActorCritic, softActorCritic } from "./actor-critic.ts";
import { type CoordinateValueParts, coordinateCritic, coordinateValues } from "./coordinate-values.ts";
import type { Critic, Head } from "./critic.ts";
import { deepQ, quantileDeepQ, type ValueFunctions } from "./deep-q.ts";
import { type FixedPolicy, generalValueFunctions } from "./general-value-functions.ts";
import { applyNetwork, type Network } from "./network.ts";
import { type NetworkDefinition, networkCritic } from "./network-critic.ts";
import type { SquashedGaussian } from "./squashed-gaussian.ts";
import { type StateValueIdentity, stateValuesFrom } from "./state-value.ts";
import { type SparseGoal, stepsToGo, type WaveEncoding } from "./steps-to-go.ts";
import { tabularCritic } from "./tabular.ts";
import { withCumulants } from "./with-cumulants.ts";

/** A critic as data alone: numbers, and the rule by which values follow from them. */
export interface SavedCritic {
  readonly name: string;
  readonly algorithm: string;
  readonly environment?: string;
  readonly heads: readonly Head[];
  readonly observationSpace: Space;
  readonly actionSpace: Space;
  readonly values: SavedValues;
  /** Command, seed, returns, residuals: for people. */
  readonly made?: Readonly<Record<string, unknown>>;
}

export interface GeneralValues {
  readonly kind: "general-value-functions";
  readonly discounts: readonly number[];
  readonly policy: FixedPolicy;
  readonly continuation: Network;
  readonly centre: Float32Array;
  readonly scale: Float32Array;
  readonly weights: Float32Array;
  readonly phases: Float32Array;
  readonly increments?: Float32Array;
}

export type SavedValues =
  | GeneralValues
  | ({ readonly kind: "coordinate-values" } & CoordinateValueParts)
  /** Heads of the reward, and after them heads of random signals that say where the next state is. */
  | { readonly kind: "with-cumulants"; readonly control: SavedValues; readonly general: GeneralValues }
  | { readonly kind: "deep-q"; readonly online: Network; readonly target: Network }
  | {
      readonly kind: "steps-to-go";
      readonly encoding: WaveEncoding;
      readonly goals: readonly SparseGoal[];
      readonly network: Network;
    }
  | { readonly kind: "quantile-deep-q"; readonly online: Network; readonly target: Network; readonly quantiles: number }
  | {
      readonly kind: "deterministic-actor-critic";
      readonly critics: readonly Network[];
      readonly targetCritics: readonly Network[];
      readonly actor: Network;
      readonly targetActor: Network;
    }
  | {
      readonly kind: "stochastic-actor-critic";
      readonly critics: readonly Network[];
      readonly targetCritics: readonly Network[];
      readonly actor: SquashedGaussian;
      readonly temperature: number;
    }
  | {
      readonly kind: "table";
      readonly states: number;
      readonly actions: number;
      readonly q: Float64Array;
      readonly v?: Float64Array;
      readonly rewards?: Float64Array;
      readonly terminalValue?: Float64Array;
      readonly stateNames?: readonly string[];
      readonly actionNames?: readonly string[];
    }
  /** ONNX models: "observations" [N, o] (and "actions" [N, m]) to "values" [N, heads] ("rewards" besides) and to "actions" [N, m]. */
  | { readonly kind: "graphs"; readonly actionValues: Uint8Array; readonly stateValues: Uint8Array; readonly policy?: Uint8Array }
  /** The same of state values, with "observations" to "actions" [N, J, m] and "weights" [N, J, heads] of the policy. */
  | {
      readonly kind: "state-value-graphs";
      readonly stateValues: Uint8Array;
      readonly policy: Uint8Array;
      readonly distribution: Uint8Array;
      readonly family: string;
    };

/** What each restored critic was restored from: networks, not the graphs that were made of them. */
const sources = new WeakMap<Critic, SavedCritic>();

/** The data that a critic was restored from; undefined for one that was built otherwise. */
export function sourceOf(critic: Critic): SavedCritic | undefined {
  return sources.get(critic);
}

/** The critic that was saved. */
export function restoreCritic(saved: SavedCritic): Critic {
  const critic = criticOf(saved);
  sources.set(critic, saved);
  return critic;
}

function criticOf(saved: SavedCritic): Critic {
  const { values, name, algorithm, environment, heads, observationSpace, actionSpace } = saved;
  if (values.kind === "table") {
    const tables = Object.fromEntries(
      (["q", "v", "rewards", "terminalValue"] as const).flatMap((key) => (values[key] ? [[key, Float64Array.from(values[key])]] : [])),
    );
    return tabularCritic({ ...values, ...tables, name, algorithm, environment, heads });
  }
  const identity = { name, algorithm, environment, heads, observationSpace, actionSpace };
  if (values.kind === "state-value-graphs") return stateValueGraphs(identity, values);
  if (values.kind === "coordinate-values") return coordinateCritic(identity, values);
  const stepping = values.kind === "steps-to-go" || (values.kind === "graphs" && heads.every((head) => head.silentAbove !== undefined));
  return networkCritic({
    ...identity,
    ...functionsOf(values, actionSpace, heads.length),
    form: stepping ? "steps-to-go" : "values",
  });
}

function functionsOf(values: SavedValues, actionSpace: Space, heads: number): NetworkFunctions {
  const through = (network: Network) => (observation: readonly Value[]) => applyNetwork(network, observation);
  switch (values.kind) {
    case "graphs": {
      const [action, state] = [fromOnnx(values.actionValues), fromOnnx(values.stateValues)];
      const policy = values.policy && fromOnnx(values.policy);
      return {
        actionValues: (o, actions) => inline(action, actions.graph, { observations: whole(o), actions }).values,
        stateValues: (o) => inline(state, o[0].graph, { observations: whole(o) }).values,
        rewards: action.outputs.has("rewards")
          ? (o, actions) => inline(action, actions.graph, { observations: whole(o), actions }).rewards
          : undefined,
        policy: policy && ((o) => inline(policy, o[0].graph, { observations: whole(o) }).actions),
      };
    }
    case "general-value-functions":
      return generalValues(values, actionSpace);
    case "with-cumulants": {
      const { control, general } = values;
      const rewarded = heads - general.phases.length * general.discounts.length;
      return withCumulants(functionsOf(control, actionSpace, rewarded), generalValues(general, actionSpace), rewarded);
    }
    case "coordinate-values":
      return coordinateValues({ ...values, actionSpace });
    case "deep-q":
      return deepQ({ online: through(values.online), target: through(values.target), ...numbered(actionSpace) });
    case "steps-to-go": {
      const { encoding, goals, network } = values;
      return stepsToGo({ encoding, goals, network: (input) => applyNetwork(network, input), ...numbered(actionSpace) });
    }
    case "quantile-deep-q": {
      const { online, target, quantiles } = values;
      return quantileDeepQ({ online: through(online), target: through(target), quantiles, mean: false, ...numbered(actionSpace) });
    }
    case "deterministic-actor-critic":
      return deterministicActorCritic({ ...values, scale: actionScale(actionSpace) });
    case "stochastic-actor-critic":
      return softActorCritic({ ...values, scale: actionScale(actionSpace), soft: true });
    default:
      throw new TypeError(`'${(values as { readonly kind: string }).kind}' is not a rule that this version knows`);
  }
}

function generalValues(values: GeneralValues, actionSpace: Space) {
  return generalValueFunctions({ ...values, actionSpace, continuation: (input) => applyNetwork(values.continuation, input) });
}

type NetworkFunctions = ValueFunctions & Pick<NetworkDefinition, "rewards">;

function whole(pieces: readonly Value[]): Value {
  return pieces.length === 1 ? pieces[0] : concat(pieces, pieces[0].shape.length - 1);
}

function stateValueGraphs(identity: StateValueIdentity, values: Extract<SavedValues, { kind: "state-value-graphs" }>): Critic {
  const [state, policy, distribution] = [values.stateValues, values.policy, values.distribution].map(fromOnnx);
  return stateValuesFrom(identity, {
    policy: values.family,
    stateValueGraph: (observations) => inline(state, observations.graph, { observations }).values,
    policyGraph: (observations) => inline(policy, observations.graph, { observations }).actions,
    policyDistribution(observations) {
      const { actions, weights } = inline(distribution, observations.graph, { observations });
      return { actions, weights };
    },
  });
}

function numbered(space: Space): { readonly actions: number; readonly start: number } {
  if (space.kind !== "discrete") throw new TypeError(`a Q network of all actions needs Discrete actions, not a ${space.kind} space`);
  return { actions: space.n, start: space.start };
}
