import { describe, expect, test } from "vitest";
import { EnvironmentError } from "../../src/environments/errors.ts";
import { fourRoomsMap } from "../../src/environments/four-rooms.ts";
import { gridWorld } from "../../src/environments/grid-world.ts";
import { environmentIds, make, prepare } from "../../src/environments/make.ts";
import { buildTables, sampleOutcome, sampleStart, startsOf, tableProblems } from "../../src/environments/tables.ts";
import { createRandom } from "../../src/numbers/random.ts";

await Promise.all(environmentIds().map(prepare));

const options = {
  "FourRooms-v0": [{ variant: "windy" }, { variant: "teleporting" }, { done: true }, { goals: [0, [1, 7]], stepReward: -1 }],
  "FrozenLake-v1": [{ desc: ["SFH", "FSG"] }, { success_rate: 0.8 }, { is_slippery: false }],
  "CliffWalking-v1": [{ is_slippery: true }],
  "Taxi-v4": [{ is_rainy: true }],
} as const;

const finite = environmentIds()
  .flatMap((id) => [[id, {}] as const, ...(id in options ? options[id as keyof typeof options].map((o) => [id, o] as const) : [])])
  .filter(([id]) => make(id as string).tables);

test.each(finite)("%s %j: rows and start sum to one", (id, chosen) => {
  const environment = make(id as string, chosen);
  expect(tableProblems(environment.tables!)).toEqual([]);
  expect(environment.transitions?.()).toBe(environment.tables);
});

/** Support of P(· | s, a) as a set. */
function successors(id: string, chosen: Readonly<Record<string, unknown>>, state: number, action: number): Set<number> {
  const tables = make(id, chosen).tables!;
  const pair = state * tables.actions + action;
  return new Set(tables.nextStates.subarray(tables.offsets[pair], tables.offsets[pair + 1]));
}

describe("four rooms", () => {
  test("have 68 and 104 states, and every state is reached from every other", () => {
    for (const [id, states] of [
      ["FourRooms-v0", 68],
      ["FourRooms104-v0", 104],
    ] as const) {
      const { tables } = make(id, { goals: [] });
      expect(tables!.states).toBe(states);
      for (const start of [0, states - 1]) {
        const seen = new Set([start]);
        for (const s of seen)
          for (let k = tables!.offsets[s * tables!.actions]; k < tables!.offsets[(s + 1) * tables!.actions]; k++)
            seen.add(tables!.nextStates[k]);
        expect(seen.size).toBe(states);
      }
    }
  });

  test("deterministic moves can be taken back", () => {
    const { tables } = make("FourRooms-v0", { goals: [] });
    for (let s = 0; s < 68; s++)
      for (let a = 0; a < 4; a++) {
        const next = tables!.nextStates[s * 4 + a];
        if (next !== s) expect(tables!.nextStates[next * 4 + ((a + 2) % 4)]).toBe(s);
      }
  });

  test("wind is half the move and a quarter each sideways one", () => {
    const { tables, grid } = make("FourRooms-v0", { variant: "windy", goals: [] });
    const centre = grid!.stateAt[2 * grid!.columns + 2];
    const begin = tables!.offsets[centre * 4];
    expect([...tables!.probabilities.subarray(begin, begin + 3)]).toEqual([0.5, 0.25, 0.25]);
    const cells = [...tables!.nextStates.subarray(begin, begin + 3)].map((s) => grid!.cells[s]);
    expect(cells).toEqual([1 * 11 + 2, 2 * 11 + 1, 2 * 11 + 3]);
  });

  test("each of four cells emits uniformly into the 16 cells of the diagonal room", () => {
    const { tables, grid } = make("FourRooms-v0", { variant: "teleporting", goals: [] });
    const room = (s: number) => [Math.floor(grid!.cells[s] / 11) > 5, grid!.cells[s] % 11 > 5];
    let emitters = 0;
    for (let s = 0; s < 68; s++) {
      const to = successors("FourRooms-v0", { variant: "teleporting", goals: [] }, s, 0);
      if (to.size === 1) continue;
      emitters++;
      expect(to.size).toBe(16);
      for (const next of to) expect(room(next)).toEqual(room(s).map((side) => !side));
      expect(new Set(tables!.probabilities.subarray(tables!.offsets[s * 4], tables!.offsets[s * 4 + 1]))).toEqual(new Set([1 / 16]));
    }
    expect(emitters).toBe(4);
  });

  test("a goal pays on arrival, ends the episode and absorbs", () => {
    const environment = make("FourRooms-v0", { goals: [[1, 2]] });
    environment.reset({ seed: 0, options: { state: 0 } });
    expect(environment.step(1)).toMatchObject({ observation: 1, reward: 1, terminated: true });
    expect(environment.step(3)).toMatchObject({ observation: 1, reward: 0, terminated: true });
  });

  test("'done' ends where it is", () => {
    const environment = make("FourRooms104-v0", { goals: [[1, 1]] });
    environment.reset({ options: { state: 0 } });
    expect(environment.step(4)).toMatchObject({ observation: 0, reward: -0.1, terminated: true });
    environment.reset({ options: { state: 1 } });
    expect(environment.step(4)).toMatchObject({ observation: 1, reward: -100, terminated: true });
    environment.reset({ options: { state: 1 } });
    expect(environment.step(3)).toMatchObject({ observation: 0, reward: -0.1, terminated: false });
  });
});

test("frequencies of sampled outcomes and starts follow the tables", () => {
  const tables = buildTables(2, 1, Float64Array.of(0.2, 0.8), (_s, _a, add) => {
    add(0, 0.1, 0, false);
    add(1, 0.6, 0, false);
    add(1, 0.3, 5, true);
  });
  const random = createRandom(4);
  const counts = [0, 0, 0];
  const started = [0, 0];
  const starts = startsOf(tables);
  for (let i = 0; i < 20000; i++) {
    counts[sampleOutcome(tables, 0, random)]++;
    started[sampleStart(starts, random)]++;
  }
  for (const [k, p] of [0.1, 0.6, 0.3].entries())
    expect(Math.abs(counts[k] / 20000 - p)).toBeLessThan(4 * Math.sqrt((p * (1 - p)) / 20000));
  expect(Math.abs(started[0] / 20000 - 0.2)).toBeLessThan(0.012);
});

test.each([
  ["an unknown id", () => make("Nowhere-v0"), /there is no environment 'Nowhere-v0'; there are Acrobot-v1, /],
  ["an unknown option", () => make("CartPole-v1", { gravity: 3 } as never), /CartPole-v1 has no option 'gravity'; it has maxEpisodeSteps/],
  ["a ragged map", () => gridWorld({ map: ["..", "."] }), /rows of one length/],
  ["a goal in a wall", () => gridWorld({ map: fourRoomsMap, goals: [[0, 0]] }), /0,0 is no free cell/],
  ["a map without start", () => make("FrozenLake-v1", { desc: ["FG"] }), /no start S/],
  ["a state that does not exist", () => make("Taxi-v4").reset({ options: { state: 500 } }), /integer from 0 to 499/],
  ["a reset option that does not exist", () => make("Taxi-v4").reset({ options: { low: 1 } }), /reset knows the option 'state' alone/],
  ["a step before reset", () => make("Taxi-v4").step(0), /call reset\(\) before step\(\)/],
])("%s is refused", (_name, act, sentence) => {
  expect(act).toThrow(EnvironmentError);
  expect(act).toThrow(sentence);
});
