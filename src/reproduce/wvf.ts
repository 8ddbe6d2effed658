import { bellmanColumns, bellmanTargets } from "../bellman/tabular.ts";
import type { TabularCritic } from "../critics/critic.ts";
import { fourRooms104Map } from "../environments/four-rooms.ts";
import { moves } from "../environments/grid-world.ts";
import { loadCritic } from "../formats/index.ts";
import { consistentStates } from "../inversion/tabular/consistent.ts";
import { type CandidateSets, type MatchProblem, matchColumns } from "../inversion/tabular/matching.ts";
import { pseudoInverse } from "../inversion/tabular/pseudo-inverse.ts";
import { createRandom, type Random } from "../numbers/random.ts";
import { mean, median } from "../numbers/statistics.ts";
import { pythonPeer } from "./harness/python-peer.ts";
import type { Reproduce } from "./harness/reproduction.ts";
import { summariseSeeds } from "./harness/summary.ts";

const seedCount = 3;
const subsetsASeed = 20;
const goalCounts = [1, 4, 8, 20];
/** Among all states, among neighbours. */
const publishedShares = { 1: [0.18, 0.67], 4: [0.74, 0.87], 8: [0.86, 0.93], 20: [0.97, 0.98] } as const;
/** A value learned by full backups of a reward of −.1 a step may lag by one step: what a subset of goals alone lets one assume of its error. */
const oneStep = 0.1 + 1e-9;
/** Values are sums of steps of .1 in double precision. */
const tolerance = 1e-9;

/**
 * World value functions (Nangue Tasse et al. 2022), their table: next states of the 104 × 4 moves from all goals and from few, matching against their pseudo-inverse.
 * `done` ends the episode, so no state follows it and it is left out; a move into a wall stays.
 */
export const reproduceWvf: Reproduce = async ({ critics, seed, onProgress }) => {
  const start = performance.now();
  const path = `${critics ?? "."}/WVF.npy`;
  const critic = await loadCritic(path);
  if (critic.kind !== "tabular" || !critic.stateNames)
    throw new TypeError(`${path}: not a world value function; give the folder that holds WVF.npy`);
  const world = trueMoves(critic);
  const problem = moveProblem(critic);
  const all = count(problem, world.next);
  const total = seedCount + 1;
  onProgress?.(1, total, "all goals");

  const seeds = Array.from({ length: seedCount }, (_, k) => seed + k);
  const runs = seeds.map((own, k) => {
    const random = createRandom(own);
    const few = goalCounts.map((goals) => fewGoals(problem, world, goals, random));
    onProgress?.(k + 2, total, `seed ${own}`);
    return { few, candidateMisses: few.reduce((sum, entry) => sum + entry.candidateMisses, 0) };
  });
  const speed = timePair(problem);
  const { figures, ranges } = summariseSeeds(
    runs.map(({ candidateMisses }) => ({
      correct: all.right,
      tied: all.tied,
      candidateMisses,
      // without NumPy there is nothing published to hold it against: our own SVD is far slower than LAPACK's
      ...(speed.numpy && { speedupOverPseudoInverse: speed.numpy.secondsPerPair / speed.matchingSeconds }),
    })),
  );
  const few = goalCounts.map((goals, g) => {
    const entries = runs.map((run) => run.few[g]);
    const average = (of: (entry: FewGoals) => number) => mean(entries.map(of));
    return {
      goals,
      everyState: {
        right: average((e) => e.all.expected),
        tiedRight: average((e) => e.all.among),
        alone: average((e) => e.all.right),
        meanTies: average((e) => e.all.meanTies),
      },
      neighbours: {
        right: average((e) => e.near.expected),
        tiedRight: average((e) => e.near.among),
        alone: average((e) => e.near.right),
        meanTies: average((e) => e.near.meanTies),
      },
      candidateSetSize: average((e) => e.candidateSize),
    };
  });
  const percent = (list: readonly number[]) => list.map((x) => 100 * x);
  const publishedRight = Object.values(publishedShares);
  const charts = [
    {
      title: "Right next states from few goals",
      text: "Ties broken at random, among all states and among neighbours, beside what is published.",
      x: "goals",
      y: "% right",
      series: [
        { name: "published, all states", x: goalCounts, y: percent(publishedRight.map(([every]) => every)) },
        { name: "ours, all states", x: goalCounts, y: percent(few.map(({ everyState }) => everyState.right)) },
        { name: "published, neighbours", x: goalCounts, y: percent(publishedRight.map(([, near]) => near)) },
        { name: "ours, neighbours", x: goalCounts, y: percent(few.map(({ neighbours }) => neighbours.right)) },
      ],
    },
  ];
  const claim = {
    holds: figures.correct === world.next.length && figures.candidateMisses === 0,
    text: `${figures.correct} of ${world.next.length} moves are right with all goals; with fewer, the true state was left out of the candidate set ${figures.candidateMisses} times.`,
  };
  const details = {
    pairs: world.next.length,
    worstResidual: all.worst,
    pseudoInverseCorrect: pseudoInverseRight(problem, world.next),
    fewGoals: few,
    shares:
      "of 416 moves; right: expected when ties are broken at random; tiedRight: the true state is in the tie; alone: it is the only answer",
    subsetsASeed,
    candidateSet: "states within one step (.1) of the target under every goal",
    published: {
      pseudoInverseCorrect: 415,
      millisecondsAPair: 20,
      right: publishedShares,
    },
    speed,
  };
  return { figures, ranges, seeds, seconds: (performance.now() - start) / 1000, details, charts, claim };
};

interface TrueMoves {
  /** [states · 4] */
  readonly next: Int32Array;
  /** The state itself and its neighbours. */
  readonly neighbours: CandidateSets;
}

function trueMoves(critic: TabularCritic): TrueMoves {
  const cells = critic.stateNames!.map((name) => JSON.parse(name) as [number, number]);
  const numberOf = new Map(cells.map(([row, column], s) => [row * 100 + column, s]));
  const free = fourRooms104Map.join("").replaceAll("1", "").length;
  if (cells.length !== free || cells.some(([row, column]) => fourRooms104Map[row]?.[column] === "1"))
    throw new RangeError(`critic ${critic.name}: its states are not the ${free} free cells of the map`);
  const next = new Int32Array(cells.length * moves.length);
  const offsets = new Int32Array(cells.length + 1);
  const states: number[] = [];
  cells.forEach(([row, column], s) => {
    const reached = moves.map(([down, right]) => numberOf.get((row + down) * 100 + column + right) ?? s);
    next.set(reached, s * moves.length);
    states.push(...new Set([s, ...reached]));
    offsets[s + 1] = states.length;
  });
  return { next, neighbours: { offsets, states: Int32Array.from(states), queriesPerSet: moves.length } };
}

/** Columns and the targets of the moves, `done` left out. */
function moveProblem(critic: TabularCritic): MatchProblem {
  const heads = critic.heads.length;
  const every = bellmanTargets(critic, critic.rewards);
  const targets = new Float64Array(critic.states * moves.length * heads);
  for (let s = 0; s < critic.states; s++) {
    const from = s * critic.actions * heads;
    targets.set(every.subarray(from, from + moves.length * heads), s * moves.length * heads);
  }
  return { heads, columns: bellmanColumns(critic), targets, tolerance };
}

function onGoals(problem: MatchProblem, goals: Int32Array): MatchProblem {
  const pick = (rows: Float64Array) =>
    Float64Array.from(
      { length: (rows.length / problem.heads) * goals.length },
      (_, k) => rows[Math.floor(k / goals.length) * problem.heads + goals[k % goals.length]],
    );
  return { ...problem, heads: goals.length, columns: pick(problem.columns), targets: pick(problem.targets) };
}

function count(problem: MatchProblem, next: Int32Array) {
  const found = matchColumns(problem);
  let right = 0;
  let among = 0;
  let expected = 0;
  let tied = 0;
  next.forEach((state, k) => {
    if (found.ties[k] > 1) tied++;
    if (!found.tied(k).includes(state)) return;
    among++;
    expected += 1 / found.ties[k];
    if (found.ties[k] === 1) right++;
  });
  return { right, among, expected, tied, meanTies: mean(Array.from(found.ties)), worst: Math.max(...found.distance) };
}

/** The published rule: the largest entry of M⁺q. */
function pseudoInverseRight(problem: MatchProblem, next: Int32Array): number {
  const inverse = pseudoInverse(problem.columns, problem.heads);
  return next.reduce((sum, state, k) => {
    const p = inverse.solve(problem.targets.slice(k * problem.heads, (k + 1) * problem.heads));
    return sum + (p.indexOf(Math.max(...p)) === state ? 1 : 0);
  }, 0);
}

interface FewGoals {
  readonly all: ReturnType<typeof shares>;
  readonly near: ReturnType<typeof shares>;
  readonly candidateMisses: number;
  readonly candidateSize: number;
}

function fewGoals(problem: MatchProblem, world: TrueMoves, goals: number, random: Random): FewGoals {
  const all: ReturnType<typeof count>[] = [];
  const near: ReturnType<typeof count>[] = [];
  let candidateMisses = 0;
  let candidates = 0;
  for (let subset = 0; subset < subsetsASeed; subset++) {
    const some = onGoals(problem, random.permutation(problem.heads).subarray(0, goals));
    all.push(count(some, world.next));
    near.push(count({ ...some, candidates: world.neighbours }, world.next));
    const open = consistentStates(some, new Float64Array(goals).fill(oneStep));
    world.next.forEach((state, k) => {
      if (!open.states.subarray(open.offsets[k], open.offsets[k + 1]).includes(state)) candidateMisses++;
    });
    candidates += open.states.length;
  }
  return {
    all: shares(all, world.next.length),
    near: shares(near, world.next.length),
    candidateMisses,
    candidateSize: candidates / (subsetsASeed * world.next.length),
  };
}

function shares(counts: readonly ReturnType<typeof count>[], pairs: number) {
  const of = (value: (c: ReturnType<typeof count>) => number) => mean(counts.map(value));
  return {
    right: of((c) => c.right) / pairs,
    among: of((c) => c.among) / pairs,
    expected: of((c) => c.expected) / pairs,
    meanTies: of((c) => c.meanTies),
  };
}

/** Seconds a pair: matching all pairs, index included, against a pseudo-inverse computed anew for every pair, as published (NumPy on one thread, where a Python has it). */
function timePair(problem: MatchProblem) {
  const pairs = problem.targets.length / problem.heads;
  const matching: number[] = [];
  for (let run = 0; run < 60; run++) {
    const start = performance.now();
    matchColumns(problem);
    matching.push((performance.now() - start) / 1000 / pairs);
  }
  const own: number[] = [];
  for (let k = 0; k < 5; k++) {
    const start = performance.now();
    pseudoInverse(problem.columns, problem.heads).solve(problem.targets.slice(k * problem.heads, (k + 1) * problem.heads));
    own.push((performance.now() - start) / 1000);
  }
  return { matchingSeconds: median(matching), ownPseudoInverseSeconds: median(own), numpy: numpyPair(problem, 40) };
}

function numpyPair(problem: MatchProblem, pairs: number): { readonly secondsPerPair: number; readonly version: string } | undefined {
  const rows = (table: Float64Array, n: number) =>
    Array.from({ length: n }, (_, k) => Array.from(table.subarray(k * problem.heads, (k + 1) * problem.heads)));
  const input = JSON.stringify({
    columns: rows(problem.columns, problem.columns.length / problem.heads),
    targets: rows(problem.targets, pairs),
  });
  return pythonPeer("numpy_pinv.py", [], input);
}
