import { expect, test } from "vitest";
import { flagOf, OptionError } from "../../src/base/options.ts";
import { oldOptions, refuseForeign, type TrainCommandOptions } from "../../src/cli/parts/train-settings.ts";
import { algorithms } from "../../src/learning/deep/algorithms.ts";
import { dqn } from "../../src/learning/deep/dqn.ts";
import { qrDqn } from "../../src/learning/deep/qr-dqn.ts";
import { sac } from "../../src/learning/deep/sac.ts";
import { ddpg, td3 } from "../../src/learning/deep/td3.ts";
import { inTodaysNames, renamedOptions } from "../../src/learning/renamed-options.ts";

const box = "Pendulum-v1";
const discrete = "CartPole-v1";
const OFF_POLICY =
  "activation, batchSize, bufferSize, discount, finalLearningRate, hidden, layerNorm, learningRate, learningStarts, nSampledGoal, nSteps, numEnvs, onBatch";

test.each(Object.entries(renamedOptions))("%s of 0.1.0 is refused with its new name, %s, by every learner", async (old, now) => {
  for (const [name, { create }] of Object.entries(algorithms)) {
    const created = create(name.includes("dqn") ? discrete : box, { seed: 0, steps: 100, [old]: 1 });
    await expect(created).rejects.toThrow(new OptionError(`${old} is now ${now}`));
  }
});

test.each([
  [
    "sac",
    "explorationFraction",
    `sac takes no explorationFraction; it takes seed, steps, ${OFF_POLICY}, persistence, tau, temperature, threads, updatesPerStep`,
  ],
  [
    "sac",
    "quantiles",
    `sac takes no quantiles; it takes seed, steps, ${OFF_POLICY}, persistence, tau, temperature, threads, updatesPerStep`,
  ],
  [
    "td3",
    "temperature",
    "td3 takes no temperature; it takes seed, steps, activation, batchSize, bufferSize, critics, discount, explorationNoise",
  ],
  [
    "ddpg",
    "persistence",
    "ddpg takes no persistence; it takes seed, steps, activation, batchSize, bufferSize, critics, discount, explorationNoise",
  ],
  [
    "dqn",
    "quantiles",
    "dqn takes no quantiles; it takes seed, steps, activation, batchSize, bufferSize, discount, explorationFinalEps, explorationFraction",
  ],
  [
    "dqn",
    "policyDelay",
    "dqn takes no policyDelay; it takes seed, steps, activation, batchSize, bufferSize, discount, explorationFinalEps",
  ],
  ["qr-dqn", "nstep", "qr-dqn takes no nstep; it takes seed, steps, activation, batchSize, bufferSize, discount, explorationFinalEps"],
] as const)("%s refuses %s, and lists what it takes", async (name, option, sentence) => {
  const created = algorithms[name].create(name.includes("dqn") ? discrete : box, { seed: 0, steps: 100, [option]: 1 });
  await expect(created).rejects.toThrow(OptionError);
  await expect(algorithms[name].create(discrete, { seed: 0, steps: 100, [option]: 1 })).rejects.toThrow(sentence);
});

test("a learner that is called directly checks its options as `train` does, under its own name", async () => {
  for (const [name, learner] of Object.entries({ dqn, sac, td3, ddpg, "qr-dqn": qrDqn })) {
    const place = name.includes("dqn") ? discrete : box;
    const options = { seed: 0, steps: 100 };
    const renamed = { ...options, copies: 2 };
    await expect(learner(place, renamed)).rejects.toThrow(new OptionError("copies is now numEnvs"));
    const unknown = { ...options, learningrate: 1e-3 };
    const { message } = await algorithms[name].create(place, unknown).then(
      () => new Error("nothing was refused"),
      (error: Error) => error,
    );
    expect(message).toMatch(new RegExp(`^${name} takes no learningrate; it takes seed, steps, activation, `));
    await expect(learner(place, unknown)).rejects.toThrow(new OptionError(message));
  }
});

const asked = (algorithm: string, more: Readonly<Record<string, unknown>>): TrainCommandOptions =>
  ({ env: "X", algorithm, out: "x", seed: 0, json: false, ...more }) as TrainCommandOptions;

test("the command knows the old names of what it takes, and names no option that it has not", () => {
  expect([...oldOptions].sort()).toEqual([
    "capacity",
    "copies",
    "explorationPart",
    "lastEpsilon",
    "lookahead",
    "normalised",
    "rate",
    "relabel",
    "targetRate",
  ]);
});

test.each(oldOptions.map((old) => [old, renamedOptions[old]]))("the command says the same of --%s", (old, now) => {
  for (const algorithm of ["dqn", "gvf", "sarsa"])
    expect(() => refuseForeign(asked(algorithm, { [old]: "3" }))).toThrow(`${flagOf(old)} is now ${flagOf(now)}`);
});

test.each([
  ["value-iteration", "steps", "value-iteration takes no --steps; it takes --discount, --goals, --identifiable"],
  ["q-learning", "nSteps", "q-learning takes no --n-steps; it takes --steps, --discount, --goals, --identifiable"],
  ["sarsa", "policy", "sarsa takes no --policy; it takes --steps, --discount, --goals, --identifiable"],
  ["gvf", "tau", "gvf takes no --tau; it takes --policy, --transitions, --target-steps, --residual-steps, --starts, --horizon, --hidden"],
  [
    "sac",
    "explorationFinalEps",
    "sac takes no --exploration-final-eps; it takes --steps, --enough, --identifiable, --n-sampled-goal, --hidden",
  ],
  ["td3", "goals", "td3 takes no --goals; it takes --steps, --enough, --identifiable, --n-sampled-goal, --hidden"],
  ["dqn", "starts", "--starts is now --learning-starts"],
] as const)("the command refuses %s with %s", (algorithm, option, sentence) => {
  expect(() => refuseForeign(asked(algorithm, { [option]: 1 }))).toThrow(sentence);
});

test("a configuration of 0.1.0 is read in today's names; first states keep theirs", () => {
  const kept = {
    environment: discrete,
    starts: "uniform",
    settings: { rate: 1, lookahead: 3, hidden: [8], normalised: true },
    phases: [{ kind: "slow", rate: 2 }],
  };
  const now = {
    environment: discrete,
    starts: "uniform",
    settings: { learningRate: 1, nSteps: 3, hidden: [8], layerNorm: true },
    phases: [{ kind: "slow", learningRate: 2 }],
  };
  expect(JSON.stringify(inTodaysNames(kept))).toBe(JSON.stringify(now));
  const general = { environment: "CartPole-v1", batch: 256, targetSteps: 10, rates: [1e-3, 1e-3], identifiable: { batch: 2 }, rate: 1 };
  expect(JSON.stringify(inTodaysNames(general))).toBe(
    JSON.stringify({
      environment: "CartPole-v1",
      batchSize: 256,
      targetSteps: 10,
      learningRates: [1e-3, 1e-3],
      identifiable: { batchSize: 2 },
      rate: 1,
    }),
  );
  expect(inTodaysNames(now)).toEqual(now);
});
