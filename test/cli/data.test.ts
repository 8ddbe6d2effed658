import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { identityCoordinates } from "../../src/environments/identity-coordinates.ts";
import { make } from "../../src/environments/make.ts";
import { recordedExperience } from "../../src/experience/recorded-experience.ts";
import { recordedOf } from "../../src/formats/recorded.ts";
import { writeNpz } from "../../src/formats/write-npz.ts";
import { createRandom } from "../../src/numbers/random.ts";
import { box } from "../../src/spaces/space.ts";
import { plainPendulum } from "../trained-critic.ts";
import { run } from "./harness.ts";

const folder = mkdtempSync(join(tmpdir(), "vinverse-data-"));
const critic = join(folder, "critic");
const [data, fresh, unpaid] = ["data", "fresh", "unpaid"].map((name) => join(folder, `${name}.npz`));

/** Episodes of random actions, as a user records them. */
function record(file: string, episodes: number, seed: number, paid = true): void {
  const environment = make("Pendulum-v1", { maxEpisodeSteps: 20 });
  const random = createRandom(seed);
  const [observations, next, actions, rewards, truncated] = [[], [], [], [], []] as number[][];
  for (let e = 0; e < episodes; e++) {
    let { observation } = environment.reset({ seed: seed + e });
    for (let over = false; !over; ) {
      const action = 4 * random.uniform() - 2;
      const step = environment.step([action]);
      observations.push(...(observation as Float64Array));
      actions.push(action);
      rewards.push(step.reward);
      next.push(...(step.observation as Float64Array));
      over = step.truncated;
      truncated.push(Number(over));
      observation = step.observation;
    }
  }
  const n = actions.length;
  const array = (values: readonly number[], ...shape: number[]) => ({ shape, data: Float64Array.from(values) });
  writeFileSync(
    file,
    writeNpz({
      observations: array(observations, n, 3),
      actions: array(actions, n, 1),
      ...(paid ? { rewards: array(rewards, n) } : {}),
      next_observations: array(next, n, 3),
      truncated: array(truncated, n),
    }),
  );
}

beforeAll(async () => {
  await plainPendulum(critic);
  // a critic of a world that is not known here
  const file = join(critic, "critic.json");
  writeFileSync(file, readFileSync(file, "utf8").replace('"Pendulum-v1"', '"SomebodysPendulum-v3"'));
  record(data, 30, 1);
  record(fresh, 10, 100);
  record(unpaid, 3, 200, false);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("an unknown environment: infer --data asks at recorded pairs, is measured on other episodes, and evaluate --data needs no environment", async () => {
  const out = join(folder, "model");
  const ran = await run("infer", critic, "--data", data, "--states", "200", "--out", out, "--json", "--quiet");
  expect(ran.code, ran.err).toBe(0);
  const found = JSON.parse(ran.out);
  expect(found.score).toMatchObject({ kind: "continuous", transitions: 120, terminals: 0 });
  const scored = await run("evaluate", out, "--data", fresh, "--json", "--quiet");
  expect(scored.code, scored.err).toBe(0);
  expect(JSON.parse(scored.out).score).toMatchObject({ transitions: 200, dimensions: [{}, {}, {}] });
  expect(Number.isFinite(JSON.parse(scored.out).error)).toBe(true);
});

test("next states that only measure do not change the model; --fit does", async () => {
  const model = async (name: string, ...words: string[]) => {
    const out = join(folder, name);
    const ran = await run("infer", critic, ...words, "--states", "60", "--out", out, "--quiet");
    expect(ran.code, ran.err).toBe(0);
    return readFileSync(join(out, "tensors.safetensors"));
  };
  const scrambled = join(folder, "scrambled.npz");
  record(scrambled, 30, 1);
  const { readNpz } = await import("../../src/formats/npy.ts");
  const arrays = [...readNpz(readFileSync(scrambled), scrambled)].map(([name, array]) => {
    if (array.kind !== "numbers") throw new Error("objects");
    return [
      name,
      { shape: array.shape, data: Float64Array.from(array.data, (x, i) => (name === "next_observations" ? x + (i % 7) : x)) },
    ] as const;
  });
  writeFileSync(scrambled, writeNpz(Object.fromEntries(arrays)));
  const plain = await model("plain", "--data", data);
  expect((await model("scrambled", "--data", scrambled)).equals(plain)).toBe(true);
  expect((await model("fitted", "--data", data, "--fit")).equals(plain)).toBe(false);
});

test("the split is by episodes, and asks never share a row with what measures", () => {
  const n = 50;
  const column = (width: number) => ({ shape: [n, width], data: Float64Array.from({ length: n * width }, (_, i) => i) });
  const ends = { shape: [n], data: Float64Array.from({ length: n }, (_, i) => Number(i % 5 === 4)) };
  const found = recordedOf(
    new Map([
      ["observations", column(2)],
      ["actions", column(1)],
      ["rewards", column(1)],
      ["terminated", ends],
    ]),
    "file",
  );
  const experience = recordedExperience(found, identityCoordinates(box([0, 0], [1, 1])), 1, 3);
  const episodes = (rows: Int32Array) => new Set([...rows].map((row) => found.episodes[row]));
  expect([...episodes(experience.asked)].some((episode) => episodes(experience.held).has(episode))).toBe(false);
  expect([experience.asked.length, experience.held.length]).toEqual([40, 10]);
  const { rewards, ...samples } = experience.samples(1000);
  // 4 of the 5 steps of each of 8 episodes: none that ends one
  expect(samples.n).toBe(32);
  const paid = new Float64Array(32);
  rewards?.(samples.states, samples.actions, 32, paid);
  // the recorded reward of a row is its number, as its action is
  expect(paid).toEqual(samples.actions);
  const elsewhere = new Float64Array(1);
  rewards?.(Float64Array.of(-1, -1), Float64Array.of(0), 1, elsewhere);
  expect(elsewhere[0]).toBeNaN();
});

const refusals: readonly (readonly [what: string, words: readonly string[], sentence: string])[] = [
  ["no rewards", ["--data", unpaid], `${unpaid} holds no rewards, and `],
  ["--fit alone", ["--fit"], "--fit says what --data FILE is for: give --data too"],
  ["--calibrate alone", ["--calibrate"], "--calibrate says what --data FILE is for: give --data too"],
  ["--data with the old name", ["--data", data, "--transitions", data], "--data takes the place of --transitions: give one of them"],
  ["--data with the other old name", ["--data", data, "--calibration", data], "--data takes the place of --calibration: give one of them"],
];
test.each(refusals)("infer refuses %s", async (_what, words, sentence) => {
  const ran = await run("infer", critic, ...words, "--quiet");
  expect(ran.code).toBe(2);
  expect(ran.err).toContain(`vinverse: ${sentence}`);
});

test("data of a table is refused, and the old name comes with a note", async () => {
  const table = join(folder, "q.npz");
  writeFileSync(
    table,
    writeNpz({ q: { shape: [2, 2], data: Float64Array.of(0, 1, 2, 3) }, rewards: { shape: [2, 2], data: new Float64Array(4) } }),
  );
  const ran = await run("infer", table, "--gamma", "0.9", "--data", data);
  expect([ran.code, ran.err]).toEqual([2, expect.stringContaining("--data is for networks; a table is asked about all its pairs")]);
  const old = await run("evaluate", join(folder, "model"), "--transitions", fresh);
  expect(old.code, old.err).toBe(0);
  expect(old.err).toContain("--transitions FILE is called --data FILE now; the old name works until 1.0");
});

test("--coordinates says what is observed: angles are angles, and the folder opens by itself", async () => {
  const [page] = [...readFileSync("docs/how-to/your-own-environment.md", "utf8").matchAll(/```json\n([\s\S]*?)```/g)];
  const file = join(folder, "coordinates.json");
  writeFileSync(file, page[1]);
  const out = join(folder, "angles");
  const ran = await run("infer", critic, "--data", data, "--coordinates", file, "--states", "120", "--out", out, "--json", "--quiet");
  expect(ran.code, ran.err).toBe(0);
  const scored = await run("evaluate", out, "--data", fresh, "--json", "--quiet");
  expect(scored.code, scored.err).toBe(0);
  expect(JSON.parse(scored.out).score.dimensions).toMatchObject([{ name: "angle" }, { name: "speed" }]);

  const refused = async (words: readonly string[], sentence: string) => {
    const answer = await run("infer", critic, ...words, "--quiet");
    expect([answer.code, answer.err]).toEqual([2, expect.stringContaining(`vinverse: ${sentence}`)]);
  };
  const three = join(folder, "three.json");
  writeFileSync(three, '[{ "name": "x" }]');
  await refused(["--data", data, "--coordinates", three], `${three} says 1 numbers of an observation, and `);
  await refused(["--data", data, "--coordinates", data], `${data} is not JSON; give a list like [{ "name": "x", "low": -1, "high": 1 }]`);
  await refused(["--coordinates", file], "--coordinates says what --data FILE is for: give --data too");
  await refused(
    ["--env", "Pendulum-v1", "--data", data, "--coordinates", file],
    "Pendulum-v1 says its coordinates itself: leave --coordinates out",
  );
});
