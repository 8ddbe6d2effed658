import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { zipSync } from "fflate";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { make } from "../../src/environments/make.ts";
import { readTransitions } from "../../src/formats/transitions.ts";
import { createRandom } from "../../src/numbers/random.ts";
import { plainPendulum } from "../trained-critic.ts";
import { run } from "./harness.ts";

const folder = mkdtempSync(join(tmpdir(), "vinverse-transitions-"));
const critic = join(folder, "critic");
beforeAll(() => plainPendulum(critic));
afterAll(() => rmSync(folder, { recursive: true }));

interface Column {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

function writeNpz(name: string, arrays: Readonly<Record<string, Column>>): string {
  const members = Object.entries(arrays).map(([key, { shape, data }]) => {
    const header = `{'descr': '<f8', 'fortran_order': False, 'shape': (${shape.join(", ")},), }`.padEnd(117);
    const head = Buffer.concat([Buffer.from("\x93NUMPY\x01\x00", "latin1"), Buffer.from([118, 0]), Buffer.from(`${header}\n`)]);
    return [`${key}.npy`, new Uint8Array(Buffer.concat([head, Buffer.from(Float64Array.from(data).buffer)]))] as const;
  });
  const file = join(folder, name);
  writeFileSync(file, zipSync(Object.fromEntries(members)));
  return file;
}

/** What a user would have recorded: observations before and after, actions. */
function recorded(n: number, seed: number): Readonly<Record<string, Column>> {
  const environment = make("Pendulum-v1");
  const random = createRandom(seed);
  const [observations, next, actions] = [[], [], []] as number[][];
  for (let i = 0; i < n; i++) {
    const { observation } = environment.reset({ seed: random.integer(1e6) });
    const action = 4 * random.uniform() - 2;
    observations.push(...(observation as Float64Array));
    actions.push(action);
    next.push(...(environment.step([action]).observation as Float64Array));
  }
  return {
    observations: { shape: [n, 3], data: observations },
    actions: { shape: [n, 1], data: actions },
    next_observations: { shape: [n, 3], data: next },
  };
}

test("recorded transitions are read as they were saved", async () => {
  const rows = recorded(4, 1);
  const read = await readTransitions(writeNpz("four.npz", rows));
  expect(read).toMatchObject({ n: 4, kind: "observations", width: 3, actionWidth: 1 });
  expect([...read.current]).toEqual(rows.observations.data);
  expect([...read.next]).toEqual(rows.next_observations.data);
  expect([...read.terminated]).toEqual([0, 0, 0, 0]);
});

test("what is wrong with a file of transitions is said in one sentence", async () => {
  const good = recorded(3, 2);
  const fix = "save numpy.savez(file, observations=…, actions=…, next_observations=…, terminated=…), or states and next_states.";
  const cases: [Readonly<Record<string, Column>>, string][] = [
    [{ observations: good.observations, actions: good.actions }, `array 'next_observations' is missing; ${fix}`],
    [{ ...good, actions: { shape: [2, 1], data: [0, 1] } }, `array 'actions' has 2 rows, not 3; ${fix}`],
    [
      { ...good, next_observations: { shape: [3, 2], data: [0, 0, 0, 0, 0, 0] } },
      `array 'next_observations' has 3 rows of 2, not 3 of 3; ${fix}`,
    ],
    [{ ...good, terminated: { shape: [1], data: [1] } }, `array 'terminated' has 1 entries, not 3; ${fix}`],
    [{ ...good, actions: { shape: [3, 1], data: [0, Number.NaN, 1] } }, `array 'actions' is not finite at entry 1; ${fix}`],
    [{ ...good, observations: { shape: [0, 3], data: [] } }, `array 'observations' is empty; ${fix}`],
  ];
  for (const [i, [arrays, sentence]] of cases.entries()) {
    const file = writeNpz(`bad-${i}.npz`, arrays);
    await expect(readTransitions(file)).rejects.toThrow(`${file}: ${sentence}`);
  }
});

describe("with a trained critic", () => {
  test("ten clean transitions make the model nearly exact, and it is scored on others", async () => {
    const out = join(folder, "model");
    const few = writeNpz("ten.npz", recorded(10, 3));
    const ran = await run("infer", critic, "--transitions", few, "--states", "120", "--out", out, "--json");
    expect(ran.code, ran.err).toBe(0);
    const others = writeNpz("others.npz", recorded(200, 4));
    const scored = await run("evaluate", out, "--transitions", others, "--json");
    expect(scored.code, scored.err).toBe(0);
    expect(JSON.parse(scored.out).error).toBeLessThan(0.03);
    const wrong = await run(
      "evaluate",
      out,
      "--transitions",
      writeNpz("flat.npz", { ...recorded(2, 5), actions: { shape: [2, 2], data: [0, 0, 0, 0] } }),
    );
    expect(wrong.code).toBe(1);
  });

  test("transitions that end an episode, whatever follows them, leave the model as it is without them", async () => {
    const [few, n] = [recorded(20, 6), 20];
    const garbage = [99, -99, 99];
    const ended = {
      observations: { shape: [n + 1, 3], data: [...few.observations.data.slice(0, 6), ...garbage, ...few.observations.data.slice(6)] },
      actions: { shape: [n + 1, 1], data: [...few.actions.data.slice(0, 2), 1, ...few.actions.data.slice(2)] },
      next_observations: {
        shape: [n + 1, 3],
        data: [...few.next_observations.data.slice(0, 6), ...garbage, ...few.next_observations.data.slice(6)],
      },
      terminated: { shape: [n + 1], data: Array.from({ length: n + 1 }, (_, b) => Number(b === 2)) },
    };
    const words = ["infer", critic, "--states", "60", "--json", "--quiet"];
    const model = async (name: string, file: string) => {
      const out = join(folder, name);
      const ran = await run(...words, "--calibration", file, "--out", out);
      expect(ran.code, ran.err).toBe(0);
      return readFileSync(join(out, "tensors.safetensors"));
    };
    const plain = await model("plain", writeNpz("plain.npz", few));
    expect((await model("ended", writeNpz("ended.npz", ended))).equals(plain)).toBe(true);
    // the garbage would be seen: without its mark it changes the model
    const { terminated: _, ...unmarked } = ended;
    expect((await model("unmarked", writeNpz("unmarked.npz", unmarked))).equals(plain)).toBe(false);
  });

  test("transitions that are not fitted measure the bounds, the folder keeps them, and a file alike is held as often as said", async () => {
    const [measuring, fresh] = [writeNpz("measuring.npz", recorded(200, 11)), writeNpz("fresh.npz", recorded(400, 12))];
    const out = join(folder, "measured");
    const inferred = await run("infer", critic, "--calibration", measuring, "--states", "250", "--out", out, "--json");
    expect(inferred.code, inferred.err).toBe(0);
    const scored = await run("evaluate", out, "--transitions", fresh, "--json");
    expect(scored.code, scored.err).toBe(0);
    const { coverage } = JSON.parse(scored.out).score;
    expect(coverage.level).toBe(0.9);
    expect(coverage.all).toBeGreaterThan(0.83);
    expect(coverage.all).toBeLessThan(0.97);
  });
});
