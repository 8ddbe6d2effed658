import { describe, expect, test } from "vitest";
import { make } from "../../src/environments/make.ts";
import { type ScorableModel, scoreContinuous, scoreModel, scoringTransitions } from "../../src/world-model/score.ts";
import type { ContinuousWorldModel } from "../../src/world-model/world-model.ts";
import { plainCoordinates } from "../planted-critic.ts";

/** A model that answers what it is told, with bounds of ½ around every coordinate. */
function answering(nextStates: readonly number[], angular: readonly boolean[]): ContinuousWorldModel {
  const d = angular.length;
  const none = () => Promise.reject(new Error("is not asked"));
  return {
    kind: "continuous",
    stateSize: d,
    step: none,
    method: "amortised",
    coordinates: { ...plainCoordinates(d), names: angular.map((_, j) => `c${j}`), angular },
    async predict(states) {
      expect(states).toHaveLength(nextStates.length);
      return {
        nextStates: Float64Array.from(nextStates),
        residual: new Float64Array(nextStates.length / d),
        deviation: new Float64Array(nextStates.length),
        bound: new Float64Array(nextStates.length).fill(0.5),
        trusted: new Uint8Array(nextStates.length).fill(1),
      };
    },
    rollout: none,
    save: none,
    release: async () => {},
  };
}

interface Steps {
  readonly from: readonly number[];
  readonly to: readonly number[];
  readonly ends?: readonly number[];
}

const truth = ({ from, to, ends }: Steps, d = 1) => ({
  n: from.length / d,
  states: Float64Array.from(from),
  actions: new Float64Array(from.length / d),
  nextStates: Float64Array.from(to),
  terminated: Uint8Array.from(ends ?? new Array(from.length / d).fill(0)),
});
/** s and s' of one coordinate: changes of ±1, var(s') = 2. */
const plain = { from: [0, 0, 2, 2], to: [1, -1, 3, 1] };

describe("errors of one coordinate", () => {
  test('RMSE over RMS change, and MSE over var(s\') beside the same of "nothing moves"', async () => {
    const model = answering(
      plain.to.map((x, i) => x + [0.25, -0.25, 0.25, -0.25][i]),
      [false],
    );
    const score = await scoreContinuous(model, truth(plain), 7);
    expect(score.dimensions[0]).toMatchObject({ name: "c0", error: 0.25, medianError: 0.25, nmse: 0.0625 / 2, nmseOfNothing: 1 / 2 });
    expect(score).toMatchObject({ error: 0.25, nmse: 0.0625 / 2, nmseOfNothing: 1 / 2, transitions: 4, terminals: 0, seed: 7 });
    expect(score.coverage).toMatchObject({ all: 1, abstained: 0, errorAnswered: 0.25 });
  });

  test('"nothing moves" scores 1, and the same NMSE as is said of it', async () => {
    const score = await scoreContinuous(answering(plain.from, [false]), truth(plain));
    expect(score.error).toBe(1);
    expect(score.nmse).toBe(score.nmseOfNothing);
  });

  test("one answer far off moves the error, not the median", async () => {
    const model = answering(
      plain.to.map((x, i) => x + [0.1, 0.2, -0.3, 10][i]),
      [false],
    );
    const { dimensions, coverage } = await scoreContinuous(model, truth(plain));
    expect(dimensions[0].error).toBeCloseTo(Math.sqrt((0.01 + 0.04 + 0.09 + 100) / 4), 12);
    expect(dimensions[0].medianError).toBeCloseTo(0.25, 12);
    expect(coverage.all).toBe(0.75);
  });

  test("an angle's change and error go the short way round", async () => {
    const [edge, step] = [(15 / 16) * Math.PI, Math.PI / 16];
    // over the edge at ±π by two steps, and the answers stop half way: at π, and at −π
    const steps = { from: [edge, -edge], to: [-edge, edge] };
    const half = [edge + step, -edge - step];
    const { dimensions } = await scoreContinuous(answering(half, [true]), truth(steps));
    expect(dimensions[0].error).toBeCloseTo(0.5, 12);
    expect(dimensions[0].medianError).toBeCloseTo(0.5, 12);
    expect(dimensions[0].nmse).toBeCloseTo(1 / 225, 12);
    expect(dimensions[0].nmseOfNothing).toBeCloseTo(4 / 225, 12);
    expect(dimensions[0].coverage.all).toBe(1);
    // the same numbers of a coordinate that is no angle
    const long = await scoreContinuous(answering(half, [false]), truth(steps));
    expect(long.dimensions[0].error).toBeCloseTo(31 / 30, 12);
    expect(long.dimensions[0].coverage.all).toBe(0);
  });
});

describe("errors of several coordinates", () => {
  /** Coordinates side by side: [n] each, as rows. */
  const rows = (...columns: readonly (readonly number[])[]) => columns[0].flatMap((_, b) => columns.map((column) => column[b]));

  test("the score is the mean over those that move; one that never moved is left out of it", async () => {
    const half = plain.to.map((x) => x + 0.5);
    const still = [5, 5, 5, 5];
    const steps = { from: rows(plain.from, plain.from, still), to: rows(plain.to, plain.to, still) };
    const score = await scoreContinuous(answering(rows(half, plain.to, [5, 5, 5, 6]), [false, false, false]), truth(steps, 3));
    expect(score.dimensions.slice(0, 2).map(({ error }) => error)).toEqual([0.5, 0]);
    expect(Number.isFinite(score.dimensions[2].error)).toBe(false);
    expect(score).toMatchObject({ error: 0.25, nmse: 0.0625, nmseOfNothing: 0.5 });
  });

  test("transitions that end the episode are neither asked nor scored", async () => {
    const steps = { from: [0, 0, 50, 2, 2], to: [1, -1, -70, 3, 1], ends: [0, 0, 1, 0, 0] };
    const score = await scoreContinuous(answering(plain.to, [false]), truth(steps));
    expect(score).toMatchObject({ error: 0, transitions: 4, terminals: 1, nmseOfNothing: 0.5 });
  });

  test("where there is nothing to score, it is said why", async () => {
    const model = answering([], [false]);
    await expect(scoreContinuous(model, truth({ from: [], to: [] }))).rejects.toThrow("there are no transitions to score on");
    await expect(scoreContinuous(model, truth({ from: [1], to: [2], ends: [1] }))).rejects.toThrow("every transition ends its episode");
    await expect(scoreContinuous(answering([1, 2], [false]), truth({ from: [1, 2], to: [1, 2] }))).rejects.toThrow("nothing moves");
  });
});

describe("a model of the user's own", () => {
  const environment = make("Pendulum-v1");
  const physics = environment.physics!;
  const coordinates = physics.coordinates;
  /** What `answer` makes of the true next states, in an object that has nothing else. */
  const own = (answer: (next: Float64Array, states: Float64Array) => Float64Array): ScorableModel => ({
    kind: "continuous",
    coordinates,
    async predict(states, actions) {
      const n = states.length / 2;
      const out = { nextStates: new Float64Array(2 * n), rewards: new Float64Array(n), terminated: new Uint8Array(n) };
      physics.step(states, actions, n, out);
      return {
        nextStates: answer(out.nextStates, states),
        bound: new Float64Array(2 * n).fill(0.01),
        trusted: new Uint8Array(2 * n).fill(1),
      };
    },
  });

  test("is scored as an inferred one is: the laws themselves have no error, nothing moves has 1", async () => {
    const exact = await scoreModel(
      own((next) => next),
      environment,
      { n: 200, seed: 3 },
    );
    expect(exact).toMatchObject({ kind: "continuous", error: 0, transitions: 200, seed: 3 });
    expect(exact.coverage.all).toBe(1);
    expect(
      (
        await scoreModel(
          own((_next, states) => states),
          environment,
          { n: 200, seed: 3 },
        )
      ).error,
    ).toBe(1);
  });

  test("goes where its policy leads, and where random actions lead without one", async () => {
    let rows = 0;
    const policy = async (states: Float64Array) => {
      rows += states.length / 2;
      return new Float64Array(states.length / 2).fill(1.5);
    };
    const led = await scoringTransitions({ coordinates, policy }, environment, { n: 100, seed: 4, epsilon: 0 });
    expect([...led.actions].every((action) => action === 1.5)).toBe(true);
    expect(rows).toBeGreaterThanOrEqual(100);
    const random = await scoringTransitions({ coordinates }, environment, { n: 100, seed: 4, epsilon: 0 });
    expect(new Set(random.actions).size).toBe(100);
  });

  test("is told what is missing of its answers, and that another environment is not its own", async () => {
    const short = own((next) => next.subarray(2));
    await expect(scoreModel(short, environment, { n: 50 })).rejects.toThrow(
      "score: the model's nextStates are 98 numbers for 50 states of 2; let predict give flat [n, 2]",
    );
    await expect(
      scoreModel(
        own((next) => next),
        make("CartPole-v1"),
      ),
    ).rejects.toThrow("score: the model has 2 coordinates, CartPole-v1 4");
    await expect(
      scoreModel(
        own((next) => next),
        make("FrozenLake-v1"),
      ),
    ).rejects.toThrow("FrozenLake-v1 has no continuous states to score this model against");
  });
});
