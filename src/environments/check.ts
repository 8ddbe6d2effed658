import { evaluate, Graph } from "../engine/index.ts";
import { createRandom, type Random } from "../numbers/random.ts";
import { contains, sample } from "../spaces/space.ts";
import { actionSize } from "./action.ts";
import type { Action, Environment, Observation, Physics, Step } from "./environment.ts";
import { tableProblems } from "./tables.ts";

export interface CheckOptions {
  /** Steps to take (500). */
  readonly steps?: number;
  readonly seed?: number;
}

/**
 * Does an environment keep the contract? Plain sentences, one a problem; an empty list means that it does.
 * Checked: spaces, seeding, save and restore, the time limit, refusal of impossible actions, and that the tables or the physics tell what stepping does.
 */
export function checkEnvironment(environment: Environment, { steps = 500, seed = 1 }: CheckOptions = {}): string[] {
  const problems = new Set<string>();
  const checks = [checkSpaces, checkSeeding, checkCopies, checkRestore, checkTimeLimit, checkActions, checkTables, checkPhysics];
  for (const check of checks) {
    try {
      check(environment, { steps, seed, report: (problem) => problems.add(problem) });
    } catch (error) {
      problems.add(`${check.name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return [...problems];
}

interface Checking {
  readonly steps: number;
  readonly seed: number;
  readonly report: (problem: string) => void;
}

/** Step on with random actions, over the ends of episodes, and call `visit` for each step. */
function wander(
  environment: Environment,
  random: Random,
  steps: number,
  visit: (step: Step, action: Action, before: Float64Array) => void,
) {
  for (let t = 0; t < steps; t++) {
    const action = sample(environment.actionSpace, random) as Action;
    const before = environment.state;
    const step = environment.step(action);
    visit(step, action, before);
    if (step.terminated || step.truncated) environment.reset();
  }
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

function checkPhysics(environment: Environment, { steps, seed, report }: Checking) {
  const { physics } = environment;
  if (!physics) return;
  const { coordinates } = physics;
  const d = coordinates.names.length;
  const o = physics.observationSpace.low.length;
  const m = actionSize(physics.actionSpace);
  for (const name of ["angular", "low", "high", "rateOf"] as const)
    if (coordinates[name].length !== d) report(`coordinates: ${name} has ${coordinates[name].length} entries for ${d} coordinates`);
  if (physics.horizon !== environment.horizon) report("physics and environment have different horizons");
  environment.reset({ seed });
  const states: number[] = [];
  const observed: number[] = [];
  const next = { nextStates: new Float64Array(d), rewards: new Float64Array(1), terminated: new Uint8Array(1) };
  wander(environment, createRandom(seed), steps, (step, action, before) => {
    const state = before.slice(0, d);
    const flat = Float64Array.from(typeof action === "number" ? [action] : action);
    physics.step(state, flat, 1, next);
    const after = [...environment.state.subarray(0, d)];
    if (!sameNumbers([...next.nextStates], after)) report("physics.step and stepping lead to different states");
    if (next.rewards[0] !== step.reward) report("physics.step and stepping give different rewards");
    if ((next.terminated[0] === 1) !== step.terminated) report("physics.step and stepping end episodes differently");
    if (!step.terminated) {
      const reward = new Float64Array(1);
      physics.rewards(state, flat, 1, reward);
      if (!near(reward[0], step.reward)) report("physics.rewards differs from the reward of a step that does not end the episode");
    }
    states.push(...after);
    observed.push(...numbers(step.observation));
    for (let k = 0; k < d; k++)
      if (!(after[k] >= coordinates.low[k] && after[k] <= coordinates.high[k]))
        report(`coordinate ${coordinates.names[k]} leaves its bounds`);
  });
  const n = states.length / d;
  checkBatch(physics, Float64Array.from(states), n, m, report);
  checkCoordinates(physics, Float64Array.from(states), Float64Array.from(observed), n, o, report);
}

/** A batch does what its rows do one by one, and may be written over itself. */
function checkBatch(physics: Physics, states: Float64Array, n: number, m: number, report: Checking["report"]) {
  const d = states.length / n;
  const random = createRandom(0);
  const actions = new Float64Array(n * m);
  for (let i = 0; i < n; i++) {
    const action = sample(physics.actionSpace, random);
    actions.set(typeof action === "number" ? [action] : (action as Float64Array), i * m);
  }
  const room = (size: number) => ({
    nextStates: new Float64Array(size * d),
    rewards: new Float64Array(size),
    terminated: new Uint8Array(size),
  });
  const whole = room(n);
  physics.step(states, actions, n, whole);
  const row = room(1);
  for (let i = 0; i < n; i++) {
    physics.step(states.slice(i * d, i * d + d), actions.slice(i * m, i * m + m), 1, row);
    if (!sameNumbers([...row.nextStates], [...whole.nextStates.subarray(i * d, i * d + d)]) || row.rewards[0] !== whole.rewards[i])
      report("physics.step of a batch differs from its rows one by one");
  }
  const over = { ...room(n), nextStates: states.slice() };
  physics.step(over.nextStates, actions, n, over);
  if (!sameNumbers([...over.nextStates], [...whole.nextStates]))
    report("physics.step goes wrong when the next states overwrite the states");
}

function checkCoordinates(
  physics: Physics,
  states: Float64Array,
  observed: Float64Array,
  n: number,
  o: number,
  report: Checking["report"],
) {
  const { coordinates } = physics;
  const d = coordinates.names.length;
  const direct = new Float64Array(n * o);
  physics.observations(states, n, direct);
  if (!direct.every((x, i) => near(x, observed[i]))) report("physics.observations differs from what stepping observes");

  const graph = new Graph();
  graph.output("observations", coordinates.observe(graph.input("states", ["N", d])));
  const { observations } = evaluate(graph, { states: { shape: [n, d], data: states } });
  if (observations.data.length !== n * o || !observations.data.every((x, i) => near(x, observed[i])))
    report("coordinates.observe differs from what stepping observes");

  const back = coordinates.fromObservations(observed, n);
  for (let i = 0; i < n * d; i++) {
    const error = back[i] - states[i];
    if (!(Math.abs(coordinates.angular[i % d] ? Math.atan2(Math.sin(error), Math.cos(error)) : error) <= 1e-9 * (1 + Math.abs(states[i]))))
      report(`coordinates.fromObservations does not give ${coordinates.names[i % d]} back`);
  }
}

function numbers(observation: Observation): number[] {
  return typeof observation === "number" ? [observation] : [...observation];
}

/** Bit-identical: NaN equals NaN. */
function sameNumbers(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((x, i) => Object.is(x, b[i]) || x === b[i]);
}

function near(a: number, b: number): boolean {
  return Math.abs(a - b) <= 1e-9 * (1 + Math.abs(b));
}
