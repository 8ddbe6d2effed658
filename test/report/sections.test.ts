import { expect, test } from "vitest";
import { make } from "../../src/environments/index.ts";
import { createRandom } from "../../src/numbers/random.ts";
import {
  continuousSections,
  errorSection,
  headSection,
  rankSection,
  scatterSection,
  tabularSections,
  verdictOf,
} from "../../src/report/index.ts";

function pendulum(n: number) {
  const { physics, actionSpace } = make("Pendulum-v1");
  const random = createRandom(4);
  const states = Float64Array.from({ length: 2 * n }, (_, k) => (k % 2 ? 5 : Math.PI) * (2 * random.uniform() - 1));
  const step = (s: Float64Array, a: Float64Array) => {
    const m = s.length / 2;
    const nextStates = new Float64Array(2 * m);
    physics!.step(s, a, m, { nextStates, rewards: new Float64Array(m), terminated: new Uint8Array(m) });
    return nextStates;
  };
  return { coordinates: physics!.coordinates, actionSpace, states, step };
}

test("a pendulum's pictures show angle and speed, three torques, and arrows as long as the true ones", async () => {
  const { coordinates, actionSpace, states, step } = pendulum(200);
  const [surface, field] = await continuousSections({
    coordinates,
    actionSpace,
    states,
    values: async (s) => Float64Array.from({ length: s.length / 2 }, (_, b) => -(s[2 * b] ** 2)),
    predict: async (s, a) => step(s, a),
    truth: step,
  });
  expect(surface.svg).toContain(coordinates.names[0]);
  expect(field.svg).toContain("action −2, action 0, action 2");
  // The prediction is the truth, so both sets of arrows have the same paths.
  // A head is as wide as its line, so only the shafts are compared.
  const arrows = String(field.svg).slice(String(field.svg).indexOf('aria-label="arrow"'));
  const paths = [...arrows.matchAll(/<path d="([^"]*)"/g)].map((match) => match[1].split("M")[1]);
  expect(paths.length).toBe(2 * 3 * 11 * 11);
  expect(paths.slice(paths.length / 2)).toEqual(paths.slice(0, paths.length / 2));
});

test("angles that pass π change by little", () => {
  const { coordinates } = pendulum(1);
  const section = scatterSection(coordinates, [3.1, 0, 3.1, 0], [-3.1, 1, 3.11, 1], [-3.1, 1, 3.11, 1]);
  expect(section.svg).toContain("2 of 2 transitions");
  expect(section.svg).not.toContain("NaN");
});

test("tables are laid out by the grid or by the names of their states, and counted", () => {
  const prediction = {
    nextStates: Int32Array.of(1, 0, 1, -1),
    answers: ["found", "ambiguous", "found", "none"] as const,
    residual: Float64Array.of(0, 0, 0.5, 1),
    margin: Float64Array.of(2, 3, 4, 5),
  };
  const truth = [1, 0, 0, -1];
  const sections = tabularSections({ states: 2, actions: 2, prediction, truth, values: [1, 2], stateNames: ["(1, 1)", "(1, 2)"] });
  expect(sections.map((section) => section.title)).toEqual(["Values", "Successors", "Answers"]);
  expect(sections[1].svg).toContain("3 moves of 2 states: 1 right, 1 wrong, 1 ambiguous");
  expect(Object.fromEntries(sections[2].table!.rows as [string, string | number][])).toEqual({
    "pairs of state and action": 4,
    "one state answers": 2,
    "several states answer equally well": 1,
    "no state follows, or none fits": 1,
    "of known successors, right and the only answer": "1 of 3",
    "least margin of a value error": "2",
    "largest residual": "0.5",
  });
  expect(tabularSections({ states: 2, actions: 2, prediction, stateNames: ["a", "b"] }).map((section) => section.title)).toEqual([
    "Answers",
  ]);
});

test("a refusal is a refusal, and so is a model no better than standing still", () => {
  const usable = { usable: true, sentence: "Two of two directions.", help: [] };
  expect(verdictOf({ ...usable, usable: false }, 0.1).level).toBe("refused");
  expect(verdictOf(usable, 1.02).level).toBe("refused");
  expect(verdictOf(usable, Number.NaN).level).toBe("refused");
  expect(verdictOf(usable, 0.45).level).toBe("limited");
  expect(verdictOf(usable, 0.1).level).toBe("good");
  expect(verdictOf(usable).level).toBe("good");
});

test("findings say their figures in words or in a table too", () => {
  const dimensions = [{ name: "θ", error: 0.123, nmse: 0.01, nmseOfNothing: 0.5 }];
  const section = errorSection({ dimensions, error: 0.123, transitions: 990, terminals: 10 });
  expect(section.text).toContain("990 true transitions");
  expect(section.text).toContain("0.123 of the true change");
  expect(section.table!.rows).toEqual([["θ", 0.123, 1, 0.01, 0.5]]);
  expect(rankSection({ values: [2, 0.1], effectiveRank: 1 }).svg).toContain("Effective rank 1 of 2");
  expect(headSection([{ name: "Q1", residual: 1, signal: 2 }]).svg).toContain("Q1: 0.5");
});
