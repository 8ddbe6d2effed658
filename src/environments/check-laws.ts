import { evaluate, Graph } from "../engine/index.ts";
import { createRandom } from "../numbers/random.ts";
import { type Element, sample } from "../spaces/space.ts";
import { actionSize } from "./action.ts";
import { type Checking, near, numbers, sameNumbers, wander } from "./check-parts.ts";
import type { Environment, Physics, Simulation } from "./environment.ts";

/** Steps at most where a step of the laws may be dear, as that of a physics engine is. */
const DEAR = 100;
/** Rows of a batch that are compared one by one. */
const ROWS = 200;

/** The laws of an environment in batch, under the name of the field that holds them. */
type Laws = Pick<
  Simulation,
  "horizon" | "actionSpace" | "observationSpace" | "initialState" | "observations" | "step" | "ended" | "reward"
>;

/** Do `physics` and `simulation` tell what stepping does? */
export function checkLaws(environment: Environment, checking: Checking): void {
  const { physics, simulation } = environment;
  if (physics) {
    checkCoordinateLists(physics, checking.report);
    const visited = checkAgainstSteps(environment, "physics", physics, physics.coordinates.names.length, checking);
    checkRewards(physics, visited, checking.report);
    checkCoordinates(physics, visited, checking.report);
  }
  if (simulation) checkAgainstSteps(environment, "simulation", simulation, simulation.stateSize, checking);
}

interface Visited {
  readonly n: number;
  /** [n, d] before a step, what was done [n, m], and after */
  readonly states: Float64Array;
  readonly actions: Float64Array;
  readonly nextStates: Float64Array;
  /** [n, o] after */
  readonly observations: Float64Array;
  readonly rewards: Float64Array;
  readonly terminated: Uint8Array;
}

function checkAgainstSteps(environment: Environment, what: string, laws: Laws, d: number, { steps, seed, report }: Checking): Visited {
  if (laws.horizon !== environment.horizon) report(`${what} and environment have different horizons`);
  const first = laws.initialState(createRandom(seed));
  if (first.length !== d) report(`${what}.initialState gives ${first.length} numbers for ${d} coordinates`);
  environment.reset({ seed });
  const whole = environment.state.length;
  if (whole <= d)
    report(`\`state\` has ${whole} numbers where the ${d} coordinates of ${what}, the elapsed steps and a generator are expected`);
  const [before, done, after, observed, rewards, terminated] = [[], [], [], [], [], []] as number[][];
  const dear = what === "simulation" && environment.physics === undefined;
  wander(environment, createRandom(seed), dear ? Math.min(steps, DEAR) : steps, (step, action, state) => {
    before.push(...state.subarray(0, d));
    done.push(...flat(action));
    after.push(...environment.state.subarray(0, d));
    observed.push(...numbers(step.observation));
    rewards.push(step.reward);
    terminated.push(step.terminated ? 1 : 0);
  });
  const visited = {
    n: rewards.length,
    states: Float64Array.from(before),
    actions: Float64Array.from(done),
    nextStates: Float64Array.from(after),
    observations: Float64Array.from(observed),
    rewards: Float64Array.from(rewards),
    terminated: Uint8Array.from(terminated),
  };
  checkSteps(what, laws, d, visited, report);
  checkEnds(what, laws, visited, report);
  checkRows(what, laws, d, visited, report);
  return visited;
}

/** What laws write to: numbers that no law writes, so that what is left out is seen. */
function room(n: number, d: number) {
  return { nextStates: new Float64Array(n * d).fill(Number.NaN), rewards: new Float64Array(n).fill(Number.NaN), terminated: unwritten(n) };
}

function unwritten(n: number): Uint8Array {
  return new Uint8Array(n).fill(255);
}

function checkSteps(what: string, laws: Laws, d: number, { n, ...visited }: Visited, report: Checking["report"]): void {
  const out = room(n, d);
  laws.step(visited.states.slice(), visited.actions.slice(), n, out);
  if (out.nextStates.some(Number.isNaN)) report(`${what}.step leaves next states unwritten, or writes NaN`);
  else if (!sameNumbers(out.nextStates, visited.nextStates)) report(`${what}.step and stepping lead to different states`);
  if (out.rewards.some(Number.isNaN)) report(`${what}.step leaves rewards unwritten, or writes NaN`);
  else if (!sameNumbers(out.rewards, visited.rewards)) report(`${what}.step and stepping give different rewards`);
  if (out.terminated.some((x) => x > 1)) report(`${what}.step leaves terminated unwritten, or writes other than 0 and 1`);
  else if (!sameNumbers(out.terminated, visited.terminated)) report(`${what}.step and stepping end episodes differently`);
  const o = laws.observationSpace.low.length;
  if (visited.observations.length !== n * o) {
    report(`stepping observes ${visited.observations.length / n} numbers where the observation space of ${what} has ${o}`);
    return;
  }
  const seen = new Float64Array(n * o).fill(Number.NaN);
  laws.observations(visited.nextStates.slice(), n, seen);
  if (seen.some(Number.isNaN)) report(`${what}.observations leaves numbers unwritten, or writes NaN`);
  else if (!seen.every((x, i) => near(x, visited.observations[i]))) report(`${what}.observations differs from what stepping observes`);
}

/** d(s') and r(s, a, s') of real steps. */
function checkEnds(what: string, laws: Laws, { n, states, actions, nextStates, ...visited }: Visited, report: Checking["report"]): void {
  if (laws.ended) {
    const ended = unwritten(n);
    laws.ended(nextStates.slice(), n, ended);
    if (ended.some((x) => x > 1)) report(`${what}.ended leaves ends unwritten, or writes other than 0 and 1`);
    else if (!sameNumbers(ended, visited.terminated)) report(`${what}.ended differs from the ends that stepping tells`);
  }
  if (laws.reward) {
    const paid = new Float64Array(n).fill(Number.NaN);
    laws.reward(states.slice(), actions.slice(), nextStates.slice(), n, paid);
    if (paid.some(Number.isNaN)) report(`${what}.reward leaves rewards unwritten, or writes NaN`);
    else if (!paid.every((x, i) => near(x, visited.rewards[i]))) report(`${what}.reward differs from the rewards that stepping pays`);
  }
}

/** A batch does what its rows do one by one, and may be written over itself. */
function checkRows(what: string, laws: Laws, d: number, { n: all, nextStates }: Visited, report: Checking["report"]): void {
  const n = Math.min(all, ROWS);
  const m = actionSize(laws.actionSpace);
  const states = nextStates.slice(0, n * d);
  const random = createRandom(0);
  const actions = Float64Array.from(Array.from({ length: n }, () => flat(sample(laws.actionSpace, random))).flat());
  const whole = room(n, d);
  laws.step(states.slice(), actions.slice(), n, whole);
  const row = room(1, d);
  for (let i = 0; i < n; i++) {
    laws.step(states.slice(i * d, i * d + d), actions.slice(i * m, i * m + m), 1, row);
    if (!sameNumbers(row.nextStates, whole.nextStates.subarray(i * d, i * d + d)) || !Object.is(row.rewards[0], whole.rewards[i]))
      report(`${what}.step of a batch differs from its rows one by one`);
  }
  const over = { ...room(n, d), nextStates: states.slice() };
  laws.step(over.nextStates, actions.slice(), n, over);
  if (!sameNumbers(over.nextStates, whole.nextStates)) report(`${what}.step goes wrong when the next states overwrite the states`);
}

function checkCoordinateLists({ coordinates }: Physics, report: Checking["report"]): void {
  const d = coordinates.names.length;
  for (const name of ["angular", "low", "high", "rateOf"] as const)
    if (coordinates[name].length !== d) report(`coordinates: ${name} has ${coordinates[name].length} entries for ${d} coordinates`);
}

/** r(s, a) of steps that do not end the episode. */
function checkRewards(physics: Physics, { n, states, actions, rewards, terminated }: Visited, report: Checking["report"]): void {
  const paid = new Float64Array(n).fill(Number.NaN);
  physics.rewards(states.slice(), actions.slice(), n, paid);
  if (!paid.every((x, i) => terminated[i] === 1 || near(x, rewards[i])))
    report("physics.rewards differs from the reward of a step that does not end the episode");
}

function checkCoordinates({ coordinates }: Physics, { n, nextStates, observations }: Visited, report: Checking["report"]): void {
  const d = coordinates.names.length;
  for (let i = 0; i < n * d; i++)
    if (!(nextStates[i] >= coordinates.low[i % d] && nextStates[i] <= coordinates.high[i % d]))
      report(`coordinate ${coordinates.names[i % d]} leaves its bounds`);

  const graph = new Graph();
  graph.output("observations", coordinates.observe(graph.input("states", ["N", d])));
  const { observations: seen } = evaluate(graph, { states: { shape: [n, d], data: nextStates } });
  if (seen.data.length !== observations.length || !seen.data.every((x, i) => near(x, observations[i])))
    report("coordinates.observe differs from what stepping observes");

  const back = coordinates.fromObservations(observations, n);
  if (back.length !== n * d) {
    report(`coordinates.fromObservations gives ${back.length / n} numbers for ${d} coordinates`);
    return;
  }
  for (let i = 0; i < n * d; i++) {
    const error = back[i] - nextStates[i];
    const size = Math.abs(coordinates.angular[i % d] ? Math.atan2(Math.sin(error), Math.cos(error)) : error);
    if (!(size <= 1e-9 * (1 + Math.abs(nextStates[i]))))
      report(`coordinates.fromObservations does not give ${coordinates.names[i % d]} back`);
  }
}

function flat(action: Element | readonly number[]): number[] {
  return typeof action === "number" ? [action] : Array.from(action as ArrayLike<number>);
}
