import { cpus } from "node:os";
import { scriptedPickAndPlace } from "../src/environments/arm/scripted.ts";
import { make, prepare } from "../src/environments/make.ts";
import { enumerateSokoban } from "../src/environments/sokoban-states.ts";
import { vectorize } from "../src/environments/vector-environment.ts";
import { createRandom } from "../src/numbers/random.ts";
import { median } from "../src/numbers/statistics.ts";
import { type Bench, summarise } from "./bench.ts";
import { type Peer, startPeer } from "./peers/peer.ts";

const ROUNDS = 5;
const COPIES = 1024;
/** Steps timed at once, ours and Gymnasium's: each takes a fraction of a second. */
const STEPS = { single: 3_000_000, vector: 4000, arm: 40, peerSingle: 40_000, peerSync: 20, peerVector: 4000 } as const;

/** An own level of three boxes in an open room: 595 764 states. */
const LEVEL = ["###########", "#@        #", "#  $ $    #", "#    .    #", "#  $ .    #", "#   .     #", "###########"];

/** Arms side by side: half are stepped at random, half pick and place, so that free motion, pushing and grasping are all in it. */
const ARMS = 20;

/** Steps of CartPole a second, single and in a vector, against Gymnasium in turn; states of Sokoban enumerated a second, with their four moves; control steps of the arm. */
export const environments: Bench = async ({ seeds, log }) => {
  const begun = performance.now();
  const details: Record<string, unknown> = { copies: COPIES, rounds: ROUNDS, cpu: cpus()[0]?.model, cores: cpus().length };
  await prepare("ArmPickAndPlace-v0");
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
    const arm = stepArm(seed + round);
    note("armStepsPerSecond", arm.wall);
    note("armStepsPerProcessorSecond", arm.processor);
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

/** Control steps a second: by the clock, and by the time that a core was given. */
function stepArm(seed: number): { readonly wall: number; readonly processor: number } {
  const vector = vectorize("ArmPickAndPlace-v0", ARMS);
  vector.reset(seed);
  const random = createRandom(seed);
  const begun = performance.now();
  const used = process.cpuUsage();
  for (let t = 0; t < STEPS.arm; t++) {
    const actions = scriptedPickAndPlace(vector.observations, ARMS);
    for (let k = 0; k < actions.length / 2; k++) actions[k] = 2 * random.uniform() - 1;
    vector.step(actions);
  }
  const seconds = (performance.now() - begun) / 1000;
  const { user, system } = process.cpuUsage(used);
  return { wall: (ARMS * STEPS.arm) / seconds, processor: (1e6 * ARMS * STEPS.arm) / (user + system) };
}

function enumerate(): number {
  const begun = performance.now();
  const { count } = enumerateSokoban(LEVEL);
  return (1000 * count) / (performance.now() - begun);
}
