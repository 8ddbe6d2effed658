import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { VinverseError } from "../../src/base/error.ts";
import { make } from "../../src/environments/make.ts";
import { saveCritic } from "../../src/formats/critic-folder.ts";
import { loadCritic } from "../../src/formats/load-critic.ts";
import { inferDynamics } from "../../src/inversion/infer.ts";
import { learners } from "../../src/learning/learners.ts";
import { type NetworkTraining, type TableTraining, train } from "../../src/learning/train.ts";

const folder = mkdtempSync(join(tmpdir(), "vinverse-train-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** An answer, or a refusal in words: a native error would be neither. */
async function answered(inferring: Promise<unknown>): Promise<void> {
  const found = await inferring.catch((error: unknown) => error);
  if (found instanceof Error) expect(found).toBeInstanceOf(VinverseError);
  else expect(found).toHaveProperty("model");
}

const short = { seed: 1, steps: 200, learningStarts: 60, batchSize: 16, hidden: [8] };
const goals = [{ indices: [0], target: [0.5], radius: 0.1 }];
const phases = [
  { kind: "slow", updates: 20, learningRate: 1e-3, batchSize: 16 },
  { kind: "residual", updates: 20, learningRate: 1e-3, batchSize: 16 },
] as const;
const networks: readonly (readonly [environment: string, options: NetworkTraining])[] = [
  ["MountainCar-v0", { algorithm: "dqn", ...short }],
  ["MountainCar-v0", { algorithm: "dqn", ...short, identifiable: true }],
  ["MountainCar-v0", { algorithm: "qr-dqn", ...short, quantiles: 4 }],
  ["MountainCarContinuous-v0", { algorithm: "sac", ...short }],
  ["MountainCarContinuous-v0", { algorithm: "td3", ...short }],
  ["MountainCarContinuous-v0", { algorithm: "ddpg", ...short }],
  ["MountainCar-v0", { algorithm: "gvf", seed: 1, cumulants: 3, hidden: [8], transitions: 300, targetSteps: 20, residualSteps: 20 }],
  ["MountainCar-v0", { algorithm: "steps-to-go", seed: 1, hidden: [8], phases, goals }],
  ["MountainCarGoal-v0", { algorithm: "steps-to-go", seed: 1, hidden: [8], phases }],
  ["MountainCarContinuous-v0", { algorithm: "coordinate-values", seed: 1, hidden: [8], transitions: 400, updates: 40, batchSize: 16 }],
];
const tables: readonly TableTraining[] = [
  { algorithm: "q-learning", seed: 1, steps: 2000 },
  { algorithm: "sarsa", seed: 1, steps: 2000 },
  { algorithm: "value-iteration", seed: 1, identifiable: true },
];

describe("every learner is trained in one way, and what it gives can be inverted and saved", () => {
  test("none is left out", () => {
    const tried = new Set([...networks.map(([, { algorithm }]) => algorithm), ...tables.map(({ algorithm }) => algorithm)]);
    expect([...tried].sort()).toEqual(Object.keys(learners).sort());
  });

  test.each(networks)("%s by $1.algorithm", async (id, options) => {
    const { critic, algorithm } = await train(id, options);
    expect(algorithm).toBe(options.algorithm);
    await answered(inferDynamics(critic, { environment: make(id), samples: 20, seed: 1 }));
    const place = join(folder, `${id} ${options.algorithm}`);
    await saveCritic(place, critic);
    const loaded = await loadCritic(place);
    const { observation } = make(id).reset({ seed: 3 });
    const states = Float64Array.from(observation as Float64Array);
    expect(await loaded.stateValues(states)).toEqual(await critic.stateValues(states));
  });

  test.each(tables)("FourRooms by $algorithm", async (options) => {
    const { critic } = await train("FourRooms-v0", options);
    await answered(inferDynamics(critic));
    const place = join(folder, options.algorithm);
    await saveCritic(place, critic);
    expect(await loadCritic(place)).toMatchObject({ kind: "tabular", q: critic.q });
  });

  test("an environment of one's own is given as what makes a copy", async () => {
    const { critic } = await train(() => make("MountainCar-v0", { force: 0.0015 }), { algorithm: "dqn", ...short });
    expect(critic.environment).toBe("MountainCar-v0");
  });
});

describe("what does not belong together is said", () => {
  test.each([
    ["CartPole-v1", { algorithm: "q-learning", seed: 1 }, "CartPole-v1 has no tables of states and actions; q-learning needs them"],
    [
      "CartPole-v1",
      { algorithm: "coordinate-values", seed: 1 },
      "coordinate-values needs coordinates and Box actions, which CartPole-v1 has not",
    ],
    ["CartPole-v1", { algorithm: "steps-to-go", seed: 1 }, "steps-to-go of CartPole-v1 needs goals"],
    ["Pendulum-v1", { algorithm: "dqn", ...short }, "DQN chooses among Discrete actions; Pendulum-v1 acts in a Box: use sac or td3"],
  ] as const)("%s, %o", async (id, options, sentence) => {
    await expect(train(id, options as NetworkTraining)).rejects.toThrow(sentence);
  });

  test("an option of another learner, and a learner that there is not", async () => {
    const given = { algorithm: "gvf", seed: 1, tau: 0.1 } as NetworkTraining;
    await expect(train("MountainCar-v0", given)).rejects.toThrow("gvf takes no tau; it takes cumulants, discounts, bandwidth, policy");
    const none = { algorithm: "ppo", seed: 1 } as unknown as NetworkTraining;
    await expect(train("MountainCar-v0", none)).rejects.toThrow("there is no learner 'ppo'; there are ddpg, dqn");
  });
});
