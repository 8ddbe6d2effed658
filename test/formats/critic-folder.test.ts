import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { SavedCritic } from "../../src/critics/saved.ts";
import { restoreCritic } from "../../src/critics/saved.ts";
import { loadSavedCritic, saveCritic } from "../../src/formats/critic-folder.ts";
import { loadCritic } from "../../src/formats/load-critic.ts";
import { box, discrete } from "../../src/spaces/space.ts";

const root = mkdtempSync(join(tmpdir(), "vinverse-critic-"));
afterAll(() => rmSync(root, { recursive: true }));

const saved: SavedCritic = {
  name: "dqn test",
  algorithm: "DQN",
  heads: [{ name: "Q", critic: "dqn test", discount: 0.9, rewardScale: 1, rewardOffset: 0 }],
  observationSpace: box([-Infinity, -1], [Infinity, 1]),
  actionSpace: discrete(3),
  values: {
    kind: "deep-q",
    online: [{ kind: "linear", inputs: 2, outputs: 3, weight: Float32Array.of(1, 2, 3, 4, 5, 6), bias: Float32Array.of(0, 1, -1) }],
    target: [{ kind: "linear", inputs: 2, outputs: 3, weight: Float32Array.of(6, 5, 4, 3, 2, 1) }],
  },
  made: { seed: 1, steps: 2 },
};

test("a critic that was saved says what it said before, and saving it again gives the same bytes", async () => {
  const [a, b] = [join(root, "a"), join(root, "b")];
  await saveCritic(a, saved);
  const read = await loadSavedCritic(a);
  expect(read).toMatchObject(saved);
  const [before, after] = [restoreCritic(saved), await loadCritic(`${a}/`)];
  const observations = [0.5, -0.25, 2, 1];
  expect(await after.actionValues(observations, [0, 2])).toEqual(await before.actionValues(observations, [0, 2]));
  // V of the target network by hand: max of (6·0.5 − 5·0.25, 4·0.5 − 3·0.25, 2·0.5 − 0.25), then of (17, 11, 5)
  expect(Array.from(await after.stateValues(observations))).toEqual([1.75, 17]);
  await saveCritic(b, read);
  for (const file of ["critic.json", "tensors.safetensors"])
    expect(readFileSync(join(b, file)).equals(readFileSync(join(a, file)))).toBe(true);
});

describe("a folder that is not whole is refused by file and field", () => {
  const broken: readonly (readonly [string, (folder: string) => void, RegExp])[] = [
    ["no JSON", (folder) => writeFileSync(join(folder, "critic.json"), "{"), /critic\.json: the file is not JSON/],
    ["another format", (folder) => edit(folder, (text) => text.replace("vinverse critic", "other")), /format is not 'vinverse critic'/],
    ["a later version", (folder) => edit(folder, (text) => text.replace('"version": 1', '"version": 9')), /version is 9, not 1/],
    ["no heads", (folder) => edit(folder, (text) => text.replace('"heads"', '"skulls"')), /heads is missing/],
    [
      "a tensor too few",
      (folder) => edit(folder, (text) => text.replaceAll("online.0.bias", "online.0.bios")),
      /tensor 'values\.online\.0\.bios' is missing/,
    ],
    [
      "networks that do not fit",
      (folder) => edit(folder, (text) => text.replace('"inputs": 2', '"inputs": 5')),
      /values\.online\.0 is not a linear layer/,
    ],
    [
      "an unknown family",
      (folder) => edit(folder, (text) => text.replace('"deep-q"', '"deep-z"')),
      /values\.kind is 'deep-z', not one of coordinate-values, deep-q, /,
    ],
    ["a field too few", (folder) => edit(folder, (text) => text.replace('"target"', '"goal"')), /values\.target is missing/],
    [
      "a field of another type",
      (folder) => edit(folder, (text) => text.replace('"online": [', '"online": 7, "other": [')),
      /values\.online is not a network/,
    ],
  ];
  test.each(broken)("%s", async (name, breakIt, said) => {
    const folder = join(root, name);
    await saveCritic(join(root, "good"), saved);
    cpSync(join(root, "good"), folder, { recursive: true });
    breakIt(folder);
    await expect(loadCritic(folder)).rejects.toThrow(said);
    await expect(loadCritic(folder)).rejects.toMatchObject({ name: "FormatError" });
  });
});

function edit(folder: string, change: (text: string) => string): void {
  const path = join(folder, "critic.json");
  const text = readFileSync(path, "utf8");
  const changed = change(text);
  expect(changed).not.toBe(text);
  writeFileSync(path, changed);
}
