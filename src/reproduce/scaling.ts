import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { OnProgress } from "../base/progress.ts";
import { type ChunkedMatchProblem, matchInChunks } from "../inversion/tabular/match-in-chunks.ts";
import { type Matches, matchColumns } from "../inversion/tabular/matching.ts";
import { mean } from "../numbers/statistics.ts";
import { pythonPeer } from "./harness/python-peer.ts";
import type { Reproduce, Reproduction, ReproductionChart } from "./harness/reproduction.ts";
import { summariseSeeds } from "./harness/summary.ts";
import { countWrong, scalingTargets, scalingWorld } from "./scaling-world.ts";

const seedCount = 3;
const million = 1000;

export interface ScalingSettings {
  /** Sides of the square worlds, rising; the last is compared and timed. */
  readonly sides: readonly number[];
  /** Heads and side of the worlds whose matching is measured in memory. */
  readonly memory: readonly { readonly heads: number; readonly side: number }[];
}

/**
 * What matching costs: tables of up to a million states × 4 actions in grid worlds, one head and four, against SciPy's cKDTree on the same tables in the same run.
 * Times are processor seconds of the whole process, index included: helpers of the JavaScript engine count, waiting for a core does not.
 */
export const reproduceScaling: Reproduce = ({ seed, onProgress }) =>
  scaling(
    Array.from({ length: seedCount }, (_, k) => seed + k),
    {
      sides: [100, 178, 316, 562, million],
      memory: [
        { heads: 4, side: million },
        { heads: 1, side: 3163 },
        { heads: 1, side: million },
      ],
    },
    onProgress,
  );

export async function scaling(seeds: readonly number[], settings: ScalingSettings, onProgress?: OnProgress): Promise<Reproduction> {
  const start = performance.now();
  const folder = mkdtempSync(join(tmpdir(), "vinverse-scaling-"));
  const steps = seeds.length * (2 + settings.memory.length);
  let step = 0;
  const progress = (what: string) => onProgress?.(step++, steps, what);
  const perSeed: SeedResult[] = [];
  try {
    const runs: Record<string, number>[] = [];
    for (const seed of seeds) {
      progress(`seed ${seed}, one head`);
      const one = growth(settings.sides, 1, seed);
      progress(`seed ${seed}, four heads`);
      const four = growth(settings.sides, 4, seed);
      const versus = await compare(settings.sides.at(-1)!, seed, folder);
      const memory = settings.memory.map(({ heads, side }) => {
        progress(`seed ${seed}, memory of ${side * side} states × ${heads} heads`);
        return { heads, states: side * side, ...measureMemory(side, heads, seed, folder) };
      });
      perSeed.push({ seed, oneHead: one, fourHeads: four, versus, memory });
      const last = one.sizes.at(-1)!;
      runs.push({
        secondsPerMillionStates: last.seconds * (1e6 / last.states),
        growthExponent: Math.max(one.exponent, four.exponent),
        threadSpeedUp: versus.threads.speedUp,
        ...(versus.ratio !== undefined && { ratioToKdTree: versus.ratio }),
        ...(versus.ratioWithRunnerUp !== undefined && { ratioToKdTreeTwoNearest: versus.ratioWithRunnerUp }),
        ...(memory.length > 0 && { memoryOverTables: Math.max(...memory.map(overTables)) }),
        wrong: versus.wrong,
      });
    }
    onProgress?.(steps, steps, "done");
    const { figures, ranges } = summariseSeeds(runs);
    const details = {
      times: "processor seconds, index included; least of the repeats",
      growthExponent: "the greater of one head's and four heads'",
      ratioToKdTree: "nearest column alone on both sides (ours counts ties as well)",
      ratioToKdTreeTwoNearest: "with ties and the runner-up on our side, k = 2 on theirs",
      threadSpeedUp:
        "wall seconds on one thread over those on all cores, index included in both, interleaved; nothing is gained while other programs hold the cores",
      memoryOverTables:
        "resident peak of a process of its own, runtime included, over γV and Q − r; the greatest of the cases whose tables are more than the runtime alone (`before`)",
      wrong: "next states missed for the noise of .3 % of the spread of the values that the four heads have",
      perSeed,
    };
    return { figures, ranges, seeds, seconds: (performance.now() - start) / 1000, details, charts: [growthChart(perSeed[0])] };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface SeedResult {
  readonly seed: number;
  readonly oneHead: ReturnType<typeof growth>;
  readonly fourHeads: ReturnType<typeof growth>;
  readonly versus: Awaited<ReturnType<typeof compare>>;
  readonly memory: readonly (ReturnType<typeof measureMemory> & { readonly heads: number; readonly states: number })[];
}

function growthChart({ oneHead, fourHeads }: SeedResult): ReproductionChart {
  const line = (name: string, { sizes }: ReturnType<typeof growth>) => ({
    name,
    x: sizes.map(({ states }) => Math.log10(states)),
    y: sizes.map(({ seconds }) => seconds),
  });
  return {
    title: "Time over states",
    text: "Matching all pairs of a grid world, index included, ties and runner-up reported.",
    x: "log₁₀ states",
    y: "processor seconds",
    logarithmic: true,
    series: [line("one head", oneHead), line("four heads", fourHeads)],
  };
}

/** 0 where the runtime alone outweighs the tables: such a case says nothing of matching. */
function overTables({ before, peak, tables }: { readonly before: number; readonly peak: number; readonly tables: number }): number {
  return tables > before ? peak / tables : 0;
}

/** Processor and wall seconds. */
function timed<T>(work: () => T): { readonly seconds: number; readonly wall: number; readonly result: T } {
  const before = process.cpuUsage();
  const start = performance.now();
  const result = work();
  const { user, system } = process.cpuUsage(before);
  return { seconds: (user + system) / 1e6, wall: (performance.now() - start) / 1000, result };
}

/** log-log slope of the time over the states. */
function growth(sides: readonly number[], heads: number, seed: number) {
  const sizes = sides.map((side, k) => {
    const world = scalingWorld(side, heads, seed);
    const problem = { heads, columns: world.columns, targets: scalingTargets(world) };
    const repeats = Math.max(heads === 1 ? 3 : 1, Math.min(20, Math.round(400_000 / world.states)));
    // the first size also warms the code up
    if (k === 0) for (let r = 0; r < repeats; r++) matchColumns(problem);
    let seconds = Number.POSITIVE_INFINITY;
    let wall = Number.POSITIVE_INFINITY;
    for (let r = 0; r < repeats; r++) {
      const run = timed(() => matchColumns(problem));
      seconds = Math.min(seconds, run.seconds);
      wall = Math.min(wall, run.wall);
    }
    return { states: world.states, seconds, wall };
  });
  const x = sizes.map(({ states }) => Math.log(states));
  const y = sizes.map(({ seconds }) => Math.log(seconds));
  const [mx, my] = [mean(x), mean(y)];
  const exponent = x.reduce((sum, value, k) => sum + (value - mx) * (y[k] - my), 0) / x.reduce((sum, value) => sum + (value - mx) ** 2, 0);
  return { sizes, exponent };
}

interface PeerTimes {
  readonly build: number;
  readonly one: number;
  readonly two: number | null;
  readonly version: string;
}

const rounds = 2;
const threadRounds = 3;

/** Four heads: ours, theirs, ours, theirs; the least of each. */
async function compare(side: number, seed: number, folder: string) {
  const heads = 4;
  const world = scalingWorld(side, heads, seed);
  const targets = scalingTargets(world);
  const [columnsFile, targetsFile, answersFile] = ["columns", "targets", "answers"].map((name) => join(folder, name));
  writeFileSync(columnsFile, world.columns);
  writeFileSync(targetsFile, targets);
  const problem = { heads, columns: world.columns, targets };
  const ours: number[] = [];
  const theirs: PeerTimes[] = [];
  let answers: Matches | undefined;
  for (let round = 0; round < rounds; round++) {
    const run = timed(() => matchColumns({ ...problem, nearestOnly: true }));
    ours.push(run.seconds);
    answers = run.result;
    const peer = pythonPeer<PeerTimes>("scipy_kdtree.py", [
      columnsFile,
      targetsFile,
      String(heads),
      answersFile,
      round === 0 ? "two" : "one",
    ]);
    if (peer) theirs.push(peer);
  }
  const full = timed(() => matchColumns(problem));
  const threads = await compareThreads({
    ...problem,
    count: 4 * world.states,
    targets: (from, to, into) => into.set(targets.subarray(from * heads, to * heads)),
  });
  const least = (times: readonly number[]) => Math.min(...times);
  const nearest = answers!.nearest;
  const common = {
    states: world.states,
    ours: {
      nearest: ours,
      withTiesAndRunnerUp: full.seconds,
      wallWithTiesAndRunnerUp: full.wall,
    },
    threads,
    wrong: countWrong(side, nearest),
  };
  if (theirs.length === 0) return { ...common, ratio: undefined, ratioWithRunnerUp: undefined, scipy: "not installed" };
  const bytes = readFileSync(answersFile);
  const peerNearest = new Int32Array(bytes.buffer, bytes.byteOffset, nearest.length);
  return {
    ...common,
    scipy: theirs,
    disagreements: nearest.reduce((sum, s, k) => sum + (s === peerNearest[k] ? 0 : 1), 0),
    ratio: least(theirs.map(({ build, one }) => build + one)) / least(ours),
    ratioWithRunnerUp: (theirs[0].build + theirs[0].two!) / full.seconds,
  };
}

/** One thread, all cores, one thread, all cores: wall seconds of whole runs, index included, the least of each. A machine that does other work meanwhile shows it here. */
async function compareThreads(problem: ChunkedMatchProblem) {
  const cores = availableParallelism();
  const walls: [number, number][] = [];
  for (let round = 0; round < threadRounds; round++) {
    const pair: number[] = [];
    for (const threads of [1, cores]) {
      const start = performance.now();
      await matchInChunks({ ...problem, threads }, () => {});
      pair.push((performance.now() - start) / 1000);
    }
    walls.push([pair[0], pair[1]]);
  }
  const [one, all] = [0, 1].map((k) => Math.min(...walls.map((pair) => pair[k])));
  return { cores, walls, speedUp: one / all };
}

function measureMemory(side: number, heads: number, seed: number, folder: string) {
  const files = ["memory-columns", "memory-targets"].map((name) => join(folder, name));
  const world = scalingWorld(side, heads, seed);
  writeFileSync(files[0], world.columns);
  writeFileSync(files[1], scalingTargets(world));
  const isSource = import.meta.url.endsWith(".ts");
  const script = fileURLToPath(new URL(isSource ? "./scaling-memory.ts" : "./scaling-memory.js", import.meta.url));
  const loader = isSource ? ["--import", "tsx", "--conditions=vinverse-source"] : [];
  const child = spawnSync(process.execPath, [...loader, script, ...files, String(heads), String(world.states), "1"], { encoding: "utf8" });
  if (child.status !== 0) throw new Error(`measuring memory failed: ${child.stderr}`);
  return JSON.parse(child.stdout) as { readonly before: number; readonly peak: number; readonly tables: number; readonly seconds: number };
}
