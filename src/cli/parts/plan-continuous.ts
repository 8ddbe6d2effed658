import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Environment } from "../../environments/environment.ts";
import { choicesOf } from "../../planning/own-task.ts";
import type { ContinuousPolicy } from "../../planning/policy.ts";
import type { Simulator } from "../../planning/shooting.ts";
import type { Space } from "../../spaces/space.ts";
import type { ContinuousWorldModel } from "../../world-model/world-model.ts";
import { alignColumns } from "./columns.ts";
import { checkSameWorld, makeEnvironment } from "./environments.ts";
import { UsageError } from "./errors.ts";
import { writeOutputFolder } from "./output-folder.ts";
import { type Aim, aimOf, coordinatesOf, rangesOf } from "./plan-aim.ts";
import { type Episodes, medianSteps, planReport } from "./plan-report.ts";
import type { Answer, Context } from "./run.ts";

export interface ContinuousPlanOptions {
  readonly env: string;
  readonly goal: string;
  readonly within?: number;
  readonly keep?: string;
  readonly start?: string;
  readonly starts?: number;
  readonly steps?: number;
  readonly discount?: number;
  readonly seed: number;
  readonly out?: string;
  readonly force?: boolean;
}

/** Nodes of a grid along each of two coordinates. */
const NODES = 241;
/** Levels of an action of a Box on the grid, and in plans of held actions. */
const LEVELS = { grid: 5, held: 3 };
/** Plans that must keep within limits; and what it costs a step to be beyond them. */
const STEERED = { horizon: 40, population: 128, iterations: 3 };
const LOST = 1000;
const MARGIN = 0.02;
const LONGEST = 200;
/** Pairs at which a model is asked that is put into few numbers. */
const ASKED = 2000;
const EPISODES = 20;
const DISCOUNT = 0.99;
/** Plan for values of coordinates in an inferred model, and follow the plans in the true world. */
export async function planContinuous(
  context: Context,
  folder: string,
  model: ContinuousWorldModel,
  options: ContinuousPlanOptions,
): Promise<Answer> {
  const environment = await makeEnvironment(options.env);
  const episodes = options.starts ?? EPISODES;
  const { physics } = environment;
  if (!physics) throw new UsageError(`${options.env} has no laws of motion to try a plan in; this needs one of the physical environments`);
  const { coordinates } = physics;
  const d = coordinates.names.length;
  checkSameWorld(model, { ...physics, id: options.env }, folder);
  const goal = coordinatesOf(options.goal, coordinates, "--goal");
  const keep = rangesOf(options.keep, coordinates);
  const aim = aimOf(coordinates, goal, options.within, keep);
  const [{ simulatorOfPhysics }, { createRandom }] = await Promise.all([
    import("../../planning/simulators.ts"),
    import("../../numbers/random.ts"),
  ]);
  const exact = simulatorOfPhysics(physics);
  const longest = options.steps ?? Math.min(LONGEST, environment.horizon);
  const starts = new Float64Array(episodes * d);
  const random = createRandom(options.seed);
  const start = options.start === undefined ? undefined : coordinatesOf(options.start, coordinates, "--start");
  for (let b = 0; b < episodes; b++) {
    physics.initialState(random, starts, b * d);
    start?.forEach((x, j) => {
      if (!Number.isNaN(x)) starts[b * d + j] = x;
    });
  }
  context.onProgress(0, 3, "planning in the model");
  const careful = aimOf(coordinates, goal, options.within, keep.map(narrowed));
  const planned = await followed("inferred model", await plannerOf(model, environment, careful, options), exact, aim, starts, longest);
  context.onProgress(1, 3, "planning in the true laws");
  const ceiling = await followed("true laws", await plannerOf(exact, environment, aim, options), exact, aim, starts, longest);
  context.onProgress(2, 3, "acting at random");
  const chance = await followed("random actions", randomPolicy(physics.actionSpace, options.seed), exact, aim, starts, longest);
  context.onProgress(3, 3, "done");
  const all = [planned, ceiling, chance];
  const reached = planned.steps.filter(Number.isFinite).length;
  const rows = all.map(({ name, steps }) => [
    name,
    `${steps.filter(Number.isFinite).length} of ${steps.length} reached`,
    `median ${medianSteps(steps, longest)} steps`,
  ]);
  const sentence = `Planned in ${folder} alone, ${reached} of ${episodes} episodes reach the goal within ${longest} steps, in ${medianSteps(planned.steps, longest)} at the median; planned in the true laws ${ceiling.steps.filter(Number.isFinite).length}, in ${medianSteps(ceiling.steps, longest)}.`;
  if (options.out !== undefined) {
    const page = await planReport(all, longest, {
      ...options,
      folder,
      sentence,
      command: context.commandLine,
      worse: reached < episodes,
    });
    await writeOutputFolder(options.out, options.force === true, (into) => writeFile(join(into, "report.html"), page));
  }
  const wanted = Object.fromEntries(coordinates.names.flatMap((name, j) => (Number.isNaN(goal[j]) ? [] : [[name, goal[j]]])));
  return {
    json: {
      folder,
      environment: options.env,
      goal: wanted,
      seed: options.seed,
      episodes,
      reached,
      medianSteps: medianSteps(planned.steps, longest),
      runs: all.map(({ name, steps }) => ({ name, steps: steps.map((x) => (Number.isFinite(x) ? x : null)) })),
    },
    text: [sentence, alignColumns(rows, "  "), ...(options.out ? [`Curves: ${options.out}/report.html`] : [])].join("\n"),
  };
}

/** Plans in a model keep off the limits by a share of what lies between them, for the model's errors. */
function narrowed([low, high]: readonly [number, number]): readonly [number, number] {
  const margin = Number.isFinite(high - low) ? MARGIN * (high - low) : 0;
  return [low + margin, high - margin];
}

/** Dynamic programming where two bounded coordinates make a grid; else plans of held actions. */
async function plannerOf(
  model: ContinuousWorldModel | Simulator,
  environment: Environment,
  aim: Aim,
  options: ContinuousPlanOptions,
): Promise<ContinuousPolicy> {
  const { coordinates, actionSpace } = environment.physics!;
  const d = coordinates.names.length;
  const fast = "kind" in model ? await quick(model, environment, options.seed) : model;
  const bounded = coordinates.low.every((low, j) => Number.isFinite(low) && Number.isFinite(coordinates.high[j]));
  if (d <= 2 && bounded) {
    const { planOnGrid } = await import("../../planning/plan-on-grid.ts");
    const { choices, actionSize } = choicesOf(actionSpace, LEVELS.grid);
    const away = new Float64Array(NODES ** d);
    const goal = (states: Float64Array, n: number, out: Uint8Array) => {
      aim.distance(states, n, away);
      for (let b = 0; b < n; b++) out[b] = away[b] < 0 ? 1 : 0;
    };
    const { low, high } = coordinates;
    return planOnGrid(
      fast,
      { discount: options.discount ?? DISCOUNT, goal, end: aim.lost },
      { low, high, sizes: low.map(() => NODES), choices, actionSize, lookahead: 2 },
    );
  }
  const [{ reachGoal }, { createRandom }] = await Promise.all([import("../../planning/reach.ts"), import("../../numbers/random.ts")]);
  if (options.keep !== undefined) return steered(fast, actionSpace, aim, options.seed);
  const { choices, actionSize } = choicesOf(actionSpace, LEVELS.held);
  return reachGoal(
    { model: fast, choices, actionSize, horizon: 100, margin: 0, distance: aim.distance, lost: aim.lost },
    { random: createRandom(options.seed) },
  );
}

/** What must be kept on the way may take an action of its own at every step: plans drawn around the last, by how far they stay from the goal. */
async function steered(model: ContinuousWorldModel | Simulator, space: Space, aim: Aim, seed: number): Promise<ContinuousPolicy> {
  const [{ cemOver }, { createRandom }] = await Promise.all([import("../../planning/cem.ts"), import("../../numbers/random.ts")]);
  let [away, lost, over] = [new Float64Array(0), new Uint8Array(0), new Uint8Array(0)];
  return cemOver(
    space,
    {
      model,
      cost(states, _actions, n, t, out) {
        if (t === 0) [away, lost, over] = [new Float64Array(n), new Uint8Array(n), new Uint8Array(n)];
        aim.distance(states, n, away);
        aim.lost(states, n, lost);
        for (let b = 0; b < n; b++) {
          over[b] |= lost[b];
          out[b] += over[b] ? LOST : Math.max(0, away[b]);
        }
      },
      horizon: STEERED.horizon,
    },
    { random: createRandom(seed), population: STEERED.population, iterations: STEERED.iterations },
  );
}

/** A model that answers pair by pair is put into few numbers first: planning asks it a million times. */
async function quick(model: ContinuousWorldModel, environment: Environment, seed: number): Promise<ContinuousWorldModel | Simulator> {
  if (model.method === "amortised") return model;
  const [{ distil }, { drawAnywhere }] = await Promise.all([
    import("../../world-model/linear-model.ts"),
    import("../../environments/collect.ts"),
  ]);
  const physics = environment.physics!;
  const { model: linear } = await distil(model, physics.actionSpace, drawAnywhere(physics, ASKED, seed));
  const d = physics.coordinates.names.length;
  return { stateSize: d, step: async (s, a, count) => ({ nextStates: linear.step(s, a, count) }) };
}

function randomPolicy(space: Space, seed: number): ContinuousPolicy {
  const { choices, actionSize: m } = choicesOf(space, LEVELS.grid);
  let state = seed + 1;
  const next = () => {
    // a small generator of its own: chance needs no quality
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  return {
    kind: "continuous",
    reset() {},
    async act() {
      const choice = Math.floor((next() * choices.length) / m);
      return choices.slice(choice * m, (choice + 1) * m);
    },
  };
}

async function followed(
  name: string,
  policy: ContinuousPolicy,
  world: Simulator,
  aim: Aim,
  starts: Float64Array,
  longest: number,
): Promise<Episodes> {
  const d = world.stateSize;
  const [away, lost] = [new Float64Array(1), new Uint8Array(1)];
  const steps: number[] = [];
  for (let b = 0; b < starts.length / d; b++) {
    policy.reset();
    let state = starts.slice(b * d, (b + 1) * d);
    let arrived = Number.NaN;
    for (let t = 1; t <= longest; t++) {
      state = (await world.step(state, await policy.act(state), 1)).nextStates as Float64Array<ArrayBuffer>;
      aim.lost(state, 1, lost);
      if (lost[0]) break;
      aim.distance(state, 1, away);
      if (away[0] >= 0) continue;
      arrived = t;
      break;
    }
    steps.push(arrived);
  }
  return { name, steps };
}
