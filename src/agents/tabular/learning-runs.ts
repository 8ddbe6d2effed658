import { createRandom } from "../../numbers/random.ts";
import { meanOf } from "../../numbers/statistics.ts";
import type { Agent } from "../agent.ts";
import type { GoalWorld } from "./goal-world.ts";
import { runTask } from "./run-task.ts";

export interface AgentCurve {
  readonly name: string;
  readonly x: number[];
  /** mean share of the optimum over seeds, and its 95 % bootstrap interval */
  readonly y: number[];
  readonly low: number[];
  readonly high: number[];
  /** [seeds] steps to 95 % of the optimum; `steps` where it was not reached */
  readonly solved: readonly number[];
  readonly unsolved: number;
}

export interface LearningRunsOptions {
  readonly seeds: readonly number[];
  readonly steps: number;
  readonly every: number;
}

export interface LearningRun {
  readonly world: GoalWorld;
  readonly goal: number;
  readonly agent: Agent;
}

/** An agent over seeds: the share of the optimal return against steps. */
export function learningRuns(
  name: string,
  { seeds, steps, every }: LearningRunsOptions,
  create: (seed: number) => LearningRun,
): AgentCurve {
  const x = Array.from({ length: Math.floor(steps / every) }, (_, i) => (i + 1) * every);
  const shares = x.map(() => [] as number[]);
  const solved: number[] = [];
  let unsolved = 0;
  for (const seed of seeds) {
    const { world, goal, agent } = create(seed);
    let latest = 0;
    let first = 0;
    const curve = new Float64Array(x.length);
    runTask(world, goal, agent, createRandom(seed), {
      cap: steps,
      every,
      atOnce: true,
      need: 2,
      onEvaluation(step, share) {
        latest = share;
        if (share >= 0.95 && first === 0) first = step;
        if (step % every === 0) curve[step / every - 1] = latest;
      },
    });
    curve.forEach((share, i) => {
      shares[i].push(share);
    });
    solved.push(first || steps);
    if (first === 0) unsolved++;
  }
  const points = shares.map(meanOf);
  return {
    name,
    x,
    y: points.map(({ value }) => value),
    low: points.map(({ low }) => low),
    high: points.map(({ high }) => high),
    solved,
    unsolved,
  };
}
