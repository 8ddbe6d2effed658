import type { OnProgress } from "../base/progress.ts";
import type { Tables } from "../environments/environment.ts";
import { gridWorld } from "../environments/grid-world.ts";
import { commonOffset } from "../inversion/tabular/common-offset.ts";
import { matchColumns } from "../inversion/tabular/matching.ts";
import { createRandom, type Random } from "../numbers/random.ts";
import { mean } from "../numbers/statistics.ts";
import { valueIteration } from "../planning/value-iteration.ts";
import type { Reproduce, Reproduction } from "./harness/reproduction.ts";
import { summariseSeeds } from "./harness/summary.ts";

/** Read off the published figure, ± .3: % of next states right when value iteration stops at a change of ε. */
const published = {
  epsilon: [1.5e-4, 3e-4, 1e-3, 1.9e-3, 5e-3, 1e-2, 2e-2, 5e-2, 9.5e-2],
  curves: [
    { delta: 0.0005, right: [100, 97.6, 96.2, 95, 92.3, 88.1, 79.5, 71.5, 67.9] },
    { delta: 0.01, right: [100, 99.8, 99.8, 99.7, 96.2, 91.5, 85.3, 76.2, 65.8] },
  ],
};
/** Stops at which the true error falls below the bound, so that the law is put to the test. */
const tight = [1e-7, 1e-6, 1e-5, 1e-4, 3e-4, 1e-3];

/** Grid, discount and seeds are not published. With these the plain rule gives nearly the published curves. */
const side = 5;
const discount = 0.9;
const mostReward = 5;
const worldsASeed = 20;
const seedCount = 3;
/** A world counts as δ-separated where its least gap is between δ and this times δ. */
const slack = 1.3;
const mostDraws = 60_000;

/**
 * Adamczyk 2025, figure 1: next states of a grid from values that are not converged. The plain rule is the paper's (nearest value); ours also takes off the one
 * constant by which unconverged values miss. Law: wherever the true sup error of V and Q is below δ / (2/γ + 2), every next state is right, under both rules.
 */
export const reproducePaperFigure: Reproduce = ({ seed, onProgress }) =>
  paperFigure(
    Array.from({ length: seedCount }, (_, k) => seed + k),
    worldsASeed,
    onProgress,
  );

/** @param worlds for each seed and δ */
export async function paperFigure(seeds: readonly number[], worlds: number, onProgress?: OnProgress): Promise<Reproduction> {
  const start = performance.now();
  const { tables } = gridWorld({ map: Array.from({ length: side }, () => ".".repeat(side)), goals: [] });
  const runs = seeds.map((own, k) => {
    const random = createRandom(own);
    const run = published.curves.map(({ delta }) => curve(tables, delta, worlds, random));
    onProgress?.(k + 1, seeds.length, `seed ${own}`);
    return run;
  });
  const { figures, ranges } = summariseSeeds(
    runs.map((run) => ({
      lawViolations: run.reduce((sum, { violations }) => sum + violations, 0),
      pointsBelowPublished: run.reduce((sum, { ours }, c) => sum + below(ours, published.curves[c].right), 0),
    })),
  );
  const over = (c: number, of: (entry: Curve) => readonly number[]) =>
    published.epsilon.map((_, e) => mean(runs.map((run) => of(run[c])[e])));
  const curves = published.curves.map(({ delta, right }, c) => ({
    delta,
    published: right,
    plainRule: over(c, (entry) => entry.plain),
    ours: over(c, (entry) => entry.ours),
    plainRulePointsBelowPublished: below(
      over(c, (entry) => entry.plain),
      right,
    ),
    lawCases: runs.map((run) => run[c].cases),
  }));
  const details = {
    epsilon: published.epsilon,
    curves,
    setting: { side, discount, rewards: `uniform in [0, ${mostReward}] a state`, worldsASeed: worlds, leastGap: [1, slack] },
  };
  const x = published.epsilon.map((epsilon) => Math.log10(epsilon));
  const charts = curves.map(({ delta, ours, plainRule, published: right }) => ({
    title: `Right next states, least gap δ = ${delta}`,
    text: "Against the change at which value iteration stops: the published curve, its rule run again, and ours.",
    x: "log₁₀ ε",
    y: "% right",
    series: [
      { name: "published", x, y: right },
      { name: "published rule, run again", x, y: plainRule },
      { name: "ours", x, y: ours },
    ],
  }));
  const { lawViolations, pointsBelowPublished } = figures;
  const claim = {
    holds: lawViolations === 0 && pointsBelowPublished === 0,
    text: `${pointsBelowPublished} of ${2 * x.length} points lie below the published curves; ${lawViolations} answers were wrong where the true error is below the bound.`,
  };
  return { figures, ranges, seeds, seconds: (performance.now() - start) / 1000, details, charts, claim };
}

interface Curve {
  /** % right at each ε */
  readonly plain: readonly number[];
  readonly ours: readonly number[];
  /** Worlds × stops at which the true error was below the bound, and wrong answers among them. */
  readonly cases: number;
  readonly violations: number;
}

function curve(tables: Tables, delta: number, worlds: number, random: Random): Curve {
  const plain = published.epsilon.map(() => 0);
  const ours = published.epsilon.map(() => 0);
  let cases = 0;
  let violations = 0;
  for (let world = 0; world < worlds; world++) {
    const { rewards, exact, gap } = separatedWorld(tables, delta, random);
    const bound = gap / (2 / discount + 2);
    const at = (epsilon: number) => {
      const rough = valueIteration(tables, { discount, rewards, tolerance: epsilon, stop: "change" });
      const right = inferred(tables, rewards, rough.q, rough.v);
      const error = Math.max(supDistance(rough.v, exact.v), supDistance(rough.q, exact.q)) + exact.errorBound;
      if (error < bound) {
        cases++;
        violations += 2 * right.pairs - right.plain - right.ours;
      }
      return right;
    };
    published.epsilon.forEach((epsilon, e) => {
      const right = at(epsilon);
      plain[e] += (100 * right.plain) / right.pairs / worlds;
      ours[e] += (100 * right.ours) / right.pairs / worlds;
    });
    tight.forEach(at);
  }
  return { plain: plain.map(tidy), ours: ours.map(tidy), cases, violations };
}

/** Rewards drawn until the least gap of the optimal values is δ, nearly. */
function separatedWorld(tables: Tables, delta: number, random: Random) {
  const { states, actions } = tables;
  for (let draw = 0; draw < mostDraws; draw++) {
    const ofState = Float64Array.from({ length: states }, () => mostReward * random.uniform());
    const rewards = Float64Array.from({ length: states * actions }, (_, k) => ofState[Math.floor(k / actions)]);
    if (!within(leastGap(valueIteration(tables, { discount, rewards, tolerance: delta / 50 }).v), delta)) continue;
    const exact = valueIteration(tables, { discount, rewards, tolerance: 1e-11 });
    const gap = leastGap(exact.v);
    if (within(gap, delta)) return { rewards, exact, gap };
  }
  throw new Error(`no world with a least gap of ${delta} in ${mostDraws} draws`);
}

function within(gap: number, delta: number): boolean {
  return gap >= delta && gap <= slack * delta;
}

function leastGap(values: Float64Array): number {
  const sorted = values.slice().sort();
  let least = Number.POSITIVE_INFINITY;
  for (let k = 1; k < sorted.length; k++) least = Math.min(least, sorted[k] - sorted[k - 1]);
  return least;
}

/** V(s') = (Q − r)/γ in the form of the paper, with and without the common offset; ties count as wrong. */
function inferred(tables: Tables, rewards: Float64Array, q: Float64Array, v: Float64Array) {
  const targets = q.map((x, k) => (x - rewards[k]) / discount);
  const offset = commonOffset(v, targets);
  const right = (shifted: Float64Array): number => {
    const found = matchColumns({ heads: 1, columns: v, targets: shifted });
    return found.nearest.reduce((sum, s, k) => sum + (s === tables.nextStates[k] && found.ties[k] === 1 ? 1 : 0), 0);
  };
  return { pairs: targets.length, plain: right(targets), ours: right(targets.map((t) => t + offset)) };
}

function supDistance(a: Float64Array, b: Float64Array): number {
  return a.reduce((most, x, k) => Math.max(most, Math.abs(x - b[k])), 0);
}

function below(own: readonly number[], theirs: readonly number[]): number {
  return own.filter((x, e) => x < theirs[e]).length;
}

/** Sums of hundredths. */
function tidy(x: number): number {
  return Math.round(x * 1e9) / 1e9;
}
