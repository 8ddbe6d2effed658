import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { projectInChunks } from "../inversion/tabular/project-in-chunks.ts";
import { projectColumns } from "../inversion/tabular/projection.ts";
import { reachable } from "./four-rooms.ts";
import { pythonPeer } from "./harness/python-peer.ts";
import type { Reproduce, Reproduction } from "./harness/reproduction.ts";
import { summariseSeeds } from "./harness/summary.ts";
import { mazeError, mazeTargets, type SlipperyMaze, slipperyMaze } from "./slippery-maze.ts";

const SEEDS = 3;
const HEADS = 8;
/** Where the states that may follow are known. */
const KNOWN_HEADS = 4;
/** Sides of the mazes: 10⁴ states a seed, and one of 10⁵. */
const SIDES = { small: 141, large: 441 };
/** Targets that the peer is asked for. */
const PEER_TARGETS = 20;
/** Σ |p̂ − p| above this is a wrong answer. */
const WRONG = 1e-6;

/**
 * Next states of slippery mazes from eight heads, no support known, four actions, three next states each at most: how many distributions come back, how many of those that do not are said to be sure,
 * what it takes, and beside it SciPy's non-negative least squares a target, which finds some distribution that fits.
 */
export const reproduceFewNextStates: Reproduce = async ({ seed, onProgress }): Promise<Reproduction> => {
  const start = performance.now();
  const seeds = Array.from({ length: SEEDS }, (_, k) => seed + k);
  const total = SEEDS + 10;
  const details: unknown[] = [];
  const runs: Record<string, number>[] = [];
  for (const [k, own] of seeds.entries()) {
    const maze = slipperyMaze(SIDES.small, HEADS, own);
    const found = await recover(maze, (share) => onProgress?.(k + share, total, `seed ${own}: ${maze.tables.states} states`));
    const peer = k === 0 ? nnlsPeer(maze) : undefined;
    const known = withKnownSupport(slipperyMaze(SIDES.small, KNOWN_HEADS, own));
    details.push({ seed: own, ...found, peer, known });
    runs.push({
      unresolvedShare: found.wrong / found.pairs,
      falselySure: found.falselySure,
      microsecondsPerPair: found.microsecondsPerPair,
      knownSupportWrong: known.wrong,
      knownSupportMicrosecondsPerPair: known.microsecondsPerPair,
      ...(peer && { ratioToNonNegativeLeastSquares: (1e6 * peer.seconds) / found.microsecondsPerPair }),
    });
  }
  const large = slipperyMaze(SIDES.large, HEADS, seed);
  const found = await recover(large, (share) => onProgress?.(SEEDS + 10 * share, total, `${large.tables.states} states`));
  details.push({ seed, ...found });
  const { figures, ranges } = summariseSeeds(runs.map(({ ratioToNonNegativeLeastSquares: _, ...run }) => run));
  const ratio = runs[0].ratioToNonNegativeLeastSquares;
  return {
    figures: {
      ...figures,
      ...(ratio !== undefined && { ratioToNonNegativeLeastSquares: ratio }),
      largeStates: found.states,
      largeUnresolvedShare: found.wrong / found.pairs,
      largeFalselySure: found.falselySure,
      largeMicrosecondsPerPair: found.microsecondsPerPair,
      largePeakMegabytes: found.peakMegabytes,
    },
    ranges,
    seeds,
    seconds: (performance.now() - start) / 1000,
    details: {
      heads: HEADS,
      times: "processor seconds of all threads, index included",
      wrong: "Σ |p̂ − p| > 1e-6; those not falsely sure are flagged as ambiguous in a model",
      runs: details,
    },
  };
};

async function recover(maze: SlipperyMaze, onProgress: (share: number) => void) {
  const { heads, columns, tables } = maze;
  const { states, actions } = tables;
  const width = heads + 1;
  const found = { wrong: 0, falselySure: 0, unsure: 0 };
  const before = process.cpuUsage();
  const start = performance.now();
  await projectInChunks(
    {
      heads,
      columns,
      count: states * actions,
      actions,
      targets: (from, to, into) => mazeTargets(maze, from, to, into),
      onProgress: (done, total) => onProgress(done / total),
    },
    (part) => {
      for (let k = 0; k < part.to - part.from; k++) {
        const from = k * width;
        const to = from + part.counts[k];
        const error = mazeError(maze, part.from + k, part.states.subarray(from, to), part.probabilities.subarray(from, to));
        if (error > WRONG) found.wrong++;
        if (error > WRONG && part.sure[k]) found.falselySure++;
        if (!part.sure[k]) found.unsure++;
      }
    },
  );
  const { user, system } = process.cpuUsage(before);
  return {
    states,
    pairs: states * actions,
    ...found,
    seconds: (performance.now() - start) / 1000,
    microsecondsPerPair: (user + system) / (states * actions),
    peakMegabytes: process.resourceUsage().maxRSS / 1024,
  };
}

/** Every state with those that follow it under any action as candidates of all its actions. */
function withKnownSupport(maze: SlipperyMaze) {
  const { heads, columns, tables } = maze;
  const { states, actions } = tables;
  const targets = new Float64Array(states * actions * heads);
  mazeTargets(maze, 0, states * actions, targets);
  const candidates = reachable(tables);
  const before = process.cpuUsage();
  const { offsets, states: found, probabilities } = projectColumns({ heads, columns, targets, candidates });
  const { user, system } = process.cpuUsage(before);
  let wrong = 0;
  for (let k = 0; k < states * actions; k++) {
    const [from, to] = [offsets[k], offsets[k + 1]];
    if (mazeError(maze, k, found.subarray(from, to), probabilities.subarray(from, to)) > WRONG) wrong++;
  }
  return { heads, wrong, microsecondsPerPair: (user + system) / (states * actions) };
}

function nnlsPeer(maze: SlipperyMaze) {
  const folder = mkdtempSync(join(tmpdir(), "vinverse-nnls-"));
  try {
    const targets = new Float64Array(PEER_TARGETS * maze.heads);
    const first = (maze.tables.states >> 1) * maze.tables.actions;
    mazeTargets(maze, first, first + PEER_TARGETS, targets);
    const files = ["columns", "targets"].map((name) => join(folder, name));
    writeFileSync(files[0], maze.columns);
    writeFileSync(files[1], targets);
    return pythonPeer<{ readonly seconds: number; readonly worst: number; readonly states: number }>("scipy_nnls.py", [
      ...files,
      String(maze.heads),
    ]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
