import { createRandom, type Random } from "../numbers/random.ts";
import { contains, sample } from "../spaces/space.ts";
import { actionSize } from "./action.ts";
import { checkLaws } from "./check-laws.ts";
import { type Checking, numbers, sameNumbers, wander } from "./check-parts.ts";
import type { Action, Environment } from "./environment.ts";
import { tableProblems } from "./tables.ts";

export interface CheckOptions {
  /** Steps to take (500). */
  readonly steps?: number;
  readonly seed?: number;
}

/**
 * Does an environment keep the contract? Plain sentences, one a problem; an empty list means that it does.
 * Checked: spaces, seeding, save and restore, the time limit, refusal of impossible actions, and that tables, physics and simulation tell what
 * stepping does, in batch as one by one: next states, rewards, ends, observations, all of the right length and numbers.
 */
export function checkEnvironment(environment: Environment, { steps = 500, seed = 1 }: CheckOptions = {}): string[] {
  const problems = new Set<string>();
  const checks = [checkSpaces, checkSeeding, checkCopies, checkRestore, checkTimeLimit, checkActions, checkTables, checkLaws];
  for (const check of checks) {
    try {
      check(environment, { steps, seed, report: (problem) => problems.add(problem) });
    } catch (error) {
      problems.add(`${check.name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return [...problems];
}

function checkSpaces(environment: Environment, { steps, seed, report }: Checking) {
  const first = environment.reset({ seed });
  if (!contains(environment.observationSpace, first.observation)) report("reset returns an observation outside the observation space");
  if (typeof first.info !== "object" || first.info === null) report("reset returns no info record");
  wander(environment, createRandom(seed), steps, (step) => {
    if (!contains(environment.observationSpace, step.observation)) report("step returns an observation outside the observation space");
    if (!Number.isFinite(step.reward)) report(`step returns the reward ${step.reward}`);
    if (typeof step.terminated !== "boolean" || typeof step.truncated !== "boolean") report("terminated and truncated are not booleans");
    if (typeof step.info !== "object" || step.info === null) report("step returns no info record");
  });
}

function trace(environment: Environment, random: Random, steps: number): number[] {
  const told: number[] = [];
  wander(environment, random, steps, ({ observation, reward, terminated, truncated }) => {
    told.push(...numbers(observation), reward, terminated ? 1 : 0, truncated ? 1 : 0, ...environment.state);
  });
  return told;
}

function checkSeeding(environment: Environment, { steps, seed, report }: Checking) {
  const runs = [0, 1].map(() => {
    const start = numbers(environment.reset({ seed }).observation);
    return [...start, ...trace(environment, createRandom(seed), steps)];
  });
  if (!sameNumbers(runs[0], runs[1])) report("the same seed and actions give different episodes");
}

function checkCopies(environment: Environment, { seed, report }: Checking) {
  const { observation } = environment.reset({ seed });
  const kept = numbers(observation);
  const state = environment.state;
  const keptState = [...state];
  environment.step(sample(environment.actionSpace, createRandom(seed)) as Action);
  const now = [...environment.state];
  if (!sameNumbers(kept, numbers(observation))) report("a step overwrites an observation that was handed out");
  if (!sameNumbers(keptState, [...state])) report("`state` is not a copy: a step changes one that was handed out");
  environment.state.fill(0);
  if (!sameNumbers(now, [...environment.state])) report("`state` is not a copy: writing to one changes the environment");
}

function checkRestore(environment: Environment, { steps, seed, report }: Checking) {
  environment.reset({ seed });
  const random = createRandom(seed + 1);
  for (let round = 0; round < 5; round++) {
    wander(environment, random, 1 + random.integer(Math.ceil(steps / 5)), () => {});
    const saved = environment.state;
    const first = trace(environment, createRandom(round), 50);
    environment.state = saved;
    if (!sameNumbers([...environment.state], [...saved])) report("`state` reads back different numbers from those that were set");
    if (!sameNumbers(trace(environment, createRandom(round), 50), first)) report("restoring `state` does not give a bit-identical future");
  }
}

function checkTimeLimit(environment: Environment, { steps, seed, report }: Checking) {
  const { horizon } = environment;
  if (!(horizon >= 1)) report(`the horizon is ${horizon}`);
  const random = createRandom(seed + 2);
  environment.reset({ seed });
  let elapsed = 0;
  for (let t = 0; t < Math.max(steps, Math.min(2 * horizon, 5000)); t++) {
    const { terminated, truncated } = environment.step(sample(environment.actionSpace, random) as Action);
    elapsed++;
    if (truncated !== elapsed >= horizon) report(`truncated is ${truncated} after ${elapsed} steps where the horizon is ${horizon}`);
    if (terminated || truncated) {
      environment.reset();
      elapsed = 0;
    }
  }
}

function checkActions(environment: Environment, { seed, report }: Checking) {
  const { actionSpace } = environment;
  const impossible: Action[] =
    actionSpace.kind === "discrete"
      ? [actionSpace.start - 1, actionSpace.start + actionSpace.n, actionSpace.start + 0.5, Number.NaN]
      : [new Float64Array(actionSize(actionSpace) + 1), new Float64Array(actionSize(actionSpace)).fill(Number.NaN)];
  for (const action of impossible) {
    environment.reset({ seed });
    try {
      environment.step(action);
      report(`the impossible action ${String(action)} is not refused`);
    } catch {}
  }
  environment.reset({ seed });
}

function checkTables(environment: Environment, { steps, seed, report }: Checking) {
  const { tables } = environment;
  if (!tables) return;
  for (const problem of tableProblems(tables)) report(`tables: ${problem}`);
  const start = environment.reset({ seed }).observation;
  if (!(tables.initial[start as number] > 0)) report(`tables: an episode starts in state ${String(start)}, where initial has 0`);
  wander(environment, createRandom(seed), steps, (step, action, before) => {
    const pair = before[0] * tables.actions + (action as number);
    let listed = false;
    for (let k = tables.offsets[pair]; k < tables.offsets[pair + 1]; k++)
      listed ||=
        tables.probabilities[k] > 0 &&
        tables.nextStates[k] === step.observation &&
        tables.rewards[k] === step.reward &&
        (tables.terminated[k] === 1) === step.terminated;
    if (!listed) report(`tables: they do not list what stepping did in state ${before[0]} with action ${String(action)}`);
  });
}
