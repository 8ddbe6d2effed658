import { cpus } from "node:os";
import { createRandom } from "../src/engine/random.ts";
import { make } from "../src/environments/make.ts";
import { enumerateSokoban } from "../src/environments/sokoban-states.ts";
import { vectorize } from "../src/environments/vector-environment.ts";
import { type Bench, median, summarise } from "./bench.ts";
import { type Peer, startPeer } from "./peers/peer.ts";

const ROUNDS = 5;
const COPIES = 1024;
/** Steps timed at once, ours and Gymnasium's: each takes a fraction of a second. */
const STEPS = { single: 3_000_000, vector: 4000, peerSingle: 40_000, peerSync: 20, peerVector: 4000 } as const;

/** An own level of three boxes in an open room: 595 764 states. */
const LEVEL = ["###########", "#@        #", "#  $ $    #", "#    .    #", "#  $ .    #", "#   .     #", "###########"];

/** Steps of CartPole a second, single and in a vector, against Gymnasium in turn; states of Sokoban enumerated a second, with their four moves. */
export const environments: Bench = async ({ seeds, log }) => {
  const begun = performance.now();
  const details: Record<string, unknown> = { copies: COPIES, rounds: ROUNDS, cpu: cpus()[0]?.model, cores: cpus().length };
  const peer = startPeer({ script: "gymnasium_steps.py", modules: ["gymnasium", "numpy"] }, log);
  const runs: Record<string, number>[] = [];
  try {
    for (const seed of seeds) {
      log(`seed ${seed}`);
      runs.push(await runSeed(seed, peer, details));
    }
  } finally {
    peer?.stop();
  }
  return { name: "environments", ...summarise(runs), seeds, seconds: (performance.now() - begun) / 1000, details };
};

async function runSeed(seed: number, peer: Peer | undefined, details: Record<string, unknown>): Promise<Record<string, number>> {
  const rates: Record<string, number[]> = {};
  const note = (name: string, rate: number) => {
    rates[name] ??= [];
    rates[name].push(rate);
  };
  const ask = async (name: string, request: Readonly<Record<string, unknown>>) => {
    if (!peer) return;
    const { seconds, steps, version } = await peer.ask({ id: "CartPole-v1", ...request });
    details.gymnasium = version;
    note(name, (steps as number) / (seconds as number));
  };
  for (let round = -1; round < ROUNDS; round++) {
    // the first round warms both sides up
    if (round === 0) for (const key of Object.keys(rates)) delete rates[key];
    note("cartPoleStepsPerSecond", stepSingle(seed + round));
    await ask("gymnasiumStepsPerSecond", { copies: 1, steps: STEPS.peerSingle });
    note("cartPoleVectorStepsPerSecond", stepVector(seed + round));
    await ask("gymnasiumSyncVectorStepsPerSecond", { copies: COPIES, steps: STEPS.peerSync });
    await ask("gymnasiumArrayVectorStepsPerSecond", { copies: COPIES, steps: STEPS.peerVector, mode: "vector_entry_point" });
    note("sokobanStatesPerSecond", enumerate());
  }
  const figures = Object.fromEntries(Object.entries(rates).map(([key, list]) => [key, median(list)]));
  if (!peer) return figures;
  return {
    cartPoleRatioToGymnasium: figures.cartPoleStepsPerSecond / figures.gymnasiumStepsPerSecond,
    cartPoleVectorRatioToSyncVector: figures.cartPoleVectorStepsPerSecond / figures.gymnasiumSyncVectorStepsPerSecond,
    cartPoleVectorRatioToArrayVector: figures.cartPoleVectorStepsPerSecond / figures.gymnasiumArrayVectorStepsPerSecond,
    ...figures,
  };
}

function stepSingle(seed: number): number {
  const environment = make("CartPole-v1");
  environment.reset({ seed });
  const random = createRandom(seed);
  const actions = Uint8Array.from({ length: STEPS.single }, () => random.integer(2));
  const begun = performance.now();
  for (let t = 0; t < STEPS.single; t++) {
    const { terminated, truncated } = environment.step(actions[t]);
    if (terminated || truncated) environment.reset();
  }
  return (1000 * STEPS.single) / (performance.now() - begun);
}

function stepVector(seed: number): number {
  const vector = vectorize("CartPole-v1", COPIES);
  vector.reset(seed);
  const random = createRandom(seed);
  const actions = Array.from({ length: 64 }, () => Float64Array.from({ length: COPIES }, () => random.integer(2)));
  const begun = performance.now();
  for (let t = 0; t < STEPS.vector; t++) vector.step(actions[t & 63]);
  return (1000 * COPIES * STEPS.vector) / (performance.now() - begun);
}

function enumerate(): number {
  const begun = performance.now();
  const { count } = enumerateSokoban(LEVEL);
  return (1000 * count) / (performance.now() - begun);
}
