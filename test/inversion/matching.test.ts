import { describe, expect, test } from "vitest";
import { consistentStates } from "../../src/inversion/tabular/consistent.ts";
import { type MatchProblem, matchColumns } from "../../src/inversion/tabular/matching.ts";
import { createRandom, type Random } from "../../src/numbers/random.ts";

interface Answer {
  readonly nearest: number;
  readonly distance: number;
  readonly runnerUp: number;
  readonly tied: number[];
}

function bruteForce(problem: MatchProblem, k: number, tolerance: number): Answer {
  const { heads, columns, targets, mask, candidates } = problem;
  const states = columns.length / heads;
  const set = candidates ? Math.floor(k / candidates.queriesPerSet) : 0;
  const pool = candidates
    ? Array.from(candidates.states.subarray(candidates.offsets[set], candidates.offsets[set + 1]))
    : Array.from({ length: states }, (_, s) => s);
  const all = pool.map((state) => {
    let sum = 0;
    let share = 0;
    for (let i = 0; i < heads; i++) {
      if (mask && !mask[k * heads + i]) continue;
      const w = problem.weights?.[i] ?? 1;
      sum += w * (columns[state * heads + i] - targets[k * heads + i]) ** 2;
      share += w;
    }
    return { state, distance: share > 0 ? Math.sqrt(sum / share) : Number.NaN };
  });
  all.sort((a, b) => a.distance - b.distance || a.state - b.state);
  if (all.length === 0 || Number.isNaN(all[0].distance))
    return { nearest: -1, distance: Number.NaN, runnerUp: Number.POSITIVE_INFINITY, tied: [] };
  const limit = all[0].distance + tolerance;
  return {
    nearest: all[0].state,
    distance: all[0].distance,
    runnerUp: all.find((c) => c.distance > limit)?.distance ?? Number.POSITIVE_INFINITY,
    tied: all.filter((c) => c.distance <= limit).map((c) => c.state),
  };
}

/** Values on a coarse lattice, so that ties are everywhere; queries fall between. A quarter off the lattice so that rounding cannot decide a tie. */
function randomProblem(random: Random, heads: number, options: { mask?: boolean; candidates?: boolean; weights?: boolean }): MatchProblem {
  const states = 1 + random.integer(80);
  const actions = 1 + random.integer(4);
  const lattice = 1 + random.integer(6);
  const value = () => random.integer(lattice);
  const columns = Float64Array.from({ length: states * heads }, value);
  const targets = Float64Array.from({ length: states * actions * heads }, () => value() + (random.integer(3) - 1) / 4);
  const offsets = new Int32Array(states + 1);
  const list: number[] = [];
  for (let s = 0; s < states; s++) {
    for (let c = 0; c < states; c++) if (random.uniform() < 0.2) list.push(c);
    offsets[s + 1] = list.length;
  }
  return {
    heads,
    columns,
    targets,
    tolerance: [0, 1e-9, 0.3][random.integer(3)] + 1e-12,
    weights: options.weights ? Array.from({ length: heads }, () => 2 ** random.integer(3)) : undefined,
    mask: options.mask ? Uint8Array.from({ length: targets.length }, () => random.integer(2)) : undefined,
    candidates: options.candidates ? { offsets, states: Int32Array.from(list), queriesPerSet: actions } : undefined,
  };
}

describe("matching equals brute force", () => {
  test.each([
    ["one head: sorted search", 1, {}],
    ["one head, masked", 1, { mask: true }],
    ["k-d tree", 3, {}],
    ["k-d tree, weighted", 4, { weights: true }],
    ["k-d tree, masked and weighted", 5, { mask: true, weights: true }],
    ["more heads than states", 104, {}],
    ["candidate sets", 2, { candidates: true }],
    ["candidate sets, masked and weighted", 3, { candidates: true, mask: true, weights: true }],
  ] as const)("%s", (_, heads, options) => {
    const random = createRandom(heads);
    let ambiguous = 0;
    for (let trial = 0; trial < (heads > 50 ? 20 : 40); trial++) {
      const problem = randomProblem(random, heads, options);
      const matches = matchColumns(problem);
      for (let k = 0; k < matches.nearest.length; k++) {
        const truth = bruteForce(problem, k, matches.tolerance);
        if (truth.nearest < 0) {
          expect(matches.nearest[k]).toBe(-1);
          expect(matches.ties[k]).toBe(0);
          continue;
        }
        expect(matches.distance[k]).toBeCloseTo(truth.distance, 10);
        if (Number.isFinite(truth.runnerUp)) expect(matches.runnerUp[k]).toBeCloseTo(truth.runnerUp, 10);
        else expect(matches.runnerUp[k]).toBe(truth.runnerUp);
        expect(matches.ties[k]).toBe(truth.tied.length);
        expect(Array.from(matches.tied(k)).sort((a, b) => a - b)).toEqual(truth.tied.sort((a, b) => a - b));
        if (truth.tied.length === 1) expect(matches.nearest[k]).toBe(truth.nearest);
        else if (truth.tied.length > 1) {
          expect(truth.tied).toContain(matches.nearest[k]);
          ambiguous++;
        }
      }
    }
    expect(ambiguous).toBeGreaterThan(heads > 50 ? 0 : 20);
  });

  test("large one-head tables go through the radix sort", () => {
    const random = createRandom(3);
    const columns = Float64Array.from({ length: 20_000 }, () => random.normal() * 10 ** (random.integer(9) - 4));
    const targets = columns.filter((_, s) => s % 50 === 0);
    const matches = matchColumns({ heads: 1, columns, targets, tolerance: 0 });
    for (let k = 0; k < targets.length; k++) expect(matches.nearest[k]).toBe(50 * k);
    const between = matchColumns({ heads: 1, columns, targets: Float64Array.of(-1e9, 1e9), tolerance: 0 });
    expect(columns[between.nearest[0]]).toBe(Math.min(...columns));
    expect(columns[between.nearest[1]]).toBe(Math.max(...columns));
  });

  test.each([2, 4, 11, 13])("%i heads over thousands of states, near columns and far from all", (heads) => {
    const random = createRandom(heads);
    const states = 3000;
    const place = Array.from({ length: states }, () => [random.normal(), random.normal()]);
    const columns = Float64Array.from({ length: states * heads }, (_, k) => {
      const [x, y] = place[Math.floor(k / heads)];
      return Math.sin((k % heads) * x + y) + (k % heads) * y;
    });
    columns.copyWithin(0, heads * 100, heads * 110);
    const targets = Float64Array.from({ length: 50 * heads }, (_, k) => {
      const state = 28 * Math.floor(k / heads) + (Math.floor(k / heads) % 4);
      return columns[state * heads + (k % heads)] + random.normal() * [0, 1e-3, 0.1, 5][state % 4];
    });
    const problem = { heads, columns, targets, tolerance: 0.01 };
    const matches = matchColumns(problem);
    const fast = matchColumns({ ...problem, nearestOnly: true });
    for (let k = 0; k < 50; k++) {
      const truth = bruteForce(problem, k, 0.01);
      expect(matches.nearest[k]).toBe(truth.nearest);
      expect(fast.nearest[k]).toBe(truth.nearest);
      expect(matches.distance[k]).toBeCloseTo(truth.distance, 12);
      expect(matches.runnerUp[k]).toBeCloseTo(truth.runnerUp, 12);
      expect(Array.from(matches.tied(k))).toEqual(truth.tied);
      expect(fast.ties[k]).toBe(truth.tied.length);
    }
  });

  test("the nearest alone is the same answer", () => {
    const random = createRandom(8);
    const problem = randomProblem(random, 4, {});
    const full = matchColumns(problem);
    const fast = matchColumns({ ...problem, nearestOnly: true });
    expect(fast.nearest).toEqual(full.nearest);
    expect(fast.ties).toEqual(full.ties);
  });
});

test("consistent states are exactly those within every head's bound", () => {
  const random = createRandom(5);
  for (let trial = 0; trial < 50; trial++) {
    const problem = randomProblem(random, 3, { mask: true });
    const bounds = [0.3, 1.3, 2.3];
    const open = consistentStates(problem, bounds);
    const { columns, targets, mask } = problem;
    for (let k = 0; k < targets.length / 3; k++) {
      const expected: number[] = [];
      for (let s = 0; s < columns.length / 3; s++)
        if ([0, 1, 2].every((i) => !mask![k * 3 + i] || Math.abs(columns[s * 3 + i] - targets[k * 3 + i]) <= bounds[i])) expected.push(s);
      expect(Array.from(open.states.subarray(open.offsets[k], open.offsets[k + 1]))).toEqual(expected);
    }
  }
});
