import { describe, expect, test } from "vitest";
import type { Tables } from "../../src/environments/environment.ts";
import { EnvironmentError } from "../../src/environments/errors.ts";
import { make } from "../../src/environments/make.ts";
import { sokobanLevels } from "../../src/environments/sokoban.ts";
import { enumerateSokoban } from "../../src/environments/sokoban-states.ts";

/** Value of a policy (or of the best one) at γ = 1 from the start, by sweeps until nothing changes. */
function startValue(tables: Tables, policy?: (state: number) => number): number {
  const { states, actions, offsets, nextStates, probabilities, rewards, terminated, initial } = tables;
  const v = new Float64Array(states);
  for (let change = 1; change > 1e-13; ) {
    change = 0;
    for (let s = 0; s < states; s++) {
      let best = -Infinity;
      for (let a = 0; a < actions; a++) {
        if (policy && policy(s) !== a) continue;
        let q = 0;
        for (let k = offsets[s * actions + a]; k < offsets[s * actions + a + 1]; k++)
          q += probabilities[k] * (rewards[k] + (terminated[k] ? 0 : v[nextStates[k]]));
        best = Math.max(best, q);
      }
      change = Math.max(change, Math.abs(best - v[s]));
      v[s] = best;
    }
  }
  return v.reduce((sum, x, s) => sum + x * initial[s], 0);
}

describe("Blackjack", () => {
  const hands = (options = {}) => {
    const environment = make("Blackjack-v1", options);
    const described = Array.from({ length: environment.tables!.states }, (_, s) => environment.reset({ options: { state: s } }).info);
    return { tables: environment.tables!, described: described as { sum: number; dealer: number; usableAce: boolean; natural: boolean }[] };
  };

  // infinite deck, the dealer stands on every 17: published odds of going bust, by the card shown (ace first)
  test("the dealer goes bust as often as the published odds say", () => {
    const odds = [0.1153, 0.3536, 0.3739, 0.3945, 0.4164, 0.4232, 0.2623, 0.2447, 0.2284, 0.2121];
    const { tables, described } = hands();
    described.forEach((hand, s) => {
      if (hand.sum > 16) return;
      let won = 0;
      for (let k = tables.offsets[2 * s]; k < tables.offsets[2 * s + 1]; k++) if (tables.rewards[k] === 1) won += tables.probabilities[k];
      expect(won).toBeCloseTo(odds[hand.dealer - 1], 4);
    });
  });

  // means and standard errors of 200 000 games of Gymnasium 1.3 in which the player draws to 17
  test.each([
    ["sab", { sab: true }, -0.075135, 0.00211],
    ["natural", { sab: false, natural: true }, -0.0580175, 0.00217],
    ["neither", { sab: false, natural: false }, -0.078575, 0.00211],
  ] as const)("drawing to 17 pays what it pays in Gymnasium: %s", (_name, options, mean, error) => {
    const { tables, described } = hands(options);
    const value = startValue(tables, (s) => (described[s].sum < 17 ? 1 : 0));
    expect(Math.abs(value - mean)).toBeLessThan(4 * error);
  });
});

describe("TicTacToe", () => {
  test("against a random opponent the best play wins 191 of 192", () => {
    expect(startValue(make("TicTacToe-v0").tables!)).toBeCloseTo(191 / 192, 10);
  });

  test.each([true, false])("a perfect opponent cannot be beaten, and need not beat us (first: %s)", (first) => {
    expect(startValue(make("TicTacToe-v0", { opponent: "perfect", first }).tables!)).toBeCloseTo(0, 12);
  });

  test("a taken square loses at once", () => {
    const environment = make("TicTacToe-v0");
    environment.reset({ seed: 1 });
    const { info } = environment.step(4);
    expect(info.board).toMatch(/^[.O]{3}\/[.O]X[.O]\/[.O]{3}$/);
    expect(environment.step(4)).toMatchObject({ reward: -1, terminated: true });
  });
});

/** Sokoban again, by plain search over drawings. */
function statesByDrawing(level: readonly string[]): Map<string, string[]> {
  const width = level[0].length;
  const step = [-width, 1, width, -1];
  const seen = new Map<string, string[]>();
  const queue = [level.join("")];
  const without = { "@": " ", "+": ".", $: " ", "*": "." } as Record<string, string>;
  const put = (cell: string, thing: "@" | "$") => (cell === "." ? (thing === "@" ? "+" : "*") : thing);
  for (const drawing of queue) {
    if (seen.has(drawing)) continue;
    const next = step.map((by) => {
      const cells = [...drawing];
      const player = cells.findIndex((c) => c === "@" || c === "+");
      const to = player + by;
      if (cells[to] === "$" || cells[to] === "*") {
        if (cells[to + by] !== " " && cells[to + by] !== ".") return drawing;
        cells[to + by] = put(cells[to + by], "$");
        cells[to] = without[cells[to]];
      }
      if (cells[to] === "#") return drawing;
      cells[to] = put(cells[to], "@");
      cells[player] = without[cells[player]];
      return cells.join("");
    });
    seen.set(drawing, next);
    queue.push(...next);
  }
  return seen;
}

describe("Sokoban", () => {
  test.each(["corridor", "corner", "pair"])("%s: states and moves equal those of a search over drawings", (name) => {
    const level = sokobanLevels[name];
    const states = enumerateSokoban(level);
    const drawings = statesByDrawing(level);
    expect(states.count).toBe(drawings.size);
    const numbers = new Map([[level.join(""), 0]]);
    const queue = [level.join("")];
    for (const drawing of queue) {
      const s = numbers.get(drawing)!;
      expect(states.stored[s]).toBe([...drawing].filter((c) => c === "*").length);
      drawings.get(drawing)!.forEach((after, a) => {
        const to = states.nextStates[4 * s + a];
        if (!numbers.has(after)) {
          numbers.set(after, to);
          queue.push(after);
        }
        expect(numbers.get(after)).toBe(to);
      });
    }
    expect(new Set(numbers.values()).size).toBe(states.count);
  });

  test("a level is solved by its pushes and pays for them", () => {
    const environment = make("Sokoban-v0", { level: "corridor" });
    environment.reset();
    expect(environment.step(1)).toMatchObject({ reward: -0.1, terminated: false });
    expect(environment.step(1)).toMatchObject({ reward: -0.1, terminated: false });
    const last = environment.step(1);
    expect(last.reward).toBeCloseTo(10.9, 12);
    expect(last).toMatchObject({ terminated: true, info: { solved: true } });
  });

  test.each(Object.keys(sokobanLevels))("%s can be solved", (level) => {
    expect(enumerateSokoban(sokobanLevels[level]).solved.some((s) => s === 1)).toBe(true);
  });

  test.each([
    ["two players", ["####", "#@@#", "#$.#", "####"], /one player, got 2/],
    ["no box for a goal", ["####", "#@.#", "####"], /at least as many boxes as goals/],
    ["an open level", ["###", "#@ ", "###"], /open/],
    ["letters", ["####", "#@x#", "####"], /made of/],
  ])("%s is refused", (_name, level, sentence) => {
    expect(() => enumerateSokoban(level)).toThrow(sentence);
  });

  test("more states than allowed are refused", () => {
    expect(() => make("Sokoban-v0", { maxStates: 100 })).toThrow(EnvironmentError);
  });
});
