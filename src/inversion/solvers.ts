import type { NetworkCritic, StateValueCritic, TabularCritic } from "../critics/critic.ts";
import type { TabularWorldModel } from "../world-model/world-model.ts";
import { solveByPairs } from "./continuous/solve-by-pairs.ts";
import { solveCoordinates } from "./continuous/solve-coordinates.ts";
import { solveNetwork } from "./continuous/solve-network.ts";
import { solveStateValues } from "./continuous/solve-state-values.ts";
import { solveStructured } from "./continuous/solve-structured.ts";
import { solveWithTransitions } from "./continuous/solve-with-transitions.ts";
import { defaults } from "./defaults.ts";
import { solveHybrid } from "./hybrid/solve-hybrid.ts";
import { solveNoise, solveNoiseByPairs } from "./noise/solve-gaussian.ts";
import type { Method } from "./options.ts";
import type { Problem, Solved } from "./solver.ts";
import { solveTable, type TableSettings } from "./tabular/solve-table.ts";

/** What decides which solver is meant. */
export interface Asked {
  readonly critics: readonly NetworkCritic[];
  readonly stateValues: readonly StateValueCritic[];
  readonly method?: Method;
  /** Whether noise and real transitions are given. */
  readonly noise: boolean;
  readonly transitions: boolean;
}

interface Entry {
  /** In messages: "option 'huber' is not used by NAME". */
  readonly name: string;
  /** Options that it looks at, beside those of all solvers of its kind. */
  readonly options: readonly string[];
}

export interface TabularSolver extends Entry {
  readonly kind: "tabular";
  applies(method: Method | undefined): boolean;
  /** Parts of the option `tabular` that it looks at. */
  readonly parts: readonly string[];
  solve(critic: TabularCritic, settings: TableSettings): Promise<TabularWorldModel>;
}

export interface ContinuousSolver extends Entry {
  readonly kind: "continuous";
  applies(asked: Asked): boolean;
  /** States that are asked about where the caller gives no number. */
  readonly samples: number;
  /** Where they are: visited by the critic's policy, or where episodes start (a sparse critic is silent where its policy leads). */
  readonly from: "policy" | "starts";
  solve(problem: Problem): Promise<Solved>;
}

export type Solver = TabularSolver | ContinuousSolver;

const { samples } = defaults.visiting;
const structure = ["kinematic", "features", "huber", "ridge", "timeStep"];
const ofTables = ["rewards", "weights", "mask", "candidates", "noneAbove"];
const amortised = (method: Method | undefined) => method === undefined || method === "amortised";

const tabular: readonly TabularSolver[] = [
  {
    kind: "tabular",
    name: "method 'matching'",
    applies: (method) => method === undefined || method === "matching",
    options: ["tabular"],
    parts: [...ofTables, "tolerance"],
    solve: solveTable("matching"),
  },
  {
    kind: "tabular",
    name: "method 'projection'",
    applies: (method) => method === "projection",
    options: ["tabular"],
    parts: [...ofTables, "undetermined"],
    solve: solveTable("projection"),
  },
];

const continuous: readonly ContinuousSolver[] = [
  {
    kind: "continuous",
    name: "state values",
    applies: ({ stateValues, method }) => stateValues.length > 0 && amortised(method),
    samples,
    from: "policy",
    options: structure,
    solve: (problem) => solveStateValues(problem, (rest) => continuousSolver(rest.critics, [], rest.settings).solve(rest)),
  },
  {
    kind: "continuous",
    name: "method 'amortised' with noise",
    applies: ({ noise, method }) => noise && amortised(method),
    samples,
    from: "policy",
    options: [...structure, "noise"],
    solve: solveNoise,
  },
  {
    kind: "continuous",
    name: "method 'pointwise' with noise",
    applies: ({ noise, method }) => noise && method === "pointwise",
    samples,
    from: "policy",
    options: ["pointwise", "noise"],
    solve: solveNoiseByPairs,
  },
  {
    kind: "continuous",
    name: "a critic of coordinates",
    applies: ({ critics, method }) => critics.length === 1 && critics[0].form === "coordinates" && method !== "pointwise",
    samples: 100_000,
    from: "policy",
    options: ["network"],
    solve: solveCoordinates,
  },
  {
    kind: "continuous",
    name: "critics of sparse goals",
    applies: ({ critics, method }) => critics.every(({ form }) => form === "steps-to-go") && amortised(method),
    samples: 30_000,
    from: "starts",
    options: ["kinematic", "features", "timeStep"],
    solve: solveHybrid,
  },
  {
    kind: "continuous",
    name: "method 'amortised' with transitions",
    applies: ({ transitions, method }) => transitions && amortised(method),
    samples,
    from: "policy",
    options: [...structure, "transitions"],
    solve: solveWithTransitions,
  },
  {
    kind: "continuous",
    name: "method 'amortised'",
    applies: ({ method }) => amortised(method),
    samples,
    from: "policy",
    options: structure,
    solve: solveStructured,
  },
  {
    kind: "continuous",
    name: "method 'network'",
    applies: ({ method }) => method === "network",
    samples,
    from: "policy",
    options: ["kinematic", "features", "huber", "ridge", "network"],
    solve: solveNetwork,
  },
  {
    kind: "continuous",
    name: "method 'pointwise'",
    applies: ({ method }) => method === "pointwise",
    samples,
    from: "policy",
    options: ["pointwise"],
    solve: solveByPairs,
  },
];

/** Every solver, the more special before the more general of its kind: the first that applies is taken. */
export const solvers: readonly Solver[] = [...tabular, ...continuous];

export function tabularSolver(method?: Method): TabularSolver | undefined {
  return tabular.find((entry) => entry.applies(method));
}

export function continuousSolver(
  critics: readonly NetworkCritic[],
  stateValues: readonly StateValueCritic[],
  { method, noise, transitions }: { readonly method?: Method; readonly noise?: unknown; readonly transitions?: unknown },
): ContinuousSolver {
  const asked = { critics, stateValues, method, noise: noise !== undefined, transitions: transitions !== undefined };
  const found = continuous.find((entry) => entry.applies(asked));
  if (!found) throw new TypeError(`no solver of networks is called '${method}'`);
  return found;
}
