import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { inferTabular } from "../../src/inversion/tabular/infer-tabular.ts";
import { createRandom } from "../../src/numbers/random.ts";
import { loadTabularWorldModel } from "../../src/world-model/tabular.ts";
import { exactCritic, randomTables } from "../random-mdp.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "vinverse-"));
});
afterEach(() => rm(folder, { recursive: true }));

function world(method: "matching" | "projection") {
  const random = createRandom(1);
  const tables = randomTables(random, 12, 3, method === "matching" ? 1 : 3);
  const critic = exactCritic(random, tables, { discounts: new Array(14).fill(0.9) });
  return { tables, model: inferTabular(critic, { method }) };
}

test.each(["matching", "projection"] as const)("%s: a saved model is the same model, and the same bytes", async (method) => {
  const { model } = world(method);
  await model.save(join(folder, "a"));
  const loaded = await loadTabularWorldModel(join(folder, "a"));
  await loaded.save(join(folder, "b"));
  for (const name of ["model.json", "tensors.safetensors"])
    expect(await readFile(join(folder, "b", name))).toEqual(await readFile(join(folder, "a", name)));
  const every = Int32Array.from({ length: 36 }, (_, k) => Math.floor(k / 3));
  const actions = Int32Array.from({ length: 36 }, (_, k) => k % 3);
  expect(await loaded.predict(every, actions)).toEqual(await model.predict(every, actions));
});

test("rollouts follow the world", async () => {
  const { tables, model } = world("matching");
  const visited = await model.rollout(4, [0, 1, 2, 0, 0]);
  [0, 1, 2, 0, 0].forEach((a, t) => {
    expect(visited[t + 1]).toBe(tables.nextStates[visited[t] * 3 + a]);
  });
});

test("a state or action that does not exist is named", async () => {
  const { model } = world("matching");
  await expect(model.predict([0, 12], [0, 0])).rejects.toThrow("state 1 is 12, expected an integer in 0 … 11");
  await expect(model.predict([0], [3])).rejects.toThrow("action 0 is 3");
});

test("a damaged folder is refused by file and field", async () => {
  const { model } = world("matching");
  await model.save(folder);
  const tensors = join(folder, "tensors.safetensors");
  await writeFile(tensors, (await readFile(tensors)).subarray(0, 500));
  await expect(loadTabularWorldModel(folder)).rejects.toThrow(/tensors\.safetensors/);
  await writeFile(join(folder, "model.json"), '{"format": "something else"}');
  await expect(loadTabularWorldModel(folder)).rejects.toThrow(/model\.json: format/);
});
