import type { Agent } from "../../agents/agent.ts";
import type { GoalWorld } from "../../agents/tabular/goal-world.ts";
import type { LearningRunsOptions } from "../../agents/tabular/learning-runs.ts";
import type { Random } from "../../numbers/random.ts";
import { makeEnvironment, optionsOf } from "./environments.ts";
import { UsageError } from "./errors.ts";
import { type GivenGoalTask, loadGoalTask, stateOf } from "./goal-task.ts";
import { type LearningCommandOptions, tellCurves } from "./learning-runs.ts";
import type { CommandAnswer, Context } from "./run.ts";

export interface TabularAdaptOptions extends LearningCommandOptions {
  readonly goal: string;
  readonly discount: number;
  readonly block?: string;
  readonly turn?: string;
  /** name=number of options of the environment */
  readonly change: readonly string[];
}

/** Steps of imagined experience that Dyna-Q keeps of each pair where outcomes are drawn. */
const WINDOW = 20;

/** Change a tabular world under an inferred model, beside Q-learning that goes on and Dyna-Q+ (Dyna-Q where outcomes are drawn). */
export async function adaptTabular(context: Context, folder: string, options: TabularAdaptOptions): Promise<CommandAnswer> {
  const [{ createAdaptiveAgent }, { createStochasticAdaptiveAgent }, { createRandom }, { arrivals, solveGoals }, { learningRuns }] =
    await Promise.all([
      import("../../agents/tabular/adapt.ts"),
      import("../../agents/tabular/adapt-stochastic.ts"),
      import("../../numbers/random.ts"),
      import("../../agents/tabular/goal-world.ts"),
      import("../../agents/tabular/learning-runs.ts"),
    ]);
  const task = await loadGoalTask(folder, options);
  const { world: old, candidates, goal } = task;
  const world = await changed(task, options);
  if (alike(old, world)) throw new UsageError("this change changes nothing: every step leads where it led");
  const [was, is] = [old, world].map((of) => solveGoals(of, [goal]).v[of.start]);
  if (!(is > 0)) throw new UsageError("after this change the goal cannot be reached");
  const drawn = !old.deterministic || !world.deterministic;
  const { runs: count = 30, steps = drawn ? 5000 : 1000 } = options;
  const basics = (seed: number) => ({ states: old.states, actions: old.actions, discount: old.discount, random: createRandom(seed) });
  /** Of every agent that adapts: what it noticed. */
  const notices: (() => string | undefined)[] = [];
  const agents: Record<string, (seed: number) => Agent> = { "inferred model": await own(), ...(await rivals()) };

  async function own(): Promise<(seed: number) => Agent> {
    if (!drawn)
      return (seed) => {
        const agent = createAdaptiveAgent({ ...basics(seed), candidates, goal, start: old.start });
        notices.push(() => agent.change && `step ${agent.change.step}: ${agent.change.sentence}`);
        return agent;
      };
    const [{ countedRows, rowsOf }, { confirmRows }] = await Promise.all([
      import("../../agents/tabular/blend.ts"),
      import("../../agents/tabular/confirm-rows.ts"),
    ]);
    return (seed) => {
      const known = confirmRows(countedRows(rowsOf(candidates), old.states, old.actions), old, goal, createRandom(seed));
      const agent = createStochasticAdaptiveAgent({ ...basics(seed), reference: known, arrival: arrivals(old, [goal]) });
      notices.push(() => agent.alarm && agent.describe());
      return agent;
    };
  }

  async function rivals(): Promise<Record<string, (seed: number) => Agent>> {
    const [{ DynaQ }, { QLearning }, { stepWorld }] = await Promise.all([
      import("../../agents/tabular/dyna-q.ts"),
      import("../../agents/tabular/q-learning.ts"),
      import("../../agents/tabular/goal-world.ts"),
    ]);
    const { q } = solveGoals(old, [goal]);
    const ended = (s: number) => s === goal || old.traps[s] === 1;
    const model = (random: Random) => (pair: number) => {
      const state = Math.floor(pair / old.actions);
      if (drawn && ended(state)) return [];
      return Array.from({ length: drawn ? WINDOW : 1 }, () => {
        const next = stepWorld(old, state, pair % old.actions, random);
        return { next, reward: next === goal ? 1 : 0, ended: ended(next) };
      });
    };
    const [learningRate, epsilon] = drawn ? [0.1, 0.05] : [0.5, 0.1];
    const dyna = drawn
      ? { learningRate, epsilon, planning: 20, window: WINDOW }
      : { learningRate: 1, epsilon, planning: 50, curiosity: 1e-3 };
    return {
      "Q-learning that goes on": (seed) => new QLearning({ ...basics(seed), learningRate, epsilon, q }),
      [drawn ? "Dyna-Q" : "Dyna-Q+"]: (seed) => new DynaQ({ ...basics(seed), ...dyna, q, model: model(createRandom(seed + 1)) }),
    };
  }

  const seeds = Array.from({ length: count }, (_, i) => options.seed + i);
  const runs: LearningRunsOptions = { seeds, steps, every: Math.max(1, Math.round(steps / 100)) };
  const curves = [];
  for (const [name, create] of Object.entries(agents)) {
    context.onProgress(curves.length, 3, name);
    curves.push(learningRuns(name, runs, (seed) => ({ world, goal, agent: create(seed) })));
  }
  const noticedChanges = notices.map((tell) => tell()).filter((sentence) => sentence !== undefined);
  const noticed = noticedChanges.length;
  const change = noticedChanges[0] ?? "nothing was noticed";
  const spared = options.block !== undefined && is >= was - 1e-9;
  const easy = spared ? " The way from the start is as short as before: an agent that notices nothing may do as well." : "";
  const sentence = `${change}. Noticed in ${noticed} of ${count} runs.${easy}`;
  const about = {
    title: `Adapting to a change of ${options.env}`,
    folder,
    command: context.commandLine,
    seed: options.seed,
    sentence,
    heading: "Median steps to 95 % of the optimum of the changed world:",
  };
  return {
    json: { folder, environment: options.env, change, noticed, seeds, curves },
    text: await tellCurves(curves, about, options),
  };
}

function alike({ tables: one }: GoalWorld, { tables: other }: GoalWorld): boolean {
  const same = (a: ArrayLike<number>, b: ArrayLike<number>) => a.length === b.length && Array.from(a).every((x, i) => x === b[i]);
  return same(one.offsets, other.offsets) && same(one.nextStates, other.nextStates) && same(one.probabilities, other.probabilities);
}

/** The world after the change: a cell that closes, actions that are turned, or the same environment with other options. */
async function changed({ world: old, environment }: GivenGoalTask, { env, block, turn, change }: TabularAdaptOptions): Promise<GoalWorld> {
  const given = [block !== undefined, turn !== undefined, change.length > 0].filter(Boolean).length;
  if (given !== 1) throw new UsageError("give one change: --block, --turn, or --change name=number");
  const { closeState, remapActions } = await import("../../agents/tabular/change-world.ts");
  if (block !== undefined) return closeState(old, stateOf(environment, block, "--block"));
  if (turn !== undefined) {
    const by = Number(turn);
    if (!Number.isInteger(by)) throw new UsageError(`--turn is a whole number, got '${turn}'`);
    return remapActions(old, (_s, a) => (((a + by) % old.actions) + old.actions) % old.actions);
  }
  const [{ goalWorld }, { tables }] = await Promise.all([
    import("../../agents/tabular/goal-world.ts"),
    makeEnvironment(env, optionsOf(change)),
  ]);
  if (tables?.states !== old.states || tables.actions !== old.actions)
    throw new UsageError(`with ${change.join(", ")} ${env} has not the states that it had`);
  const { name, start, discount, horizon } = old;
  return goalWorld(name, tables, { start, discount, horizon });
}
