import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { inferDynamics } from "../../src/inversion/infer.ts";
import { createRandom } from "../../src/numbers/random.ts";
import { loadWorldModel } from "../../src/world-model/load.ts";
import type { ContinuousWorldModel } from "../../src/world-model/world-model.ts";
import { plantedCritic, plantedSamples } from "../planted-critic.ts";

const home = mkdtempSync(join(tmpdir(), "vinverse-folder-"));
afterAll(() => rmSync(home, { recursive: true }));

const law = {
  a: [
    [0, 0.1],
    [-0.2, -0.05],
  ],
  b: [[0], [0.15]],
};

test.each(["amortised", "network", "pointwise"] as const)(
  "a %s model comes back from its folder as it was, and is written to the same bytes again",
  async (method) => {
    const samples = plantedSamples(2, 1, 200, createRandom(3));
    const infer = async () => {
      const critic = plantedCritic({ heads: 4, ...law }, createRandom(2));
      const inferred = await inferDynamics(critic, {
        reward: -1,
        samples,
        ...(method === "network" ? { method, network: { members: 2, steps: 60 } } : { method }),
      });
      return inferred.model as ContinuousWorldModel;
    };
    const model = await infer();
    const [first, second, third] = ["a", "b", "c"].map((name) => join(home, method, name));
    await model.save(first);
    await (await infer()).save(second);
    const loaded = (await loadWorldModel(first)) as ContinuousWorldModel;
    await loaded.save(third);
    const names = readdirSync(first);
    expect(names).toContain("model.json");
    for (const name of names) {
      expect(readFileSync(join(second, name)).equals(readFileSync(join(first, name))), `${name}, inferred twice`).toBe(true);
      expect(readFileSync(join(third, name)).equals(readFileSync(join(first, name))), `${name}, saved again`).toBe(true);
    }
    const { states, actions } = plantedSamples(2, 1, 50, createRandom(4));
    const [before, after] = [await model.predict(states, actions), await loaded.predict(states, actions)];
    expect(after).toEqual(before);
    const path = await loaded.rollout([0.5, -0.5], [0.1, 0.2, 0.3]);
    expect(path).toHaveLength(8);
    expect([...path.subarray(2, 4)]).toEqual([...(await loaded.predict([0.5, -0.5], [0.1])).nextStates]);
  },
);

test("wrong shapes are refused with both sizes", async () => {
  const critic = plantedCritic({ heads: 2, ...law }, createRandom(2));
  const { model } = await inferDynamics(critic, { reward: -1, samples: plantedSamples(2, 1, 100, createRandom(3)) });
  const continuous = model as ContinuousWorldModel;
  await expect(continuous.predict([1, 2, 3], [0])).rejects.toThrow("states must be flat [n, 2], got 3 numbers");
  await expect(continuous.predict([1, 2], [0, 0])).rejects.toThrow("actions must be flat [1, 1] for 1 states, got 2 numbers");
  await expect(continuous.rollout([1], [0])).rejects.toThrow("the state has 1 coordinates, the model 2");
});

test("a folder that is none, and one whose model.json is damaged, are refused by name", async () => {
  await expect(loadWorldModel(join(home, "nothing"))).rejects.toThrow(
    /nothing: the folder holds no model\.json; give a folder that vinverse infer wrote\./,
  );
  writeFileSync(join(home, "model.json"), "{");
  await expect(loadWorldModel(home)).rejects.toThrow(/model\.json: the file is not JSON; infer the model again\./);
});
