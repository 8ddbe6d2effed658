import { candidateSets } from "../agents/candidates.ts";
import { exactGoalCritic } from "../agents/goal-critic.ts";
import { type GoalWorld, solveGoals, startValue } from "../agents/goal-world.ts";
import { generalisedImprovement, goalPolicies } from "../agents/policy-improvement.ts";
import { refine } from "../agents/refine.ts";
import { runTask } from "../agents/run-task.ts";
import { candidateTables, transferAgent } from "../agents/transfer.ts";
import { createRandom } from "../engine/random.ts";
import { planTabular } from "../planning/plan.ts";
import { deterministicWorlds, oldGoals } from "./goal-worlds.ts";
import type { Reproduce } from "./reproduction.ts";
import { meanOf } from "./statistics.ts";
import { mean, median } from "./summary.ts";
import { sokobanSolved, ticTacToeLosses } from "./transfer-games.ts";

const SEEDS = 30;
const FRESH = 200_000;
const UNSEEN = 20;
/** Old goals: with a first episode that corrects, and without any step. */
const [CORRECTED, ZERO_STEP] = [8, 16];
/** The games, over a few seeds: rules are either right or wrong. */
const GAMES = { seeds: 3, heads: 32, played: 100, signals: 4, unseen: 20 } as const;

/**
 * A critic of old goals becomes policies for goals that it has not seen: return from the start as a share of the optimum, without a step in the world (16 old goals) and
 * in the first episode, corrected as it goes (8). Means over goals and seeds, of the worst world.
 */
export const reproduceTransfer: Reproduce = async ({ seed, onProgress }) => {
  const start = performance.now();
  const worlds: Record<string, Record<string, unknown>> = {};
  const zero: number[] = [];
  const first: number[] = [];
  const bounds = { zero: [] as number[], first: [] as number[] };
  const names = Object.keys(deterministicWorlds);
  names.forEach((name, at) => {
    onProgress?.(at, names.length + 1, name);
    const perSeed = Array.from({ length: SEEDS }, (_, i) => oneSeed(deterministicWorlds[name](0), FRESH + seed + i));
    const column = (key: keyof (typeof perSeed)[number]) => perSeed.map((run) => run[key]);
    const [zeroStep, firstEpisode] = [meanOf(column("zeroStep")), meanOf(column("firstEpisode"))];
    zero.push(zeroStep.value);
    first.push(firstEpisode.value);
    bounds.zero.push(zeroStep.low, zeroStep.high);
    bounds.first.push(firstEpisode.low, firstEpisode.high);
    worlds[name] = {
      zeroStep,
      zeroStepNumberingUnused: meanOf(column("plain")),
      zeroStepFromEight: meanOf(column("fromEight")),
      firstEpisode,
      firstEpisodeMedian: median(column("firstEpisodeMedian")),
      generalisedPolicyImprovement: meanOf(column("improvement")),
    };
  });
  onProgress?.(names.length, names.length + 1, "games");
  const games = Array.from({ length: GAMES.seeds }, (_, i) => ({
    ...ticTacToeLosses(FRESH + seed + i, GAMES.heads, GAMES.played),
    sokoban: sokobanSolved(FRESH + seed + i, GAMES.signals, GAMES.unseen),
  }));
  return {
    figures: {
      firstEpisodeReturnRatio: Math.min(...first),
      zeroStepReturnRatio: Math.min(...zero),
      ticTacToeLosses: games.reduce((sum, { planned, searched }) => sum + planned + searched, 0),
      sokobanSolved: Math.min(...games.map(({ sokoban }) => sokoban.solved)),
    },
    ranges: {
      firstEpisodeReturnRatio: [Math.min(...bounds.first), Math.max(...bounds.first)],
      zeroStepReturnRatio: [Math.min(...bounds.zero), Math.max(...bounds.zero)],
    },
    seeds: Array.from({ length: SEEDS }, (_, i) => FRESH + seed + i),
    seconds: (performance.now() - start) / 1000,
    details: { oldGoals: { zeroStep: ZERO_STEP, firstEpisode: CORRECTED }, unseenGoals: UNSEEN, worlds, games },
  };
};

function oneSeed(world: GoalWorld, seed: number) {
  const random = createRandom(seed);
  const old = oldGoals(world, ZERO_STEP, random);
  const taken = new Set(old.flat());
  const open = world.pool.filter((s) => !taken.has(s));
  const goals = Array.from(random.permutation(open.length).subarray(0, UNSEEN), (k) => open[k]);
  const few = old.slice(0, CORRECTED);
  const raw = candidateSets(exactGoalCritic(world, old));
  const many = candidateTables(refine(raw));
  const plain = candidateTables(refine(raw, { numbered: false }));
  const eight = refine(candidateSets(exactGoalCritic(world, few)));
  const eightTables = candidateTables(eight);
  const policies = goalPolicies(world, few);
  const lists = {
    zeroStep: [] as number[],
    plain: [] as number[],
    fromEight: [] as number[],
    firstEpisode: [] as number[],
    improvement: [] as number[],
  };
  for (const goal of goals) {
    const optimum = solveGoals(world, [goal]).v[world.start];
    const share = (policy: Int32Array) => startValue(world, [goal], policy) / optimum;
    const planned = (tables: typeof many) => planTabular(tables, { discount: world.discount, goal: (s) => s === goal }).choice;
    lists.zeroStep.push(share(planned(many)));
    lists.plain.push(share(planned(plain)));
    lists.fromEight.push(share(planned(eightTables)));
    lists.improvement.push(share(generalisedImprovement(world, goal, policies)));
    const agent = transferAgent(eight, { goal, discount: world.discount, random: createRandom(seed + goal) });
    const { firstReturn } = runTask(world, goal, agent, random, { cap: world.horizon, every: world.horizon + 1, need: 2 });
    lists.firstEpisode.push((Number.isNaN(firstReturn) ? 0 : firstReturn) / optimum);
  }
  return {
    zeroStep: mean(lists.zeroStep),
    plain: mean(lists.plain),
    fromEight: mean(lists.fromEight),
    firstEpisode: mean(lists.firstEpisode),
    firstEpisodeMedian: median(lists.firstEpisode),
    improvement: mean(lists.improvement),
  };
}
