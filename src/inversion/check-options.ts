import { MismatchError } from "../base/mismatch-error.ts";
import { OptionError } from "../base/options.ts";
import type { Critic, NetworkCritic, StateValueCritic, TabularCritic } from "../critics/critic.ts";
import { featureKinds } from "../world-model/features.ts";
import { continuousMethods, type Method, methods, tabularMethods } from "./options.ts";
import { type ContinuousSolver, continuousSolver, type Solver, solvers, type TabularSolver, tabularSolver } from "./solvers.ts";

/** Options of every solver of a kind. */
const common = {
  tabular: ["method", "seed", "onProgress"],
  continuous: ["method", "seed", "onProgress", "environment", "samples", "epsilon", "reward", "rewards", "coordinates"],
} as const;

/** How the command line spells an option. */
const flags: Readonly<Record<string, string>> = {
  method: "--method",
  samples: "--states",
  reward: "--reward",
  rewards: "--reward",
  timeStep: "--time-step",
  noise: "--noise",
  transitions: "--transitions",
  environment: "--env",
  seed: "--seed",
};

const parts = {
  network: ["settings", "start", "members", "steps", "batch", "rate", "huber", "sigma", "decay", "importance"],
  pointwise: ["reach", "starts", "iterations", "huber", "seed", "independence", "noise"],
} as const;

/** Options as the caller gave them: names are not known to be right. */
export type GivenOptions = Readonly<Record<string, unknown>>;

/** Critics by kind, and the solver that the options mean. */
export type Chosen =
  | { readonly kind: "tabular"; readonly critics: readonly TabularCritic[]; readonly solver: TabularSolver }
  | {
      readonly kind: "continuous";
      readonly networks: readonly NetworkCritic[];
      readonly stateValues: readonly StateValueCritic[];
      readonly solver: ContinuousSolver;
    };

/**
 * Which solver critics and options mean. The library and the command line ask here, so that both refuse with the same sentence.
 * An option that is undefined counts as not given.
 * @throws OptionError for an option that is unknown, out of its range, or not used by that solver
 * @throws MismatchError where critics and method do not belong together
 */
export function chooseSolver(critics: readonly Critic[], options: GivenOptions): Chosen {
  if (critics.length === 0) throw new MismatchError("inferDynamics needs a critic");
  const given = Object.keys(options).filter((name) => options[name] !== undefined);
  for (const name of given) checkKnown(name);
  const tables = critics.filter((critic): critic is TabularCritic => critic.kind === "tabular");
  const networks = critics.filter((critic): critic is NetworkCritic => critic.kind === "network");
  const stateValues = critics.filter((critic): critic is StateValueCritic => critic.kind === "state-values");
  if (tables.length > 0 && tables.length < critics.length) throw new MismatchError("tables and networks cannot be inverted together");
  const method = methodOf(options.method);
  if (tables.length > 0) {
    const solver = tabularSolver(method);
    if (!solver) throw new MismatchError(`method '${method}' is for networks; a table takes ${listed(tabularMethods)}`);
    checkUsed(given, solver);
    checkParts("tabular", options.tabular, allParts, solver.parts, solver.name);
    return { kind: "tabular", critics: tables, solver };
  }
  if (tabularMethods.some((name) => name === method))
    throw new MismatchError(`method '${method}' is for tables; a network takes ${listed(continuousMethods)}`);
  checkStateValues(stateValues, method, options);
  if (options.noise !== undefined && method === "network")
    throw new OptionError(`${label("noise")} is not used by method 'network': it is for method 'amortised' or 'pointwise'`, {
      field: "noise",
    });
  const solver = continuousSolver(networks, stateValues, { ...options, method });
  checkUsed(given, solver);
  checkRewards(networks, stateValues, options);
  checkEpsilon(solver, options);
  checkValues(options);
  checkParts("network", options.network, parts.network, parts.network, solver.name);
  checkParts("pointwise", options.pointwise, parts.pointwise, parts.pointwise, solver.name);
  return { kind: "continuous", networks, stateValues, solver };
}

const every = [...new Set([...common.continuous, ...common.tabular, ...solvers.flatMap(({ options }) => options)])].sort();
const allParts = [...new Set(solvers.flatMap((solver) => (solver.kind === "tabular" ? solver.parts : [])))];

function label(name: string): string {
  return name in flags ? `option '${name}' (${flags[name]})` : `option '${name}'`;
}

function checkKnown(name: string): void {
  if (every.includes(name)) return;
  throw new OptionError(`option '${name}' is unknown: inferDynamics takes ${every.join(", ")}`, { field: name });
}

function methodOf(method: unknown): Method | undefined {
  if (method === undefined) return undefined;
  const found = methods.find((name) => name === method);
  if (!found)
    throw new OptionError(`${label("method")} is ${JSON.stringify(method)}, which is unknown: it is one of ${methods.join(", ")}`, {
      field: "method",
    });
  return found;
}

/** Every given option must be one that the solver looks at. */
function checkUsed(given: readonly string[], solver: Solver): void {
  const known: readonly string[] = [...common[solver.kind], ...solver.options];
  const idle = given.find((name) => !known.includes(name));
  if (idle === undefined) return;
  const refuse = (why: string) => new OptionError(`${label(idle)} ${why}`, { field: idle });
  const kinds = new Set(solvers.filter((other) => [...common[other.kind], ...other.options].includes(idle)).map(({ kind }) => kind));
  if (!kinds.has(solver.kind))
    throw refuse(
      solver.kind === "tabular"
        ? "is for networks: a table is solved by its values alone"
        : "is for tables: networks are asked at states of a region",
    );
  const takers = solvers.filter(({ options }) => options.includes(idle)).map(({ name }) => name);
  throw refuse(`is not used by ${solver.name}: it is for ${listed(takers)}`);
}

function listed(names: readonly string[]): string {
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} or ${names.at(-1)}`;
}

function checkParts(option: string, given: unknown, known: readonly string[], used: readonly string[], solver: string): void {
  if (given === undefined) return;
  if (typeof given !== "object" || given === null) throw new OptionError(`option '${option}' must be an object`, { field: option });
  for (const [name, value] of Object.entries(given)) {
    const field = `${option}.${name}`;
    if (value === undefined) continue;
    if (!known.includes(name)) throw new OptionError(`option '${field}' is unknown: '${option}' takes ${known.join(", ")}`, { field });
    if (!used.includes(name)) throw new OptionError(`option '${field}' is not used by ${solver}`, { field });
  }
}

function checkStateValues(critics: readonly StateValueCritic[], method: Method | undefined, { rewards }: GivenOptions): void {
  if (critics.length === 0) return;
  if (method !== undefined && method !== "amortised")
    throw new MismatchError(
      `state values (${critics[0].algorithm}) say nothing of one action alone: method '${method}' needs action values, use amortised`,
    );
  if (rewards === "unknown") throw new MismatchError("state values average the reward away: they need to know it");
}

/** A reward is given once, and to heads that have none of their own. */
function checkRewards(networks: readonly NetworkCritic[], stateValues: readonly StateValueCritic[], options: GivenOptions): void {
  const { reward, rewards } = options;
  if (reward !== undefined && rewards !== undefined)
    throw new OptionError("options 'reward' and 'rewards' (--reward) exclude each other: give one of them", { field: "reward" });
  const name = reward !== undefined ? "reward" : "rewards";
  if (options[name] === undefined || rewards === "unknown" || stateValues.length > 0) return;
  const own = networks.every((critic) => critic.form !== "values" || (critic.rewardGraph && critic.heads.every((head) => head.cumulant)));
  if (!own) return;
  throw new OptionError(`${label(name)} is not used: the heads of ${networks[0].name} have rewards of their own`, { field: name });
}

/** States that are not visited with a policy need no share of random actions. */
function checkEpsilon(solver: ContinuousSolver, { epsilon, samples, environment }: GivenOptions): void {
  if (epsilon === undefined) return;
  const refuse = (why: string) => new OptionError(`option 'epsilon' is not used: ${why}`, { field: "epsilon" });
  if (typeof samples === "object") throw refuse("the states are given by 'samples'");
  if (environment === undefined) throw refuse("without an environment no state is visited");
  if (solver.from === "starts") throw refuse(`${solver.name} are asked where episodes start`);
}

function checkValues(options: GivenOptions): void {
  const { timeStep, epsilon, huber, ridge, samples, kinematic, features, noise, reward, seed } = options;
  const check = (name: string, value: unknown, right: boolean, expected: string) => {
    if (value !== undefined && !right) throw new OptionError(`${label(name)} must be ${expected}, got ${shown(value)}`, { field: name });
  };
  const number = (value: unknown): value is number => typeof value === "number" && !Number.isNaN(value);
  check("timeStep", timeStep, number(timeStep) && timeStep > 0 && Number.isFinite(timeStep), "a number above 0");
  check("epsilon", epsilon, number(epsilon) && epsilon >= 0 && epsilon <= 1, "a share from 0 to 1");
  check("huber", huber, number(huber) && huber > 0, "above 0");
  check("ridge", ridge, number(ridge) && ridge >= 0, "0 or above");
  check("reward", reward, number(reward) && Number.isFinite(reward), "a number");
  check("seed", seed, Number.isInteger(seed), "a whole number");
  if (typeof samples !== "object") check("samples", samples, Number.isInteger(samples) && Number(samples) > 0, "a positive integer");
  check("kinematic", kinematic, kinematic === "auto" || typeof kinematic === "boolean", "auto, true or false");
  check("features", features, ["auto", ...featureKinds].includes(String(features)), `one of auto, ${featureKinds.join(", ")}`);
  check("noise", noise, noise === "constant" || noise === "linear", "constant or linear");
  if (timeStep !== undefined && kinematic === false)
    throw new OptionError(`${label("timeStep")} is not used where 'kinematic' is false`, { field: "timeStep" });
}

function shown(value: unknown): string {
  return typeof value === "number" ? String(value) : JSON.stringify(value);
}
