import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { FormatError } from "../../src/formats/index.ts";
import { readRecorded, recordedOf } from "../../src/formats/recorded.ts";
import { writeNpz } from "../../src/formats/write-npz.ts";

const folder = mkdtempSync(join(tmpdir(), "vinverse-recorded-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const column = (shape: readonly number[], first = 0) => ({
  shape,
  data: Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => first + i),
});
const flags = (...data: number[]) => ({ shape: [data.length], data: Float64Array.from(data) });
const fix = "save numpy.savez(file, observations=…, actions=…, rewards=…, next_observations=…, terminated=…, truncated=…), rows first.";

function npz(name: string, arrays: Parameters<typeof writeNpz>[0]): string {
  const file = join(folder, name);
  writeFileSync(file, writeNpz(arrays));
  return file;
}

function lines(name: string, ...rows: readonly unknown[]): string {
  const file = join(folder, name);
  writeFileSync(file, rows.map((row) => (typeof row === "string" ? row : JSON.stringify(row))).join("\n"));
  return file;
}

describe("npz", () => {
  test("rows, episodes by their ends, and next states out of the next row where none are given", async () => {
    const file = npz("plain.npz", {
      observations: column([5, 2]),
      actions: column([5, 1]),
      rewards: column([5]),
      terminated: flags(0, 1, 0, 0, 0),
      truncated: flags(0, 0, 0, 1, 0),
    });
    const read = await readRecorded(file);
    expect(read).toMatchObject({ n: 5, kind: "observations", width: 2, actionWidth: 1, lacks: [] });
    expect([...read.episodes]).toEqual([0, 0, 1, 1, 2]);
    expect([...read.followed]).toEqual([1, 0, 1, 0, 0]);
    expect([...read.next]).toEqual([2, 3, 0, 0, 6, 7, 0, 0, 0, 0]);
    expect([...read.terminated]).toEqual([0, 1, 0, 0, 0]);
  });

  test("of environments stepped together, the rows of one stand after those of another", async () => {
    const file = npz("envs.npz", {
      observations: column([3, 2, 2]),
      actions: column([3, 2, 1]),
      rewards: column([3, 2]),
      next_observations: column([3, 2, 2], 100),
      terminated: column([3, 2], 0),
    });
    const read = await readRecorded(file);
    expect([...read.current]).toEqual([0, 1, 4, 5, 8, 9, 2, 3, 6, 7, 10, 11]);
    expect([...read.next]).toEqual([100, 101, 104, 105, 108, 109, 102, 103, 106, 107, 110, 111]);
    expect([...read.actions]).toEqual([0, 2, 4, 1, 3, 5]);
    expect([...read.rewards!]).toEqual([0, 2, 4, 1, 3, 5]);
    expect([...read.episodes]).toEqual([0, 0, 1, 2, 3, 4]);
  });

  test("what a file lacks is said", async () => {
    const read = await readRecorded(npz("bare.npz", { states: column([2, 1]), actions: column([2, 1]) }));
    expect(read.kind).toBe("states");
    expect(read.lacks).toEqual([
      "it holds no rewards",
      "it holds no next states, so nothing is measured",
      "it does not say where episodes end, so each environment's rows count as one episode",
    ]);
  });
});

describe("JSON lines", () => {
  test("are read as the same arrays would be", async () => {
    const file = lines(
      "two.jsonl",
      { observations: [1, 2], actions: 0, rewards: -1, terminated: false },
      { observations: [3, 4], actions: 2, rewards: 5, terminated: true },
    );
    const arrays = new Map([
      ["observations", { shape: [2, 2], data: [1, 2, 3, 4] }],
      ["actions", { shape: [2], data: [0, 2] }],
      ["rewards", { shape: [2], data: [-1, 5] }],
      ["terminated", { shape: [2], data: [0, 1] }],
    ]);
    expect(await readRecorded(file)).toEqual(recordedOf(arrays, file));
  });
});

describe("replay buffers of Stable-Baselines3 (fixtures by replay-buffers.py)", () => {
  test("steps up to pos, and dones told apart into ends and time-outs", async () => {
    const read = await readRecorded("test/formats/fixtures/buffer.pkl");
    expect(read).toMatchObject({ n: 6, width: 3, actionWidth: 1, lacks: [] });
    expect([...read.current.subarray(0, 9)]).toEqual([0, 1, 2, 6, 7, 8, 12, 13, 14]);
    expect([...read.next.subarray(0, 3)]).toEqual([100, 101, 102]);
    expect([...read.rewards!]).toEqual([300, 302, 304, 301, 303, 305]);
    expect([...read.terminated]).toEqual([0, 1, 0, 0, 0, 0]);
    expect([...read.episodes]).toEqual([0, 0, 1, 2, 2, 2]);
  });

  test("full, with shared memory: oldest first, without the step whose observation was written over", async () => {
    const read = await readRecorded("test/formats/fixtures/buffer-full-shared.pkl");
    expect(read.n).toBe(8);
    // pos 3 of 5: rows 4, 0, 1, 2; each is followed by the next row's observation
    expect([...read.rewards!]).toEqual([308, 300, 302, 304, 309, 301, 303, 305]);
    expect([...read.current.subarray(0, 3)]).toEqual([24, 25, 26]);
    expect([...read.next.subarray(0, 12)]).toEqual([0, 1, 2, 6, 7, 8, 12, 13, 14, 18, 19, 20]);
  });

  test("of a Dict, parts in sorted order", async () => {
    const read = await readRecorded("test/formats/fixtures/buffer-dict.pkl");
    expect(read.width).toBe(3);
    expect([...read.current.subarray(0, 6)]).toEqual([50, 51, 0, 54, 55, 2]);
    expect([...read.next.subarray(0, 3)]).toEqual([150, 151, 100]);
  });
});

describe("what is wrong is said in one sentence", () => {
  const good = { observations: column([3, 2]), actions: column([3, 1]), rewards: column([3]), terminated: flags(0, 0, 0) };
  const one = { observations: [1], actions: [0] };
  const line = 'write one step a line: {"observations": […], "actions": […], "rewards": 0, "terminated": false}.';
  const again = "save it again with model.save_replay_buffer.";
  const cases: readonly (readonly [what: string, file: () => string, sentence: string])[] = [
    ["no observations", () => npz("b1.npz", { actions: column([3, 1]) }), `array 'observations' is missing; ${fix}`],
    ["no rows", () => npz("b2.npz", { ...good, observations: column([0, 2]) }), `array 'observations' is empty; ${fix}`],
    ["no actions", () => npz("b3.npz", { observations: good.observations }), `array 'actions' is missing; ${fix}`],
    ["fewer actions", () => npz("b4.npz", { ...good, actions: column([2, 1]) }), `array 'actions' has 2 rows, not 3; ${fix}`],
    ["fewer rewards", () => npz("b5.npz", { ...good, rewards: column([2]) }), `array 'rewards' has 2 rows, not 3; ${fix}`],
    ["fewer ends", () => npz("b6.npz", { ...good, terminated: flags(0) }), `array 'terminated' has 1 rows, not 3; ${fix}`],
    ["fewer time-outs", () => npz("b7.npz", { ...good, truncated: flags(0) }), `array 'truncated' has 1 rows, not 3; ${fix}`],
    [
      "narrower next observations",
      () => npz("b8.npz", { ...good, next_observations: column([3, 1]) }),
      `array 'next_observations' has 1 columns, not 2; ${fix}`,
    ],
    [
      "fewer next observations",
      () => npz("b9.npz", { ...good, next_observations: column([2, 2]) }),
      `array 'next_observations' has 2 rows, not 3; ${fix}`,
    ],
    [
      "NaN among observations",
      () => npz("b10.npz", { ...good, observations: { shape: [3, 2], data: Float64Array.of(0, 1, 2, Number.NaN, 4, 5) } }),
      `array 'observations' is not finite at row 1; ${fix}`,
    ],
    [
      "an infinite reward",
      () => npz("b11.npz", { ...good, rewards: flags(0, 1, -Infinity) }),
      `array 'rewards' is not finite at row 2; ${fix}`,
    ],
    ["a line that is not JSON", () => lines("b1.jsonl", one, "{"), `line 2 is not JSON; ${line}`],
    ["a line that is no record", () => lines("b2.jsonl", one, 3), `line 2 is no record; ${line}`],
    ["words", () => lines("b3.jsonl", { ...one, actions: "left" }), `line 1 'actions' is neither a number nor a list of numbers; ${line}`],
    [
      "lists in lists",
      () => lines("b4.jsonl", { ...one, actions: [[0]] }),
      `line 1 'actions' is neither a number nor a list of numbers; ${line}`,
    ],
    ["null", () => lines("b5.jsonl", { ...one, rewards: null }), `line 1 'rewards' is neither a number nor a list of numbers; ${line}`],
    ["a line that lacks a field", () => lines("b6.jsonl", one, { observations: [1] }), `line 2 lacks 'actions'; ${line}`],
    [
      "a field that comes late",
      () => lines("b7.jsonl", one, { ...one, rewards: 1 }),
      `line 2 has 'rewards', which an earlier line has not; ${line}`,
    ],
    [
      "a longer list",
      () => lines("b8.jsonl", one, { ...one, observations: [1, 2] }),
      `line 2 'observations' has 2 numbers, not 1 as before; ${line}`,
    ],
    ["no lines", () => lines("b9.jsonl"), `array 'observations' is missing; ${fix}`],
    [
      "HDF5",
      () => lines("main_data.hdf5"),
      "the file is HDF5, which is not read; save its episodes as .npz: numpy.savez(file, observations=…, actions=…, …).",
    ],
    [
      "a name that says nothing",
      () => lines("data.csv"),
      "the name ends in none of .npz, .jsonl, .pkl; give recorded data in one of these.",
    ],
    [
      "a pickle of something else",
      () => {
        const file = join(folder, "list.pkl");
        writeFileSync(file, Buffer.from("\x80\x04].", "latin1"));
        return file;
      },
      `the pickle is no replay buffer of Stable-Baselines3; ${again}`,
    ],
    [
      "a pickle that would call something",
      () => {
        const file = join(folder, "call.pkl");
        writeFileSync(file, Buffer.from("cos\nsystem\n(S'true'\ntR.", "latin1"));
        return file;
      },
      `the pickle global os.system is not on the list of harmless names, and nothing was run; ${again}`,
    ],
    [
      "a buffer that is cut off",
      () => {
        const file = join(folder, "cut.pkl");
        writeFileSync(file, readFileSync("test/formats/fixtures/buffer.pkl").subarray(0, 300));
        return file;
      },
      "is cut off",
    ],
  ];
  test.each(cases)("%s", async (_what, make, sentence) => {
    const file = make();
    const refused = readRecorded(file);
    await expect(refused).rejects.toThrow(FormatError);
    await expect(refused).rejects.toThrow(sentence.startsWith("is") ? sentence : `${file}: ${sentence}`);
  });
});
