import { cpus } from "node:os";
import { setTimeout as pause } from "node:timers/promises";
import { adamState, type Recurrence, type RuntimeTensor, recur } from "../src/engine/index.ts";
import { pack } from "../src/engine/pack.ts";
import { dqnGraph } from "../src/learning/deep/dqn.ts";
import { initialise, type Layers } from "../src/learning/layers.ts";
import { createRandom } from "../src/numbers/random.ts";
import { median } from "../src/numbers/statistics.ts";
import { type Bench, summarise } from "./bench.ts";
import { startPeer } from "./peers/peer.ts";

/** CartPole's DQN with two hidden layers of 256. */
const SIZES = [4, 256, 256, 2] as const;
const BATCH = 256;
/** Both sides clip the gradient's length, as the learner does. */
const CLIP = 10;
const UPDATES = 200;
const ROUNDS = 7;
const THREADS = [1, 2] as const;
/** Idle threads of one side may spin for a moment: let them sleep before the other side is timed. */
const SETTLE_MILLISECONDS = 60;

/**
 * Updates of double DQN a second, the whole step one graph, against PyTorch in turn, with one thread on both sides and with two: a ratio is of two runs one
 * after the other, their median is told. The promised ratio is of each side at the number of threads that suits it best: on two virtual cores PyTorch may be
 * several times slower at two threads than at one, and that says nothing of its updates.
 */
export const training: Bench = async ({ seeds, log }) => {
  const begun = performance.now();
  const torch = startPeer({ script: "torch_dqn.py", modules: ["torch"] }, log);
  const runs: Record<string, number>[] = [];
  const details: Record<string, unknown> = { sizes: SIZES, batch: BATCH, rounds: ROUNDS, cpu: cpus()[0]?.model, cores: cpus().length };
  const theirs = async (threads: number) =>
    (await torch!.ask({ threads, updates: UPDATES, sizes: SIZES, batch: BATCH, clip: CLIP })).seconds as number;
  try {
    for (const seed of seeds) {
      const run: Record<string, number> = {};
      const rates: Record<string, number> = {};
      for (const threads of THREADS) {
        const { recurrence, feeds } = await prepare(seed, threads);
        const sides = [() => time(recurrence, feeds), ...(torch ? [() => theirs(threads)] : [])];
        const seconds = sides.map(() => [] as number[]);
        // the first two rounds warm up, and each side goes first as often as the other
        for (let round = -2; round < ROUNDS; round++) {
          const order = [...sides.keys()];
          for (const side of round % 2 === 0 ? order : order.reverse()) {
            await pause(SETTLE_MILLISECONDS);
            const taken = await sides[side]();
            if (round >= 0) seconds[side].push(taken);
          }
        }
        await recurrence.release();
        const words = threads === 1 ? "OneThread" : "TwoThreads";
        const ours = UPDATES / median(seconds[0]);
        rates[`ours, ${threads}`] = ours;
        run[`updatesPerSecond${words}`] = ours;
        if (!torch) continue;
        rates[`torch, ${threads}`] = UPDATES / median(seconds[1]);
        run[`ratioToPyTorch${words}`] = median(seconds[1].map((taken, i) => taken / seconds[0][i]));
      }
      if (torch) run.ratioToPyTorch = fastest(rates, "ours") / fastest(rates, "torch");
      log(
        `seed ${seed}: ${Object.entries({ ...rates, ...run })
          .map(([name, rate]) => `${name} ${rate.toPrecision(3)}`)
          .join("; ")}`,
      );
      runs.push(run);
      details[`seed ${seed}`] = rates;
    }
  } finally {
    torch?.stop();
  }
  return { name: "training", ...summarise(runs), seeds, seconds: (performance.now() - begun) / 1000, details };
};

const fastest = (rates: Readonly<Record<string, number>>, side: string) =>
  Math.max(...THREADS.map((threads) => rates[`${side}, ${threads}`]));

async function prepare(seed: number, threads: number) {
  const random = createRandom(seed);
  const online: Layers = { name: "online", sizes: SIZES, activation: "ReLU" };
  const parameters = initialise(online, random);
  const recurrence = await recur(
    dqnGraph(online, parameters, BATCH, 0.01),
    { ...adamState(pack("online", parameters)), ...pack("target", parameters) },
    { threads },
  );
  const tensor = (width: number, draw: () => number): RuntimeTensor => ({
    dtype: "float32",
    dims: [BATCH, width],
    data: Float32Array.from({ length: BATCH * width }, draw),
  });
  const feeds = {
    observations: tensor(SIZES[0], () => random.normal()),
    actions: tensor(1, () => random.integer(2)),
    returns: tensor(1, () => random.normal()),
    discounts: tensor(1, () => 0.99),
    "next observations": tensor(SIZES[0], () => random.normal()),
    rate: { dtype: "float32" as const, dims: [1], data: Float32Array.of(1e-3) },
  };
  return { recurrence, feeds };
}

async function time(recurrence: Recurrence, feeds: Readonly<Record<string, RuntimeTensor>>): Promise<number> {
  const begun = performance.now();
  for (let i = 0; i < UPDATES; i++) await recurrence.run(feeds);
  return (performance.now() - begun) / 1000;
}
