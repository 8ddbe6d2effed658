import { describe, expect, test } from "vitest";
import { bellmanSystem } from "../../src/bellman/system.ts";
import type { Head, NetworkCritic } from "../../src/critics/critic.ts";
import { definitionOf, networkCritic } from "../../src/critics/network-critic.ts";
import { concat } from "../../src/engine/index.ts";
import type { InferredContinuous } from "../../src/inversion/assemble.ts";
import { FIRST_SCALE, firstSigma, headShare, residualSigma } from "../../src/inversion/continuous/amortised.ts";
import { inferDynamics } from "../../src/inversion/infer.ts";
import type { Equations } from "../../src/inversion/samples.ts";
import { createRandom } from "../../src/numbers/random.ts";
import { linearCritic } from "../linear-critic.ts";
import { plainCoordinates, plantedCritic, plantedSamples } from "../planted-critic.ts";

/** A system of these heads, and equations whose differences V_i(s) − y_i are the given columns. */
async function weighed(heads: readonly Partial<Head>[], columns: readonly (readonly number[])[]) {
  const [k, n] = [heads.length, columns[0].length];
  const critic = linearCritic({ heads, v: heads.map(() => [1]) });
  const system = await bellmanSystem(critic, plainCoordinates(1), (_s, _a, rows, out) => void out.fill(0, 0, rows));
  const here = Float32Array.from({ length: n * k }, (_, at) => columns[at % k][Math.floor(at / k)]);
  const equations: Equations = {
    n,
    states: new Float64Array(n),
    actions: new Float64Array(n),
    targets: new Float64Array(n * k),
    here,
    centre: Float64Array.of(0),
    scale: Float64Array.of(1),
  };
  return { system, equations };
}

const one = [1, 1, 1, 1];
const other = [1, -1, 1, -1];
const third = [1, 1, -1, -1];
const of = (critic: string) => ({ critic });
const near = (found: Float64Array, wanted: readonly number[]) => {
  expect(found).toHaveLength(wanted.length);
  wanted.forEach((x, i) => {
    expect(found[i]).toBeCloseTo(x, 9);
  });
};

describe("√(heads of a critic / questions that they ask)", () => {
  test.each([
    ["a head alone", [of("a")], [one], [1]],
    ["three copies of one question: together they count once", [of("a"), of("a"), of("a")], [one, one, one], [3, 3, 3]],
    ["of any size and sign", [of("a"), of("a")], [one, one.map((x) => -5 * x)], [2, 2]],
    ["questions that have nothing in common count each", [of("a"), of("a"), of("a")], [one, other, third], [1, 1, 1]],
    ["a pair of twins beside another question: 9/5 questions", [of("a"), of("a"), of("a")], [one, one, other], [5 / 3, 5 / 3, 5 / 3]],
    ["critics count apart from each other", [of("a"), of("b"), of("a")], [one, one, one], [2, 1, 2]],
    ["a head that says nothing asks a question of its own", [of("a"), of("a")], [one, [0, 0, 0, 0]], [1, 1]],
  ] as const)("%s", async (_, heads, columns, squares) => {
    const { system, equations } = await weighed(heads, columns);
    near(headShare(system, equations), squares.map(Math.sqrt));
    await system.release();
  });

  test("scales of the residuals are multiplied by it: first 0.3 RMS(V − y), or what training measured", async () => {
    const twins = [of("a"), of("a"), of("b"), { critic: "c", residual: 0.125 }];
    const { system, equations } = await weighed(twins, [one, one, other.map((x) => 2 * x), third]);
    const first = firstSigma(system, equations);
    near(first, [FIRST_SCALE * Math.SQRT2, FIRST_SCALE * Math.SQRT2, FIRST_SCALE * 2, 0.125]);
    // then what a fit left, as large as before on geometric average
    const residuals = Float64Array.from({ length: 16 }, (_, at) => [4, 4, 1, 0.5][at % 4]);
    const again = residualSigma(system, equations, { residuals, sigma: first });
    const raw = [4 * Math.SQRT2, 4 * Math.SQRT2, 1, 0.5];
    const mean = (list: ArrayLike<number>) => Math.exp(Array.from(list).reduce((sum, x) => sum + Math.log(x) / list.length, 0));
    near(
      again,
      raw.map((x) => (x * mean(first)) / mean(raw)),
    );
    await system.release();
  });
});

test("a critic whose head is there four times moves the model no more than it did alone", async () => {
  const law = { a: [[-0.2]], b: [[0.5]], noise: 0.02 };
  const [good, bad] = [1, 2].map((seed) => plantedCritic({ name: `critic ${seed}`, heads: 1, ...law }, createRandom(seed)));
  const samples = plantedSamples(1, 1, 300, createRandom(3));
  const asked = plantedSamples(1, 1, 100, createRandom(4));
  const changes = async (critics: readonly NetworkCritic[]) => {
    const options = { coordinates: plainCoordinates(1), reward: -1, samples, features: "linear" } as const;
    const { model, identifiability } = (await inferDynamics(critics, options)) as InferredContinuous;
    expect(identifiability.heads.every(({ used }) => used)).toBe(true);
    const { nextStates } = await model.predict(asked.states, asked.actions);
    await model.release();
    return nextStates.map((x, i) => x - asked.states[i]);
  };
  const apart = (a: Float64Array, b: Float64Array) => Math.sqrt(a.reduce((sum, x, i) => sum + (x - b[i]) ** 2, 0) / a.length);
  const [both, alone] = [await changes([good, bad]), await changes([bad])];
  const repeated = await changes([good, fourTimes(bad)]);
  // the two disagree, so that one which counted four times would be seen
  expect(apart(both, alone)).toBeGreaterThan(0.01);
  expect(apart(both, repeated)).toBeLessThan(0.02 * apart(both, alone));
});

/** The same critic with its head four times. */
function fourTimes(critic: NetworkCritic): NetworkCritic {
  const definition = definitionOf(critic)!;
  return networkCritic({
    ...definition,
    heads: [0, 1, 2, 3].map((i) => ({ ...definition.heads[0], name: `copy ${i}` })),
    stateValues: (x) => concat(new Array(4).fill(definition.stateValues(x)), 1),
    actionValues: (x, a) => concat(new Array(4).fill(definition.actionValues(x, a)), 1),
  });
}
