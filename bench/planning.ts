import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import type { Tables } from "../src/environments/environment.ts";
import { gridWorld } from "../src/environments/grid-world.ts";
import { buildTables } from "../src/environments/tables.ts";
import { createRandom } from "../src/numbers/random.ts";
import { median } from "../src/numbers/statistics.ts";
import { allocateIntegers, allocateReals, foldedSizes, foldTables, ownMemory } from "../src/planning/fold.ts";
import { policyIteration } from "../src/planning/policy-iteration.ts";
import { createSweeps, type FoldedTables, type Sweeps } from "../src/planning/sweeps.ts";
import { createArena } from "../src/planning/sweeps-wasm.ts";
import { type Bench, summarise } from "./bench.ts";
import { type Peer, startPeer } from "./peers/peer.ts";
import { planningByShooting } from "./planning-shooting.ts";

const STATES = 1_000_000;
const SIDE = 1000;
const ROUNDS = 3;
/** Rows and columns from goal to goal. */
const GOALS_APART = 100;
const settings = { discount: 0.95, tolerance: 1e-4 };

/**
 * Planning in 10^6 states × 4 actions with three outcomes a pair, to a proven error of 1e-4, against SciPy's sparse product in turn: a windy grid that pays for its
 * goal, one that charges every step, and a world without geometry (Garnet: Archibald et al. 1995). The ratio is that of the worst of the three.
 */
export const planning: Bench = async ({ seeds, log }) => {
  const begun = performance.now();
  const details: Record<string, unknown> = { rounds: ROUNDS, ...settings, cpu: cpus()[0]?.model, cores: cpus().length };
  const peer = startPeer({ script: "scipy_value_iteration.py", modules: ["numpy", "scipy"] }, log);
  const folder = mkdtempSync(join(tmpdir(), "vinverse-bench-"));
  const runs: Record<string, number>[] = [];
  try {
    for (const seed of seeds) runs.push({ ...(await runSeed(seed, peer, folder, details, log)), ...(await planningByShooting(seed)) });
  } finally {
    peer?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  return { name: "planning", ...summarise(runs), seeds, seconds: (performance.now() - begun) / 1000, details };
};

async function runSeed(
  seed: number,
  peer: Peer | undefined,
  folder: string,
  details: Record<string, unknown>,
  log: (line: string) => void,
): Promise<Record<string, number>> {
  const ratios: number[] = [];
  const bounds: number[] = [];
  const table: Record<string, unknown> = {};
  for (const [name, build] of Object.entries(worlds)) {
    const tables = build(seed);
    const arena = createArena([...foldedSizes(tables), 8 * tables.states, 4 * tables.states], false);
    const allocate = arena?.allocate ?? ownMemory;
    const folded = foldTables(tables, tables.rewards, settings.discount, undefined, allocate);
    const v = allocateReals(allocate, folded.states).fill(1);
    const choice = allocateIntegers(allocate, folded.states);
    const sweeps = createSweeps(folded, arena);
    const own = join(folder, `${seed}-${name}`);
    write(own, folded);
    const times = { one: [] as number[], two: [] as number[], scipy: [] as number[], sweep: [] as number[], copy: [] as number[] };
    let found = policyIteration(tables, settings);
    let peerSweeps: unknown;
    for (let round = 0; round < ROUNDS; round++) {
      times.one.push(timed(() => (found = policyIteration(tables, settings))));
      const start = performance.now();
      await policyIteration(tables, { ...settings, threads: 2 });
      times.two.push((performance.now() - start) / 1000);
      times.sweep.push(sweepSeconds(sweeps, v, choice));
      times.copy.push(copyRate());
      const answer = await peer?.ask({ folder: own, states: tables.states, actions: tables.actions, ...settings });
      if (!answer) continue;
      times.scipy.push(answer.seconds as number);
      peerSweeps = answer.sweeps;
      const apart = Math.max(...(answer.v as number[]).map((x, s) => Math.abs(x - found.v[s])));
      if (apart > 2 * settings.tolerance) throw new Error(`${name}: SciPy's values lie ${apart} away from ours`);
    }
    rmSync(own, { recursive: true });
    const best = Math.min(...times.one, ...times.two);
    const bytes = 12 * folded.next.length + 8 * folded.constant.length + 4 * folded.offsets.length + 24 * folded.states;
    const bound = bytes / Math.max(...times.copy);
    const perSweep = Math.min(...times.sweep);
    bounds.push(perSweep / bound);
    if (times.scipy.length > 0) ratios.push(Math.min(...times.scipy) / best);
    table[name] = {
      seconds: { oneThread: median(times.one), twoThreads: median(times.two), scipy: times.scipy.length ? median(times.scipy) : undefined },
      sweeps: { ours: found.swept, improvements: found.improved, scipy: peerSweeps },
      secondsOfASweep: perSweep,
      bytesOfASweep: bytes,
      bytesASecondCopied: Math.max(...times.copy),
      ratioToScipy: ratios[bounds.length - 1],
      timesBandwidthBound: perSweep / bound,
    };
    log(`seed ${seed}, ${name}: ${JSON.stringify(table[name])}`);
  }
  details[`seed ${seed}`] = table;
  const random = table.random as { timesBandwidthBound: number };
  return {
    ...(ratios.length > 0 ? { valueIterationRatioToNumPy: Math.min(...ratios) } : {}),
    timesBandwidthBound: Math.max(...bounds.slice(0, 2)),
    timesBandwidthBoundWithoutLocality: random.timesBandwidthBound,
  };
}

const worlds: Readonly<Record<string, (seed: number) => Tables>> = {
  goal: (seed) => gridWorld({ map: mapOf(seed), variant: "windy" }).tables,
  steps: (seed) => gridWorld({ map: mapOf(seed), variant: "windy", stepReward: -1, goalReward: 0 }).tables,
  random(seed) {
    const random = createRandom(seed);
    return buildTables(STATES, 4, 0, (_s, _a, add) => {
      const reward = random.uniform();
      const cut = [random.uniform(), random.uniform()].sort((x, y) => x - y);
      for (const p of [cut[0], cut[1] - cut[0], 1 - cut[1]]) add(random.integer(STATES), p, reward, false);
    });
  },
};

/** A seventh of the cells more than asked for are drawn, so that about 10^6 are free. */
function mapOf(seed: number): string[] {
  const random = createRandom(seed);
  const side = Math.round(SIDE / Math.sqrt(0.85));
  const rows = Array.from({ length: side }, () => Array.from({ length: side }, () => (random.uniform() < 0.15 ? "#" : ".")).join(""));
  return rows.map((row, r) =>
    r % GOALS_APART === 0 ? row.replace(/\./g, (cell, c: number) => (c % GOALS_APART === 0 ? "G" : cell)) : row,
  );
}

function write(folder: string, { offsets, next, weight, constant }: FoldedTables): void {
  mkdirSync(folder);
  const files = { "offsets.i32": offsets, "next.i32": next, "weight.f64": weight, "constant.f64": constant };
  for (const [name, data] of Object.entries(files))
    writeFileSync(join(folder, name), new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
}

/** One improvement sweep over all states. */
function sweepSeconds(sweeps: Sweeps, v: Float64Array, choice: Int32Array): number {
  return Math.min(...Array.from({ length: 20 }, () => timed(() => sweeps.improve(v, choice, 0, v.length, false))));
}

/** Bytes read and written a second by copying 256 MB on one thread. */
function copyRate(): number {
  const from = new Float64Array(1 << 24).fill(1);
  const to = new Float64Array(1 << 24).fill(2);
  return (2 * from.byteLength) / Math.min(...Array.from({ length: 8 }, () => timed(() => to.set(from))));
}

function timed(work: () => unknown): number {
  const start = performance.now();
  work();
  return (performance.now() - start) / 1000;
}
