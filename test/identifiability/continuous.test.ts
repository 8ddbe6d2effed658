import { describe, expect, test } from "vitest";
import { bellmanSystem } from "../../src/bellman/system.ts";
import { type ContinuousEvidence, type ContinuousIdentifiability, identifyContinuous } from "../../src/identifiability/continuous.ts";
import { linearCritic } from "../linear-critic.ts";
import { plainCoordinates } from "../planted-critic.ts";

interface Case {
  /** [k][d] V_i(x) = W x, so ∂V/∂x = W */
  readonly w: readonly (readonly number[])[];
  /** [k] of which critic each head is; all of one where left out */
  readonly critics?: readonly string[];
  /** [n][k] V_i(ŝ') − y_i: what the answer leaves */
  readonly misfit: readonly (readonly number[])[];
  /** [n][d] ŝ' − s, from s = 0 */
  readonly moves: readonly (readonly number[])[];
  readonly angular?: readonly boolean[];
  readonly evidence?: Partial<ContinuousEvidence>;
}

/** The answer ŝ' lies where `moves` say and misses each equation by `misfit`. */
async function identified({ w, critics, misfit, moves, angular, evidence }: Case): Promise<ContinuousIdentifiability> {
  const d = w[0].length;
  const critic = linearCritic({ heads: w.map((_, i) => ({ critic: critics?.[i] ?? "one" })), v: w });
  const coordinates = { ...plainCoordinates(d), angular: angular ?? new Array(d).fill(false) };
  const system = await bellmanSystem(critic, coordinates, (_s, _a, n, out) => void out.fill(0, 0, n));
  try {
    const nextStates = Float64Array.from(moves.flat());
    const values = await system.values(nextStates);
    return await identifyContinuous(system, {
      states: new Float64Array(nextStates.length),
      nextStates,
      targets: Float64Array.from(misfit.flat(), (e, at) => values[at] - e),
      sigma: new Float64Array(w.length).fill(1),
      costRatio: 0.1,
      method: "amortised",
      kinematic: false,
      ...evidence,
    });
  } finally {
    await system.release();
  }
}

const steps = [
  [1, 1],
  [-1, 1],
];
const ones = [
  [1, -1],
  [1, 1],
];
const near = (found: readonly number[], wanted: readonly number[]) => {
  expect(found).toHaveLength(wanted.length);
  wanted.forEach((x, i) => {
    expect(found[i]).toBeCloseTo(x, 6);
  });
};

describe("what the heads can see, held against numbers known by hand", () => {
  const w = [
    [4, 0],
    [0, 0.5],
  ];

  test("singular values are the Jacobian's over the residual, in typical changes; the bound is the misfit over the least", async () => {
    const found = await identified({ w, critics: ["a", "b"], misfit: ones, moves: steps });
    near(found.singularValues, [4, 0.5]);
    near(found.regionSingularValues, [4, 0.5]);
    expect([found.visible, found.regionVisible]).toEqual([1, 1]);
    const entropy = -(8 / 9) * Math.log(8 / 9) - (1 / 9) * Math.log(1 / 9);
    near([found.effectiveRank, found.regionEffectiveRank], [Math.exp(entropy), Math.exp(entropy)]);
    near(Object.values(found.blindDirection).map(Math.abs), [0, 1]);
    expect(found.bound).toBeCloseTo(Math.SQRT2 / 0.5, 6);
    expect(found.heads.map(({ signal, residual, used }) => [signal, residual, used])).toEqual([
      [4, 1, true],
      [0.5, 1, true],
    ]);
    expect(found.residualOverSignal).toBeCloseTo(Math.sqrt(2 / (16 + 0.25)), 6);
  });

  test("a larger step or a smaller residual makes a direction stand out by as much", async () => {
    const far = steps.map(([x, y]) => [x, 8 * y]);
    near((await identified({ w, critics: ["a", "b"], misfit: ones, moves: far })).singularValues, [4, 4]);
    const exact = ones.map(([x, y]) => [x, y / 16]);
    near((await identified({ w, critics: ["a", "b"], misfit: exact, moves: steps })).singularValues, [8, 4]);
  });

  test("a critic counts once, however many heads it has", async () => {
    const copies = [w[0], w[0], w[0], w[1]];
    const misfit = ones.map(([x, y]) => [x, x, x, y]);
    const found = await identified({ w: copies, critics: ["a", "a", "a", "b"], misfit, moves: steps });
    near(found.singularValues, [4, 0.5]);
    expect(found.residualOverSignal).toBeCloseTo(Math.sqrt(2 / (16 + 0.25)), 6);
    expect(found.bound).toBeCloseTo(Math.SQRT2 / 0.5, 6);
    // two questions of one critic share its weight
    near((await identified({ w, misfit: ones, moves: steps })).singularValues, [4 / Math.SQRT2, 0.5 / Math.SQRT2]);
  });

  test("heads that were left out are reported and count for nothing", async () => {
    const evidence = { sigma: Float64Array.of(1, Number.POSITIVE_INFINITY) };
    const found = await identified({ w, critics: ["a", "b"], misfit: ones, moves: steps, evidence });
    near(found.singularValues, [4, 0]);
    expect(found.bound).toBe(Number.POSITIVE_INFINITY);
    expect(found.residualOverSignal).toBeCloseTo(1 / 4, 6);
    expect(found.heads.map(({ used }) => used)).toEqual([true, false]);
    const dropped = { name: "gone", critic: "c", discount: 0.5, signal: 1, residual: 2, used: false };
    const beside = await identified({ w, critics: ["a", "b"], misfit: ones, moves: steps, evidence: { dropped: [dropped] } });
    expect(beside.heads[2]).toEqual(dropped);
  });

  test("an angle's change is the short way round", async () => {
    const moves = steps.map(([x, y]) => [x * (2 * Math.PI - 1), y]);
    const found = await identified({ w, critics: ["a", "b"], misfit: ones, moves, angular: [true, false] });
    near(found.singularValues, [4, 0.5]);
  });

  test("at a single state the median counts, over the region the root mean square", async () => {
    // one direction, three states whose equations are missed by 0, 1 and 2: residual √(5/3), singular value 2 of each over it
    const found = await identified({ w: [[2]], misfit: [[0], [1], [2]], moves: [[1], [1], [-1]] });
    near(found.singularValues, [2 / Math.sqrt(5 / 3)]);
    expect(found.bound).toBeCloseTo(1 / 2, 6);
  });

  test("equations without any residual are all signal; without signal either, they are nothing", async () => {
    const none = ones.map(() => [0, 0]);
    expect((await identified({ w, misfit: none, moves: steps })).residualOverSignal).toBe(0);
    const still = await identified({ w, misfit: none, moves: none });
    expect(still.residualOverSignal).toBe(Number.POSITIVE_INFINITY);
    expect(still.verdict.usable).toBe(false);
  });

  test("what an equation sees may be said: an expectation's signal is not V(ŝ') − V(s)", async () => {
    const found = await identified({ w, critics: ["a", "b"], misfit: ones, moves: steps, evidence: { signal: Float64Array.of(2, 2) } });
    expect(found.residualOverSignal).toBeCloseTo(1 / 2, 6);
  });
});

describe("the verdict", () => {
  /** Both directions stand out of the residual by 1/ratio. */
  const seen = (ratio: number, evidence: Partial<ContinuousEvidence> = {}) =>
    identified({
      w: [
        [1, 0],
        [0, 1],
      ],
      critics: ["a", "b"],
      misfit: ones.map((row) => row.map((e) => ratio * e)),
      moves: steps,
      evidence,
    }).then(({ verdict }) => verdict);
  /** The second direction is not seen. */
  const half = (evidence: Partial<ContinuousEvidence>) =>
    identified({
      w: [
        [4, 0],
        [0, 0.5],
      ],
      critics: ["a", "b"],
      misfit: ones,
      moves: steps,
      evidence,
    }).then(({ verdict }) => verdict);

  test("all directions seen, a small residual: usable, and nothing is missing", async () => {
    expect(await seen(0.25)).toEqual({
      usable: true,
      sentence:
        "Usable: over the region the critic sees 2 of 2 directions of a typical step above its own error, residual is 25 % of signal.",
      help: [],
    });
  });

  test("a residual above 30 % of the signal asks for a longer training", async () => {
    expect((await seen(0.29)).help).toEqual([]);
    const { usable, help } = await seen(0.31);
    expect(usable).toBe(true);
    expect(help[0]).toBe("a critic trained for longer, or with a lower discount: its residual is large against what it sees");
    expect(help).toHaveLength(2);
  });

  test("a residual above 140 % of the signal is refused, whatever else holds", async () => {
    expect((await seen(1.39, { kinematic: true })).usable).toBe(true);
    expect(await seen(1.41, { kinematic: true })).toMatchObject({
      usable: false,
      sentence:
        'This critic cannot answer: its Bellman residual is 141 % of its signal, and the best model leaves 10 % of what "nothing moves" leaves.',
    });
  });

  test('a model that leaves 90 % of what "nothing moves" leaves is refused', async () => {
    expect((await seen(0.25, { costRatio: 0.89 })).usable).toBe(true);
    for (const costRatio of [0.9, 2, Number.NaN]) expect((await seen(0.25, { costRatio })).usable).toBe(false);
    expect((await seen(0.25, { costRatio: 0.95 })).sentence).toContain('the best model leaves 95 % of what "nothing moves" leaves');
  });

  test("rivals that explain the values as well and differ by more than 60 % of the change are told, and the answer is refused", async () => {
    expect((await seen(0.25, { disagreement: [0.59, 0.59] })).usable).toBe(true);
    expect(await seen(0.25, { disagreement: [0.61, 0.61] })).toMatchObject({
      usable: false,
      sentence:
        "Not to be trusted: models that explain the values about equally well differ by 61 % of the change they predict; over the region the critic sees 2 of 2 directions of a typical step above its own error.",
    });
    // the root mean square over coordinates, none of which counts for more than twice its change
    expect((await seen(0.25, { disagreement: [0.8, 0] })).usable).toBe(true);
    expect((await seen(0.25, { disagreement: [100, 0] })).sentence).toContain("differ by 141 % of the change");
    // a structure that supplies the rest does not excuse them
    expect((await half({ kinematic: true, disagreement: [0.7, 0.7] })).usable).toBe(false);
  });

  test("a direction that is not seen is refused, unless a structure supplies it; help names it", async () => {
    const alone = await half({ kinematic: false });
    expect(alone).toMatchObject({
      usable: false,
      sentence:
        "Not to be trusted: over the region the critic sees 1 of 2 directions of a typical step above its own error, and no structure supplies the rest.",
    });
    expect(alone.help[0]).toMatch(/^more heads that tell x1 apart/);
    expect(await half({ kinematic: true })).toMatchObject({
      usable: true,
      sentence:
        "Usable with its structure: over the region the critic sees 1 of 2 directions of a typical step above its own error; the assumed structure supplies the rest, and residual is 35 % of signal.",
    });
  });

  test("pair by pair no structure helps: every direction must be seen at a single state", async () => {
    const verdict = await half({ method: "pointwise", kinematic: true });
    expect(verdict).toMatchObject({
      usable: false,
      sentence:
        "This critic cannot answer pair by pair: at a single state the critic sees 1 of 2 directions of a typical step above its own error; the rest of every answer is the prior.",
    });
    expect(verdict.help.join()).toContain("asks many states together");
    expect((await seen(0.25, { method: "pointwise" })).sentence).toMatch(/^Usable: at a single state/);
  });

  test("a direction whose singular value is 1 is seen, one just below is not", async () => {
    expect((await seen(1)).sentence).toContain("sees 2 of 2 directions");
    expect((await seen(1.001)).sentence).toContain("sees 0 of 2 directions");
  });
});
