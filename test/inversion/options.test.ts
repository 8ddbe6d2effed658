import { describe, expect, test } from "vitest";
import { MismatchError } from "../../src/base/mismatch-error.ts";
import { OptionError } from "../../src/base/options.ts";
import type { Critic } from "../../src/critics/critic.ts";
import { stateValueCritic } from "../../src/critics/state-value.ts";
import { slice } from "../../src/engine/index.ts";
import { liveSessions } from "../../src/engine/session.ts";
import { loadCritic } from "../../src/formats/load-critic.ts";
import { chooseSolver, type GivenOptions } from "../../src/inversion/check-options.ts";
import { inferDynamics } from "../../src/inversion/infer.ts";
import type { InferOptions } from "../../src/inversion/options.ts";
import { solvers } from "../../src/inversion/solvers.ts";
import { box, discrete } from "../../src/spaces/space.ts";
import { run } from "../cli/harness.ts";

/** Critics of every kind and form; `folders` are those that the command line can be given. */
const folders = {
  table: "zoo/FourRooms104-v0",
  network: "zoo/Pendulum-v1-sac",
  goal: "zoo/MountainCarGoal-v0-seed-0",
  coordinates: "zoo/ArmPickAndPlace-v0-seed-0",
} as const;

type Kind = keyof typeof folders | "state values" | "mixed" | "none";

const critics = new Map<string, Promise<Critic>>();
function load(kind: keyof typeof folders): Promise<Critic> {
  const known = critics.get(kind) ?? loadCritic(folders[kind]);
  critics.set(kind, known);
  return known;
}

const stateValues = stateValueCritic({
  name: "ppo planted",
  algorithm: "PPO",
  heads: [{ name: "V", critic: "ppo planted", discount: 0.9, rewardScale: 1, rewardOffset: 0 }],
  observationSpace: box([-1, -1], [1, 1]),
  actionSpace: discrete(2),
  stateValues: ([x]) => slice(x, 0, 1, 1),
  policy: { kind: "softmax", space: discrete(2), logits: ([x]) => x },
});

async function criticsOf(kind: Kind): Promise<readonly Critic[]> {
  if (kind === "none") return [];
  if (kind === "state values") return [stateValues];
  if (kind === "mixed") return [await load("table"), await load("network")];
  return [await load(kind)];
}

const samples = { n: 1, states: new Float64Array(2), actions: new Float64Array(1) };
const transitions = { ...samples, nextStates: new Float64Array(2) };
const takes =
  "inferDynamics takes coordinates, environment, epsilon, features, huber, kinematic, method, network, noise, onProgress, pointwise, reward, rewards, ridge, samples, seed, tabular, timeStep, transitions";
const structured =
  "state values, method 'amortised' with noise, method 'amortised' with transitions, method 'amortised' or method 'network'";
const known = "it is one of matching, projection, amortised, network, pointwise";

interface Case {
  readonly kind: Kind;
  readonly options: GivenOptions;
  /** The same on the command line, where it can be said there. */
  readonly words?: readonly string[];
  readonly says: string;
}

const unknown: readonly Case[] = [
  { kind: "network", options: { hubber: 1 }, says: `option 'hubber' is unknown: ${takes}` },
  { kind: "table", options: { sampels: 5 }, says: `option 'sampels' is unknown: ${takes}` },
  { kind: "goal", options: { learningRate: 0.1 }, says: `option 'learningRate' is unknown: ${takes}` },
  {
    kind: "network",
    options: { method: "amortized" },
    words: ["--method", "amortized"],
    says: `option 'method' (--method) is "amortized", which is unknown: ${known}`,
  },
  {
    kind: "table",
    options: { method: "guess" },
    words: ["--method", "guess"],
    says: `option 'method' (--method) is "guess", which is unknown: ${known}`,
  },
  { kind: "network", options: { method: 3 }, says: `option 'method' (--method) is 3, which is unknown: ${known}` },
  {
    kind: "table",
    options: { tabular: { tolerence: 1 } },
    says: "option 'tabular.tolerence' is unknown: 'tabular' takes rewards, weights, mask, candidates, noneAbove, tolerance, undetermined",
  },
  {
    kind: "network",
    options: { method: "network", network: { width: 3 } },
    says: "option 'network.width' is unknown: 'network' takes settings, start, members, steps, batch, rate, huber, sigma, decay, importance",
  },
  {
    kind: "network",
    options: { method: "pointwise", pointwise: { begin: 3 } },
    says: "option 'pointwise.begin' is unknown: 'pointwise' takes reach, starts, iterations, huber, seed, independence, noise",
  },
  { kind: "network", options: { method: "pointwise", pointwise: 3 }, says: "option 'pointwise' must be an object" },
];

const ofNetworks = "is for networks: a table is solved by its values alone";
const otherKind: readonly Case[] = [
  { kind: "table", options: { environment: "Pendulum-v1" }, says: `option 'environment' (--env) ${ofNetworks}` },
  { kind: "table", options: { samples: 5 }, words: ["--states", "5"], says: `option 'samples' (--states) ${ofNetworks}` },
  { kind: "table", options: { timeStep: 1 }, words: ["--time-step", "1"], says: `option 'timeStep' (--time-step) ${ofNetworks}` },
  { kind: "table", options: { noise: "linear" }, words: ["--noise", "linear"], says: `option 'noise' (--noise) ${ofNetworks}` },
  {
    kind: "table",
    options: { transitions },
    words: ["--transitions", "none.npz"],
    says: `option 'transitions' (--transitions) ${ofNetworks}`,
  },
  { kind: "table", options: { reward: -3 }, says: `option 'reward' (--reward) ${ofNetworks}` },
  { kind: "table", options: { rewards: "unknown" }, says: `option 'rewards' (--reward) ${ofNetworks}` },
  { kind: "table", options: { epsilon: 0.9 }, says: `option 'epsilon' ${ofNetworks}` },
  { kind: "table", options: { huber: 9 }, says: `option 'huber' ${ofNetworks}` },
  { kind: "table", options: { features: "chebyshev" }, says: `option 'features' ${ofNetworks}` },
  { kind: "table", options: { kinematic: true }, says: `option 'kinematic' ${ofNetworks}` },
  { kind: "table", options: { pointwise: { starts: 9 } }, says: `option 'pointwise' ${ofNetworks}` },
  { kind: "table", options: { method: "projection", network: { members: 7 } }, says: `option 'network' ${ofNetworks}` },
  {
    kind: "network",
    options: { tabular: { tolerance: 1 } },
    says: "option 'tabular' is for tables: networks are asked at states of a region",
  },
  {
    kind: "table",
    options: { method: "pointwise" },
    words: ["--method", "pointwise"],
    says: "method 'pointwise' is for networks; a table takes matching or projection",
  },
  {
    kind: "network",
    options: { method: "matching" },
    words: ["--method", "matching"],
    says: "method 'matching' is for tables; a network takes amortised, network or pointwise",
  },
  {
    kind: "goal",
    options: { method: "projection" },
    words: ["--method", "projection"],
    says: "method 'projection' is for tables; a network takes amortised, network or pointwise",
  },
  {
    kind: "state values",
    options: { method: "pointwise" },
    says: "state values (PPO) say nothing of one action alone: method 'pointwise' needs action values, use amortised",
  },
  {
    kind: "state values",
    options: { method: "network" },
    says: "state values (PPO) say nothing of one action alone: method 'network' needs action values, use amortised",
  },
  { kind: "state values", options: { rewards: "unknown" }, says: "state values average the reward away: they need to know it" },
  { kind: "mixed", options: {}, says: "tables and networks cannot be inverted together" },
  { kind: "none", options: {}, says: "inferDynamics needs a critic" },
];

const idle: readonly Case[] = [
  {
    kind: "network",
    options: { method: "pointwise", timeStep: 1 },
    words: ["--method", "pointwise", "--time-step", "1"],
    says: `option 'timeStep' (--time-step) is not used by method 'pointwise': it is for state values, method 'amortised' with noise, critics of sparse goals, method 'amortised' with transitions or method 'amortised'`,
  },
  {
    kind: "network",
    options: { method: "network", timeStep: 1 },
    words: ["--method", "network", "--time-step", "1"],
    says: `option 'timeStep' (--time-step) is not used by method 'network': it is for state values, method 'amortised' with noise, critics of sparse goals, method 'amortised' with transitions or method 'amortised'`,
  },
  {
    kind: "network",
    options: { method: "pointwise", transitions },
    words: ["--method", "pointwise", "--transitions", "none.npz"],
    says: "option 'transitions' (--transitions) is not used by method 'pointwise': it is for method 'amortised' with transitions",
  },
  {
    kind: "network",
    options: { method: "network", transitions },
    words: ["--method", "network", "--transitions", "none.npz"],
    says: "option 'transitions' (--transitions) is not used by method 'network': it is for method 'amortised' with transitions",
  },
  {
    kind: "network",
    options: { method: "network", noise: "constant" },
    words: ["--method", "network", "--noise", "constant"],
    says: "option 'noise' (--noise) is not used by method 'network': it is for method 'amortised' or 'pointwise'",
  },
  {
    kind: "network",
    options: { noise: "constant", transitions },
    words: ["--noise", "constant", "--transitions", "none.npz"],
    says: "option 'transitions' (--transitions) is not used by method 'amortised' with noise: it is for method 'amortised' with transitions",
  },
  {
    kind: "network",
    options: { method: "pointwise", huber: 2 },
    says: `option 'huber' is not used by method 'pointwise': it is for ${structured}`,
  },
  {
    kind: "network",
    options: { network: { steps: 3 } },
    says: "option 'network' is not used by method 'amortised': it is for a critic of coordinates or method 'network'",
  },
  {
    kind: "network",
    options: { method: "amortised", pointwise: { starts: 2 } },
    says: "option 'pointwise' is not used by method 'amortised': it is for method 'pointwise' with noise or method 'pointwise'",
  },
  {
    kind: "goal",
    options: { transitions },
    words: ["--transitions", "none.npz"],
    says: "option 'transitions' (--transitions) is not used by critics of sparse goals: it is for method 'amortised' with transitions",
  },
  { kind: "goal", options: { huber: 2 }, says: `option 'huber' is not used by critics of sparse goals: it is for ${structured}` },
  { kind: "goal", options: { ridge: 2 }, says: `option 'ridge' is not used by critics of sparse goals: it is for ${structured}` },
  {
    kind: "coordinates",
    options: { timeStep: 0.1 },
    words: ["--time-step", "0.1"],
    says: `option 'timeStep' (--time-step) is not used by a critic of coordinates: it is for state values, method 'amortised' with noise, critics of sparse goals, method 'amortised' with transitions or method 'amortised'`,
  },
  {
    kind: "coordinates",
    options: { transitions },
    words: ["--transitions", "none.npz"],
    says: "option 'transitions' (--transitions) is not used by a critic of coordinates: it is for method 'amortised' with transitions",
  },
  { kind: "coordinates", options: { ridge: 1 }, says: `option 'ridge' is not used by a critic of coordinates: it is for ${structured}` },
  {
    kind: "state values",
    options: { noise: "constant" },
    says: "option 'noise' (--noise) is not used by state values: it is for method 'amortised' with noise or method 'pointwise' with noise",
  },
  {
    kind: "state values",
    options: { transitions },
    says: "option 'transitions' (--transitions) is not used by state values: it is for method 'amortised' with transitions",
  },
  {
    kind: "table",
    options: { tabular: { undetermined: "fewest" } },
    says: "option 'tabular.undetermined' is not used by method 'matching'",
  },
  {
    kind: "table",
    options: { method: "projection", tabular: { tolerance: 0.1 } },
    says: "option 'tabular.tolerance' is not used by method 'projection'",
  },
  {
    kind: "network",
    options: { reward: 1, rewards: "unknown" },
    says: "options 'reward' and 'rewards' (--reward) exclude each other: give one of them",
  },
  {
    kind: "goal",
    options: { reward: -1 },
    words: ["--reward", "-1"],
    says: "option 'reward' (--reward) is not used: the heads of steps-to-go MountainCarGoal-v0 have rewards of their own",
  },
  { kind: "network", options: { samples, epsilon: 0.5 }, says: "option 'epsilon' is not used: the states are given by 'samples'" },
  { kind: "network", options: { epsilon: 0.5 }, says: "option 'epsilon' is not used: without an environment no state is visited" },
  {
    kind: "goal",
    options: { environment: "MountainCarGoal-v0", epsilon: 0.5 },
    says: "option 'epsilon' is not used: critics of sparse goals are asked where episodes start",
  },
  {
    kind: "network",
    options: { kinematic: false, timeStep: 1 },
    says: "option 'timeStep' (--time-step) is not used where 'kinematic' is false",
  },
];

const outOfRange: readonly Case[] = [
  { kind: "network", options: { timeStep: Number.NaN }, says: "option 'timeStep' (--time-step) must be a number above 0, got NaN" },
  { kind: "network", options: { environment: "Pendulum-v1", epsilon: 3 }, says: "option 'epsilon' must be a share from 0 to 1, got 3" },
  { kind: "network", options: { huber: 0 }, says: "option 'huber' must be above 0, got 0" },
  { kind: "network", options: { ridge: -1 }, says: "option 'ridge' must be 0 or above, got -1" },
  { kind: "network", options: { samples: 1.5 }, says: "option 'samples' (--states) must be a positive integer, got 1.5" },
  { kind: "network", options: { kinematic: "yes" }, says: `option 'kinematic' must be auto, true or false, got "yes"` },
  {
    kind: "network",
    options: { features: "cubic" },
    says: `option 'features' must be one of auto, linear, quadratic, additive, chebyshev, got "cubic"`,
  },
  {
    kind: "network",
    options: { noise: "white" },
    words: ["--noise", "white"],
    says: `option 'noise' (--noise) must be constant or linear, got "white"`,
  },
  { kind: "network", options: { reward: Number.POSITIVE_INFINITY }, says: "option 'reward' (--reward) must be a number, got Infinity" },
  { kind: "network", options: { seed: 0.5 }, says: "option 'seed' (--seed) must be a whole number, got 0.5" },
];

describe.each([
  ["unknown", unknown],
  ["of another kind of critic", otherKind],
  ["idle", idle],
  ["out of range", outOfRange],
] as const)("options %s are refused", (_, cases) => {
  test.each(cases)("$kind: $says", async ({ kind, options, words, says }) => {
    const before = liveSessions();
    const refused = inferDynamics(await criticsOf(kind), options as InferOptions);
    await expect(refused).rejects.toThrow(says);
    const error = await refused.catch((reason: unknown) => reason);
    expect(error instanceof OptionError || error instanceof MismatchError).toBe(true);
    expect((error as Error).message).toBe(says);
    expect(liveSessions()).toBe(before);
    if (!words) return;
    const ran = await run("infer", folders[kind as keyof typeof folders], ...words, "--quiet", "--json");
    expect(ran.code).toBe(2);
    expect(JSON.parse(ran.out).error).toMatchObject({ name: "UsageError", message: says });
  });
});

test("more than 40 cases, and every solver takes what it says it takes", async () => {
  expect(unknown.length + otherKind.length + idle.length + outOfRange.length).toBeGreaterThanOrEqual(40);
  expect(new Set(solvers.map(({ name }) => name)).size).toBe(solvers.length);
});

test.each([
  ["table", {}, "method 'matching'"],
  ["table", { method: "projection", tabular: { undetermined: "fewest" } }, "method 'projection'"],
  ["network", { samples: 5, seed: 1 }, "method 'amortised'"],
  ["network", { environment: "Pendulum-v1", epsilon: 0.1, huber: 3, ridge: 1, kinematic: true, timeStep: 1 }, "method 'amortised'"],
  ["network", { method: "network", network: { steps: 3 } }, "method 'network'"],
  ["network", { method: "pointwise", pointwise: { starts: 2 } }, "method 'pointwise'"],
  ["network", { method: "pointwise", noise: "constant" }, "method 'pointwise' with noise"],
  ["network", { noise: "linear" }, "method 'amortised' with noise"],
  ["network", { transitions }, "method 'amortised' with transitions"],
  ["goal", { timeStep: 1 }, "critics of sparse goals"],
  ["goal", { method: "pointwise" }, "method 'pointwise'"],
  ["coordinates", { network: { steps: 3 } }, "a critic of coordinates"],
  ["coordinates", { method: "pointwise" }, "method 'pointwise'"],
  ["state values", { timeStep: 0.1 }, "state values"],
] as const)("%s with %j is solved by %s", async (kind, options, name) => {
  expect(chooseSolver(await criticsOf(kind), options).solver.name).toBe(name);
});
