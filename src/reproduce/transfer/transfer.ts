import { candidateSets } from "../../agents/tabular/candidates.ts";
import { type GoalWorld, solveGoals, startValue } from "../../agents/tabular/goal-world.ts";
import { refine } from "../../agents/tabular/refine.ts";
import { runTask } from "../../agents/tabular/run-task.ts";
import { candidateTables, transferAgent } from "../../agents/tabular/transfer.ts";
import { createRandom } from "../../numbers/random.ts";
import { mean, meanOf, median, sum } from "../../numbers/statistics.ts";
import { planTabular } from "../../planning/plan.ts";
import { deterministicWorlds, oldGoals } from "../goal-worlds.ts";
import type { Reproduce } from "../harness/reproduction.ts";
import { exactGoalCritic } from "../rivals/goal-critic.ts";
import { generalisedImprovement, goalPolicies } from "../rivals/policy-improvement.ts";
import { mountainCarTransfer, reacherTransfer } from "./transfer-continuous.ts";
import { sokobanSolved, ticTacToeLosses } from "./transfer-games.ts";
import { type GoalResult, transferGoals } from "./transfer-goals.ts";

const SEEDS = 30;
const FRESH = 200_000;
const UNSEEN = 20;
/** Old goals: with a first episode that corrects, and without any step. */
const [CORRECTED, ZERO_STEP] = [8, 16];
/** The games, over a few seeds: rules are either right or wrong. */
const GAMES = { seeds: 3, heads: 32, signals: 4, unseen: 20 } as const;

/** What each part takes of the whole, for progress. */
const PARTS = { worlds: 0.1, reacher: 0.5, mountainCar: 0.2, games: 0.2 } as const;

/**
 * A critic of old goals becomes policies for goals that it has not seen: return from the start as a share of the optimum, without a step in the world (16 old goals) and
 * in the first episode, corrected as it goes (8); in continuous worlds (Letcher et al. 2026), by planning in models that were inferred from four goals each. Means over goals and seeds, of the
 * worst world or goal.
 */
export const reproduceTransfer: Reproduce = async (options) => {
  const { seed, onProgress } = options;
  const start = performance.now();
  const worlds: Record<string, Record<string, unknown>> = {};
  const zero: number[] = [];
  const first: number[] = [];
  const bounds = { zero: [] as number[], first: [] as number[] };
  const names = Object.keys(deterministicWorlds);
  names.forEach((name, at) => {
    onProgress?.((PARTS.worlds * at) / names.length, 1, name);
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
      missed: { zeroStep: sum(column("missedZeroStep")), firstEpisode: sum(column("missedFirstEpisode")), of: SEEDS * UNSEEN },
      generalisedPolicyImprovement: meanOf(column("improvement")),
      exactModel: 1,
    };
  });
  const continuous = async (study: Parameters<typeof transferGoals>[0], from: number, part: number) =>
    transferGoals(study, { ...options, seed: FRESH + seed }, (share, what) => onProgress?.(from + share * part, 1, what));
  const reacher = await continuous(reacherTransfer(), PARTS.worlds, PARTS.reacher);
  const mountainCar = await continuous(mountainCarTransfer(), PARTS.worlds + PARTS.reacher, PARTS.mountainCar);
  const games = [];
  for (let i = 0; i < GAMES.seeds; i++) {
    onProgress?.(1 - PARTS.games * (1 - i / GAMES.seeds), 1, "games");
    const sokoban = sokobanSolved(FRESH + seed + i, GAMES.signals, GAMES.unseen);
    games.push({ ...(await ticTacToeLosses(FRESH + seed + i, GAMES.heads)), sokoban });
  }
  const worst = (results: readonly GoalResult[]) => results.reduce((a, b) => (b.ratio.value < a.ratio.value ? b : a)).ratio;
  const figures = {
    firstEpisodeReturnRatio: Math.min(...first),
    zeroStepReturnRatio: Math.min(...zero),
    reacherReturnRatio: worst(reacher).value,
    mountainCarReturnRatio: worst(mountainCar).value,
    ticTacToeLosses: games.reduce((lost, { planned, searched }) => lost + planned + searched, 0),
    sokobanSolved: Math.min(...games.map(({ sokoban }) => sokoban.solved)),
  };
  const goals = [...reacher, ...mountainCar];
  const along = (name: string, of: (result: GoalResult) => number) => ({ name, x: goals.map((_, i) => i + 1), y: goals.map(of) });
  return {
    figures,
    ranges: {
      firstEpisodeReturnRatio: [Math.min(...bounds.first), Math.max(...bounds.first)],
      zeroStepReturnRatio: [Math.min(...bounds.zero), Math.max(...bounds.zero)],
      reacherReturnRatio: [worst(reacher).low, worst(reacher).high],
      mountainCarReturnRatio: [worst(mountainCar).low, worst(mountainCar).high],
    },
    seeds: Array.from({ length: SEEDS }, (_, i) => FRESH + seed + i),
    seconds: (performance.now() - start) / 1000,
    details: { oldGoals: { zeroStep: ZERO_STEP, firstEpisode: CORRECTED }, unseenGoals: UNSEEN, worlds, reacher, mountainCar, games },
    charts: [
      {
        title: "Goals that no critic has seen, planned in models inferred from four others",
        text: `Mean return over that of the optimum: ${goals.map(({ goal }, i) => `${i + 1} ${goal}`).join(", ")}.`,
        x: "goal",
        y: "share of the optimal return",
        series: [
          along("ours", ({ ratio }) => ratio.value),
          along("same planner, true laws", ({ exactModel }) => exactModel),
          along("published", ({ published }) => published),
          along("old policies, improved", ({ generalisedPolicyImprovement }) => generalisedPolicyImprovement),
        ],
      },
    ],
    claim: {
      holds: goals.every(({ ratio, published }) => ratio.value >= published),
      text: `Every unseen goal of the reacher and of the mountain car gets at least ${(100 * Math.min(figures.reacherReturnRatio, figures.mountainCarReturnRatio)).toFixed(1)} % of the optimal return, published 82 to 99 %.`,
    },
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
  const missed = (list: readonly number[]) => list.filter((x) => x === 0).length;
  return {
    missedZeroStep: missed(lists.zeroStep),
    missedFirstEpisode: missed(lists.firstEpisode),
    zeroStep: mean(lists.zeroStep),
    plain: mean(lists.plain),
    fromEight: mean(lists.fromEight),
    firstEpisode: mean(lists.firstEpisode),
    firstEpisodeMedian: median(lists.firstEpisode),
    improvement: mean(lists.improvement),
  };
}
