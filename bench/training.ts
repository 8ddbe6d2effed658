import { cpus } from "node:os";
import { setTimeout as pause } from "node:timers/promises";
import { adamState, createRandom, pack, type Recurrence, type RuntimeTensor, recur } from "../src/engine/index.ts";
import { dqnGraph } from "../src/learning/dqn.ts";
import { initialise, type Layers } from "../src/learning/layers.ts";
import { type Bench, median, summarise } from "./bench.ts";
import { startPeer } from "./peers/peer.ts";

/** CartPole's DQN with two hidden layers of 256. */
const SIZES = [4, 256, 256, 2] as const;
const BATCH = 256;
/** Both sides clip the gradient's length, as the learner does. */
const CLIP = 10;
const UPDATES = 200;
const HOPELESS = 2;
const ROUNDS = 7;
const THREADS = [1, 2] as const;
/** Idle threads of one side may spin for a moment: let them sleep before the other side is timed. */
const SETTLE_MILLISECONDS = 60;

/** Updates of double DQN a second, the whole step one graph, against PyTorch in turn; each side at its better number of threads. */
export const training: Bench = async ({ seeds, log }) => {
  const begun = performance.now();
  const torch = startPeer({ script: "torch_dqn.py", modules: ["torch"] }, log);
  const runs: Record<string, number>[] = [];
  const details: Record<string, unknown> = { sizes: SIZES, batch: BATCH, rounds: ROUNDS, cpu: cpus()[0]?.model, cores: cpus().length };
  try {
    for (const seed of seeds) {
      log(`seed ${seed}`);
      const ours = await Promise.all(THREADS.map(async (threads) => ({ threads, ...(await prepare(seed, threads)) })));
      const rates: Record<string, number[]> = {};
      const note = (name: string, seconds: number) => {
        rates[name] ??= [];
        rates[name].push(UPDATES / seconds);
      };
      const ask = async (threads: number) =>
        (await torch!.ask({ threads, updates: UPDATES, sizes: SIZES, batch: BATCH, clip: CLIP })).seconds as number;
      const sides: Side[] = ours.map(({ threads, recurrence, feeds }) => ({
        name: `ours, ${threads} threads`,
        run: () => time(recurrence, feeds),
      }));
      if (torch) sides.push(...THREADS.map((threads) => ({ name: `torch, ${threads} threads`, run: () => ask(threads) })));
      const warm = new Map<Side, number>();
      for (const side of sides) {
        await side.run();
        await pause(SETTLE_MILLISECONDS);
        warm.set(side, await side.run());
      }
      // a setting far behind the better one of its side is not waited for
      const kept = sides.filter((side) =>
        sides.every((other) => other.name[0] !== side.name[0] || warm.get(side)! < HOPELESS * warm.get(other)!),
      );
      for (let round = 0; round < ROUNDS; round++) {
        for (const { name, run } of kept) {
          await pause(SETTLE_MILLISECONDS);
          note(name, await run());
        }
      }
      for (const { recurrence } of ours) await recurrence.release();
      const updatesPerSecond = Object.fromEntries(Object.entries(rates).map(([name, list]) => [name, median(list)]));
      log(
        `  ${Object.entries(updatesPerSecond)
          .map(([name, rate]) => `${name} ${rate.toFixed(0)}/s`)
          .join("; ")}`,
      );
      const best = (side: string) =>
        Math.max(
          ...Object.entries(updatesPerSecond)
            .filter(([name]) => name.startsWith(side))
            .map(([, rate]) => rate),
        );
      runs.push({ updatesPerSecond: best("ours"), ...(torch ? { ratioToPyTorch: best("ours") / best("torch") } : {}) });
      details[`seed ${seed}`] = updatesPerSecond;
    }
  } finally {
    torch?.stop();
  }
  return { name: "training", ...summarise(runs), seeds, seconds: (performance.now() - begun) / 1000, details };
};

interface Side {
  readonly name: string;
  run(): Promise<number>;
}

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
