import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { bellmanSystem } from "../../../src/bellman/system.ts";
import { restoreCritic } from "../../../src/critics/saved.ts";
import { collectTransitions, randomPolicy } from "../../../src/environments/collect.ts";
import { make } from "../../../src/environments/make.ts";
import { loadSavedCritic } from "../../../src/formats/critic-folder.ts";
import { loadCritic } from "../../../src/formats/load-critic.ts";
import { inferDynamics } from "../../../src/inversion/infer.ts";
import { runTraining } from "../../../src/learning/deep/run.ts";
import { withoutAuxiliary } from "../../../src/learning/invertible/auxiliary-heads.ts";
import { scoreModel } from "../../../src/world-model/score.ts";

const folder = mkdtempSync(join(tmpdir(), "vinverse-auxiliary-"));
afterAll(() => rmSync(folder, { recursive: true }));

const settings = { hidden: [16], batchSize: 16, learningStarts: 60 };
const cases = [
  { environment: "CartPole-v1", algorithm: "dqn", own: 1 },
  { environment: "CartPole-v1", algorithm: "qr-dqn", own: 25 },
  { environment: "Pendulum-v1", algorithm: "sac", own: 2 },
  { environment: "Pendulum-v1", algorithm: "ddpg", own: 1 },
] as const;

describe.each(cases)("$algorithm on $environment with heads of random signals", ({ environment, algorithm, own }) => {
  const common = { environment, algorithm, seed: 2, steps: 600, settings };
  const heads = { cumulants: 4, discounts: [0.4, 0.8], hidden: [16], batchSize: 32, targetSteps: 100, residualSteps: 300, asked: 20 };

  test("its own numbers are those it has without them; both kinds of heads obey their own Bellman equations", async () => {
    const out = join(folder, algorithm);
    const { critic, meanReturn } = await runTraining({ ...common, out, identifiable: heads });
    const plain = await runTraining({ ...common, out: `${out}-plain` });
    const bare = withoutAuxiliary(critic);
    expect(bare.values).toEqual(plain.critic.values);
    expect(bare.heads).toEqual(plain.critic.heads);
    expect(meanReturn).toBe(plain.meanReturn);

    expect(critic.heads.length).toBe(own + 8);
    const restored = restoreCritic(await loadSavedCritic(out));
    if (restored.kind !== "network") throw new TypeError("a network was trained");
    const world = make(environment);
    const { coordinates, rewards } = world.physics!;
    const system = await bellmanSystem(restored, coordinates, rewards.bind(world.physics));
    const n = 2000;
    const visited = await collectTransitions(world, randomPolicy(world.actionSpace, 8), { n, seed: 9 });
    const [values, targets] = [await system.values(visited.nextStates), await system.targets(visited.states, visited.actions)];
    const k = critic.heads.length;
    critic.heads.forEach(({ residual }, i) => {
      let [sum, count] = [0, 0];
      for (let b = 0; b < n; b++) {
        if (visited.terminated[b]) continue;
        sum += (values[b * k + i] - targets[b * k + i]) ** 2;
        count++;
      }
      // 38 transitions held out of 600, of another distribution
      expect(Math.sqrt(sum / count) / residual!).toBeGreaterThan(0.4);
      expect(Math.sqrt(sum / count) / residual!).toBeLessThan(2.5);
    });
    await system.release();
  });
});

test("zoo/CartPole-v1-dqn answers without its reward: the signals' own are known", async () => {
  const critic = await loadCritic("zoo/CartPole-v1-dqn");
  const { model } = await inferDynamics(critic, {
    environment: "CartPole-v1",
    rewards: "unknown",
    method: "pointwise",
    samples: 300,
    seed: 51,
  });
  const score = await scoreModel(model, make("CartPole-v1"), { n: 300, seed: 52 });
  expect(score.kind === "continuous" && score.error).toBeLessThan(0.06);
});

test("a critic of a few thousand updates gives up its dynamics pair by pair", async () => {
  const id = "Pendulum-v1";
  const { critic, identifiability } = await runTraining({
    environment: id,
    algorithm: "sac",
    seed: 4,
    steps: 1500,
    settings,
    out: join(folder, "whole"),
    identifiable: { targetSteps: 300, residualSteps: 1200, hidden: [48], asked: 50 },
  });
  expect(identifiability).toMatchObject({ visible: 2, dimensions: 2, usable: true });
  const { model } = await inferDynamics(restoreCritic(critic), { environment: id, method: "pointwise", samples: 300, seed: 31 });
  const score = await scoreModel(model, make(id), { n: 300, seed: 32 });
  expect(score.kind === "continuous" && score.error).toBeLessThan(0.2);
});
