import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import {
  compile,
  Graph,
  jacobian,
  levenbergMarquardt,
  linear,
  matmul,
  type RuntimeTensor,
  relu,
  type Session,
  type Value,
} from "../src/engine/index.ts";
import { createRandom } from "../src/numbers/random.ts";
import { median, quantile } from "../src/numbers/statistics.ts";
import { type Bench, type BenchOptions, summarise } from "./bench.ts";
import { type Peer, type PeerScript, startPeer } from "./peers/peer.ts";

/** d unknowns, k residuals, two hidden layers of WIDTH, N problems at once. */
const SIZE = { d: 4, k: 8, width: 256, n: 4096 } as const;
/** p of the prior ½ p ‖x − start‖² that every side has. */
const PRECISION = 1e-4;
const START_DISTANCE = 0.3;
const ROUNDS = 7;
const SCIPY_ROWS = 200;
/** Idle threads of one side may spin for a moment: let them sleep before the other side is timed. */
const SETTLE_MILLISECONDS = 60;

/** Rates are taken over at least this long: one product is shorter than a turn of the scheduler. */
const WINDOW_SECONDS = 0.05;

interface Layer {
  /** [in, out] */
  readonly weight: Float32Array;
  readonly bias: Float32Array;
  readonly shape: readonly [number, number];
}

interface Problem {
  readonly layers: readonly Layer[];
  readonly truth: Float64Array;
  readonly start: Float64Array;
  readonly targets: Float64Array;
}

/** Recover x from V(x) by least squares: ours, batched PyTorch and SciPy in turn on the same problem; and value + Jacobian against the matrix-product rate. */
export const inversion: Bench = async ({ seeds, log }) => {
  const begun = performance.now();
  const runs: Record<string, number>[] = [];
  const details: Record<string, unknown> = { size: SIZE, rounds: ROUNDS, cpu: cpus()[0]?.model, cores: cpus().length };
  for (const seed of seeds) {
    log(`seed ${seed}`);
    const { figures, details: more } = await runSeed(seed, log);
    runs.push(figures);
    details[`seed ${seed}`] = more;
  }
  return { name: "inversion", ...summarise(runs), seeds, seconds: (performance.now() - begun) / 1000, details };
};

async function runSeed(seed: number, log: BenchOptions["log"]) {
  const problem = makeProblem(seed);
  const session = await compile(valueAndJacobian(problem.layers));
  const folder = mkdtempSync(join(tmpdir(), "vinverse-bench-"));
  const peers: Peer[] = [];
  const start = (script: PeerScript) => {
    const peer = startPeer(script, log);
    if (peer) peers.push(peer);
    return peer;
  };
  try {
    const file = join(folder, "problem.json");
    writeFileSync(file, describe(problem));
    const torch = start({ script: "torch_lm.py", modules: ["torch"], args: [file] });
    // its products are so small that one thread may beat several: both are tried
    const scipy = [undefined, 1].map((threads) => start({ script: "scipy_lm.py", modules: ["scipy"], args: [file], threads }));
    const rates = await compareInversion(problem, session, torch, scipy, log);
    const product = await compareProduct(session, start({ script: "numpy_matmul.py", modules: ["numpy"] }), log);
    return { figures: { ...rates.figures, ...product.figures }, details: { ...rates.details, ...product.details } };
  } finally {
    for (const peer of peers) peer.stop();
    await session.release();
    rmSync(folder, { recursive: true });
  }
}

function makeProblem(seed: number): Problem {
  const random = createRandom(seed);
  const { d, k, width, n } = SIZE;
  const layers = [
    [d, width],
    [width, width],
    [width, k],
  ].map(
    ([from, to]): Layer => ({
      weight: Float32Array.from({ length: from * to }, () => random.normal() * Math.sqrt(2 / from)),
      bias: Float32Array.from({ length: to }, () => 0.1 * random.normal()),
      shape: [from, to],
    }),
  );
  const start = Float64Array.from({ length: n * d }, () => Math.fround(random.normal()));
  const truth = start.map((s) => Math.fround(s + START_DISTANCE * random.normal()));
  return { layers, start, truth, targets: networkValues(layers, truth) };
}

function describe({ layers, start, targets }: Problem): string {
  const plain = layers.map(({ weight, bias, shape }) => ({ weight: Array.from(weight), bias: Array.from(bias), shape }));
  return JSON.stringify({ ...SIZE, precision: PRECISION, layers: plain, start: Array.from(start), targets: Array.from(targets) });
}

/** The network in Float64, by which every side's solution is judged. */
function networkValues(layers: readonly Layer[], points: Float64Array): Float64Array {
  let h = points;
  const rows = points.length / layers[0].shape[0];
  layers.forEach(({ weight, bias, shape: [from, to] }, index) => {
    const next = new Float64Array(rows * to);
    for (let r = 0; r < rows; r++) {
      const out = next.subarray(r * to, (r + 1) * to);
      out.set(bias);
      for (let i = 0; i < from; i++) {
        const x = h[r * from + i];
        if (x !== 0) for (let j = 0; j < to; j++) out[j] += x * weight[i * to + j];
      }
      if (index < layers.length - 1) for (let j = 0; j < to; j++) if (out[j] < 0) out[j] = 0;
    }
    h = next;
  });
  return h;
}

function valueAndJacobian(layers: readonly Layer[]): Graph {
  const graph = new Graph();
  const x = graph.input("x", ["N", SIZE.d]);
  const values = layers.reduce<Value>((h, { weight, bias, shape: [from, to] }, index) => {
    const transposed = weight.map((_, i) => weight[(i % from) * to + Math.floor(i / from)]);
    const z = linear(h, graph.constant(transposed, [to, from]), graph.constant(bias));
    return index < layers.length - 1 ? relu(z) : z;
  }, x);
  graph.output("values", values);
  graph.output("jacobian", jacobian(values, x));
  return graph;
}

/** Distance to the truth and cost of a solution, the cost as Σ residual² + p‖x − start‖². */
function quality({ layers, truth, start, targets }: Problem, solution: Float64Array) {
  const { d, k } = SIZE;
  const n = solution.length / d;
  const values = networkValues(layers, solution);
  const distance = new Float64Array(n);
  const cost = new Float64Array(n);
  for (let r = 0; r < n; r++) {
    let off = 0;
    for (let i = r * d; i < (r + 1) * d; i++) {
      off += (solution[i] - truth[i]) ** 2;
      cost[r] += PRECISION * (solution[i] - start[i]) ** 2;
    }
    distance[r] = Math.sqrt(off);
    for (let i = r * k; i < (r + 1) * k; i++) cost[r] += (values[i] - targets[i]) ** 2;
  }
  const mean = cost.reduce((a, b) => a + b, 0) / n;
  return {
    distanceMedian: median([...distance]),
    distanceP90: quantile(distance, 0.9),
    costMedian: median([...cost]),
    costP90: quantile(cost, 0.9),
    costMean: mean,
  };
}

async function compareInversion(
  problem: Problem,
  session: Session,
  torch: Peer | undefined,
  scipy: readonly (Peer | undefined)[],
  log: BenchOptions["log"],
) {
  const { d, k, n } = SIZE;
  const { start, targets } = problem;
  const priorPrecision = new Float64Array(d).fill(PRECISION);
  const solve = () =>
    levenbergMarquardt({ session, input: "x", values: "values", jacobian: "jacobian" }, { n, d, k, start, targets, priorPrecision });
  const solved = await solve();
  await solve();
  const sides: Record<string, { readonly seconds: () => Promise<number>; readonly rates: number[] }> = {};
  const rows = (from: number) => ({ from: (from * SCIPY_ROWS) % n, to: Math.min(n, ((from * SCIPY_ROWS) % n) + SCIPY_ROWS) });
  if (torch) {
    for (const threads of [1, 2])
      sides[`torch, ${threads} threads`] = { seconds: async () => ((await torch.ask({ threads })).seconds as number) / n, rates: [] };
  }
  let round = 0;
  const [scipyMany, scipyOne] = scipy;
  const addScipy = (name: string, peer: Peer | undefined, method: string) => {
    if (!peer) return;
    sides[`scipy ${name}`] = {
      seconds: async () => ((await peer.ask({ method, ...rows(round) })).seconds as number) / SCIPY_ROWS,
      rates: [],
    };
  };
  addScipy("lm", scipyMany, "lm");
  addScipy("lm, 1 thread", scipyOne, "lm");
  addScipy("trf, 1 thread", scipyOne, "trf");
  for (const { seconds } of Object.values(sides)) await seconds();
  const ours: number[] = [];
  const ratios: Record<string, number[]> = {};
  for (; round < ROUNDS; round++) {
    for (const [name, { seconds, rates }] of Object.entries(sides)) {
      await pause(SETTLE_MILLISECONDS);
      const begun = performance.now();
      await solve();
      const rate = (n * 1000) / (performance.now() - begun);
      ours.push(rate);
      await pause(SETTLE_MILLISECONDS);
      rates.push(1 / (await seconds()));
      ratios[name] ??= [];
      ratios[name].push(rate / rates.at(-1)!);
    }
    log(
      `  round ${round + 1}/${ROUNDS}: ours ${ours.at(-1)?.toFixed(0)}/s; ${Object.entries(sides)
        .map(([name, { rates }]) => `${name} ${rates.at(-1)!.toFixed(0)}/s`)
        .join("; ")}`,
    );
  }
  const figures: Record<string, number> = {};
  const best = (prefix: string) =>
    Math.min(
      ...Object.entries(ratios)
        .filter(([name]) => name.startsWith(prefix))
        .map(([, list]) => median(list)),
    );
  if (torch) figures.ratioToPyTorch = best("torch");
  if (scipyOne) figures.ratioToSciPy = best("scipy");
  const inversionsPerSecond: Record<string, number> = { ours: median(ours) };
  for (const [name, { rates }] of Object.entries(sides)) inversionsPerSecond[name] = median(rates);
  const solutions: Record<string, unknown> = { ours: quality(problem, solved.solution) };
  if (torch) solutions.torch = quality(problem, Float64Array.from((await torch.ask({ threads: 1, solution: true })).solution as number[]));
  if (scipyOne) {
    const part = 1024;
    const answer = await scipyOne.ask({ method: "lm", from: 0, to: part, solution: true });
    const first = {
      ...problem,
      ...Object.fromEntries(["start", "truth"].map((key) => [key, problem[key as "start" | "truth"].subarray(0, part * d)])),
    };
    solutions[`scipy lm, first ${part}`] = quality(first, Float64Array.from(answer.solution as number[]));
    solutions[`ours, first ${part}`] = quality(first, solved.solution.subarray(0, part * d));
  }
  return {
    figures,
    details: {
      inversionsPerSecond,
      evaluationsPerRow: solved.evaluations / n,
      convergedPart: solved.converged.reduce((a, b) => a + b, 0) / n,
      solutions,
    },
  };
}

/** Value + Jacobian, in the chunks the solver uses, as part of the fastest matrix product that ONNX Runtime or NumPy does here. */
async function compareProduct(session: Session, numpy: Peer | undefined, log: BenchOptions["log"]) {
  const { d, k, width, n } = SIZE;
  const chunk = 1024;
  const random = createRandom(0);
  const floats = (length: number) => Float32Array.from({ length }, () => random.uniform());
  const tensor = (data: Float32Array, ...dims: number[]): RuntimeTensor => ({ dtype: "float32", dims, data });
  const x = floats(n * d);
  const values = tensor(new Float32Array(chunk * k), chunk, k);
  const derivative = tensor(new Float32Array(chunk * k * d), d, chunk, k);
  const sides: Record<string, { readonly operations: number; readonly run: () => Promise<number>; readonly rates: number[] }> = {
    valueAndJacobian: {
      operations: 2 * n * (d * width + width * width + width * k) + 2 * n * d * (width * width + width * k),
      async run() {
        const begun = performance.now();
        for (let from = 0; from < n; from += chunk) {
          await session.runInto({ x: tensor(x.subarray(from * d, (from + chunk) * d), chunk, d) }, { values, jacobian: derivative });
        }
        return (performance.now() - begun) / 1000;
      },
      rates: [],
    },
  };
  const held: Session[] = [];
  for (const [m, q, r] of [
    [2048, 2048, 2048],
    [4096, 256, 256],
  ]) {
    const graph = new Graph();
    graph.output("y", matmul(graph.input("a", ["N", q]), graph.constant(floats(q * r), [q, r])));
    const product = await compile(graph);
    held.push(product);
    const a = tensor(floats(m * q), m, q);
    const y = tensor(new Float32Array(m * r), m, r);
    const run = async () => {
      const begun = performance.now();
      await product.runInto({ a }, { y });
      return (performance.now() - begun) / 1000;
    };
    sides[`ONNX Runtime ${m}x${q}x${r}`] = { operations: 2 * m * q * r, run, rates: [] };
    if (numpy)
      sides[`NumPy ${m}x${q}x${r}`] = {
        operations: 2 * m * q * r,
        run: async () => (await numpy.ask({ m, q, r })).seconds as number,
        rates: [],
      };
  }
  for (let round = -2; round < ROUNDS; round++) {
    for (const { operations, run, rates } of Object.values(sides)) {
      await pause(SETTLE_MILLISECONDS);
      await run();
      let seconds = 0;
      let times = 0;
      for (; seconds < WINDOW_SECONDS; times++) seconds += await run();
      if (round >= 0) rates.push((times * operations) / seconds);
    }
  }
  for (const session of held) await session.release();
  // the best of the rounds: whatever else runs on the machine can only slow a product down
  const gigaflops = Object.fromEntries(Object.entries(sides).map(([name, { rates }]) => [name, Math.max(...rates) / 1e9]));
  log(
    `  GFLOP/s: ${Object.entries(gigaflops)
      .map(([name, rate]) => `${name} ${rate.toFixed(0)}`)
      .join("; ")}`,
  );
  const fastest = Math.max(
    ...Object.entries(gigaflops)
      .filter(([name]) => name !== "valueAndJacobian")
      .map(([, rate]) => rate),
  );
  return { figures: { fractionOfMatrixProductRate: gigaflops.valueAndJacobian / fastest }, details: { gigaflops } };
}
