import { MismatchError } from "../../base/mismatch-error.ts";
import { OptionError } from "../../base/options.ts";
import type { SavedCritic } from "../../critics/saved.ts";
import type { Learner } from "../../learning/learner.ts";
import { createRandom, type Random } from "../../numbers/random.ts";
import type { ContinuousTask } from "../../planning/continuous-task.ts";
import { type GridOptions, planOnGrid } from "../../planning/plan-on-grid.ts";
import type { ContinuousPolicy } from "../../planning/policy.ts";
import { sample } from "../../spaces/space.ts";
import { distillations, type LinearModel, offTheFaces, type RealSteps, refit, type StateActions } from "../../world-model/linear-model.ts";
import type { ContinuousWorldModel } from "../../world-model/world-model.ts";
import { allowedResiduals, type Calibrated, calibrateIn, detectorOf, inProportion } from "./calibrate.ts";
import { continueLearner, type TrainedLearner } from "./continue-learner.ts";
import { imagine, imaginedEnvironment, type ObservedWorld, plannerIn, type StateValues, stateValuesOf } from "./imagination.ts";
import type { ResidualAlarm, ResidualDetector } from "./residual-detector.ts";

export interface ContinuousAdaptiveAgentOptions {
  /** What is measured and can be done, and how episodes begin: not how the world moves. */
  readonly seen: ObservedWorld;
  /** Inferred from the critic. */
  readonly model: ContinuousWorldModel;
  /** Where the model is asked what it knows (states and actions, no steps): where it was inferred, say. The steps before, where not given. */
  readonly at?: StateActions;
  /** Real steps before any change: they say how far the model's predictions are to be trusted. */
  readonly before: RealSteps;
  readonly task: ContinuousTask;
  /** Writes a state in which an episode may begin into [d] at the offset. */
  readonly start: (random: Random, out: Float64Array, offset: number) => void;
  /** The learner that made the critic: its policy is followed until something changes, and it goes on in imagination. Without it there must be a grid to plan on. */
  readonly learner?: TrainedLearner;
  readonly seed: number;
  /** False alarms a step (1e-5). */
  readonly falseAlarmRate?: number;
  /** Share of random actions (0.05). */
  readonly epsilon?: number;
  /** Plan on a grid over the states, where they have few coordinates: every lesson is then a plan in the refitted model. */
  readonly grid?: GridOptions;
  /** Updates of the critic in imagination in each lesson: 3000, and with a grid none. */
  readonly updates?: number;
  readonly planner?: { readonly horizon?: number; readonly population?: number; readonly iterations?: number };
}

export interface ContinuousChange {
  /** Step of the alarm and the last one before the evidence began, from 1. */
  readonly alarm: ResidualAlarm;
  /** Real steps that the model was fitted to, so far. */
  readonly steps: number;
  /** What it seems to be. */
  readonly sentence: string;
}

/** Acts in a continuous world that may change, and keeps its model and its critic up to date. Release it at the end. */
export interface ContinuousAdaptiveAgent {
  /** The model as it is now. */
  readonly model: LinearModel;
  /** What the steps before the change said of the inferred model. */
  readonly calibrated: Calibrated;
  /** undefined while everything is as expected */
  readonly change: ContinuousChange | undefined;
  /** How often it planned anew. */
  readonly lessons: number;
  /**
   * What to do in a state [d]: the critic's own action while everything is as expected, then a plan; a share of the actions is random.
   * @returns an action [m]
   */
  act(state: Float64Array): Promise<Float64Array>;
  /** One real step: detection, and after an alarm the model and, less often, the critic catch up. */
  observe(state: Float64Array, action: Float64Array, next: Float64Array): Promise<void>;
  /** A new episode begins. */
  reset(): void;
  /** What it would do if it explored no more. */
  policy(): Promise<ContinuousPolicy>;
  /**
   * The critic as it is now, with its learner's own policy beside it: as it was before the change until it caught up.
   * @throws MismatchError for an agent without a learner
   */
  critic(): SavedCritic;
  /**
   * What the critic's learner would do by itself.
   * @throws MismatchError for an agent without a learner
   */
  learnersPolicy(): Pick<Learner, "act">;
  /**
   * The critic goes on in the repaired model, without a real step; what is kept of it is the best in imagination. Lessons do so where there is
   * no grid; where there is one, whoever wants the critic current, to invert it again or to let its learner go on in the world, asks for it.
   * @throws MismatchError for an agent without a learner
   */
  catchUp(updates: number): Promise<void>;
  /** Frees the sessions of the learner and of its values. */
  release(): Promise<void>;
}

/** Steps since the change after which the critic first catches up; then every time there are twice as many. */
const FIRST_LESSON = 8;
/** How the learner goes on in imagination, where steps cost little; and how it explores where actions are discrete: others draw theirs. */
const IMAGINED = {
  numEnvs: 32,
  updatesPerStep: 0.25,
  learningStarts: 256,
  bufferSize: 50_000,
  persistence: 1,
};
const IMAGINED_EXPLORATION = { explorationFinalEps: 0.2, explorationFraction: 1e-9 };
/** Parts of a lesson after each of which its outcome is judged, by so many imagined episodes; plans are slower and are judged by fewer. */
const [PARTS, EPISODES, FEW] = [6, 16, 3];
/** Steps of an imagined episode of learning: short ones begin in more places. */
const HORIZON = 100;
/** Starts in imagination: as episodes really begin, where the world has been met, anywhere in the box that was met. */
const STARTS = { met: 0.4, box: 0.4 };
/** Whitened length of a residual that the old model does not explain. */
const STRANGE = 5;
/** A weight has changed beyond doubt at this many posterior deviations. */
const SURE = 4;

/** What the agent believes, shared with the learner that imagines. */
interface Belief {
  model: LinearModel;
  /** Real steps since the change. */
  since: RealSteps;
}

/**
 * Keeps an inferred model of a continuous world up to date, and with it the critic that it came from. Its one-step residuals, whitened on steps before, run through a CUSUM;
 * after the alarm the few numbers that the model distils to are fitted again to real steps since the CUSUM's last zero, with the old ones for a prior in which a weight changes in proportion
 * to itself, as masses, lengths and forces change it. Then it plans anew: on a grid where there are few coordinates; else to a horizon and with the critic's values behind it,
 * while the critic's own learner goes on in imagination so that they catch up.
 */
export async function createContinuousAdaptiveAgent(options: ContinuousAdaptiveAgentOptions): Promise<ContinuousAdaptiveAgent> {
  const classes = await distillations(options.model, options.seen.actionSpace, options.at ?? options.before);
  const calibrated = calibrateIn(classes, options.before);
  const belief: Belief = { model: calibrated.model, since: { ...options.before, n: 0 } };
  const { learner: trained, grid } = options;
  if (!trained && !grid)
    throw new OptionError("an agent that adapts needs a way to plan: give `learner`, which made the critic, or `grid`, a grid to plan on", {
      field: "grid",
    });
  const exploring = options.seen.actionSpace.kind === "discrete";
  const settings = {
    seed: options.seed,
    steps: Number.MAX_SAFE_INTEGER,
    settings: exploring ? { ...IMAGINED, ...IMAGINED_EXPLORATION } : IMAGINED,
  };
  const learner = trained && (await continueLearner(trained, () => imagined(options, belief), settings));
  return new LinearAdaptiveAgent(options, belief, calibrated, learner);
}

class LinearAdaptiveAgent implements ContinuousAdaptiveAgent {
  private readonly options: ContinuousAdaptiveAgentOptions;
  private readonly random: Random;
  private readonly old: LinearModel;
  private readonly detector: ResidualDetector;
  private readonly belief: Belief;
  private readonly log: { readonly state: Float64Array; readonly action: Float64Array; readonly next: Float64Array }[] = [];
  private readonly learner: Learner | undefined;
  private values: StateValues | undefined;
  private planner: ContinuousPolicy | undefined;
  private time = 0;
  private lesson = FIRST_LESSON;
  /** The plan on the grid, since the last lesson. */
  private map: ContinuousPolicy | undefined;
  /** Plans are better than the critic's own actions, as far as the model can tell. */
  private plans = true;
  readonly calibrated: Calibrated;
  change: ContinuousChange | undefined;
  lessons = 0;

  constructor(options: ContinuousAdaptiveAgentOptions, belief: Belief, calibrated: Calibrated, learner?: Learner) {
    this.options = options;
    this.random = createRandom(options.seed);
    this.belief = belief;
    this.old = belief.model;
    this.calibrated = calibrated;
    this.learner = learner;
    this.detector = detectorOf(calibrated, options.falseAlarmRate);
  }

  get model(): LinearModel {
    return this.belief.model;
  }

  async act(state: Float64Array): Promise<Float64Array> {
    const { seen, epsilon = 0.05 } = this.options;
    if (this.random.uniform() < epsilon)
      return Float64Array.of(
        ...[sample(seen.actionSpace, this.random) as number | Float64Array].flatMap((x) => (typeof x === "number" ? [x] : [...x])),
      );
    return (await this.policy()).act(state);
  }

  reset(): void {
    this.planner?.reset();
  }

  async policy(): Promise<ContinuousPolicy> {
    if (this.learner && (!this.change || !this.plans)) return this.own(this.learner);
    this.planner ??= await this.plan();
    return this.planner;
  }

  critic(): SavedCritic {
    return this.learnerOf().critic();
  }

  learnersPolicy(): Pick<Learner, "act"> {
    return this.learnerOf();
  }

  private learnerOf(): Learner {
    if (!this.learner)
      throw new MismatchError("this agent has no critic but its plan: create it with `learner`, the learner that made the critic");
    return this.learner;
  }

  async observe(state: Float64Array, action: Float64Array, next: Float64Array): Promise<void> {
    this.log.push({ state, action, next });
    this.time++;
    if (!this.change) {
      const step: RealSteps = { n: 1, states: state, actions: action, nextStates: next };
      const predicted = this.old.nextStates(state, action, 1);
      const alarm = offTheFaces(this.old.coordinates, step, predicted)[0]
        ? this.detector.observe(allowedResiduals(this.calibrated, step))
        : this.detector.skip();
      if (!alarm) return;
      this.change = { alarm: { ...alarm, since: this.firstStrange(alarm) }, steps: 0, sentence: "" };
    }
    this.refit(this.change);
    if (this.time - this.change.alarm.since < this.lesson) return;
    this.lesson *= 2;
    await this.learn();
  }

  /** Steps that the old model still explains were of the old world, though the evidence began with them. */
  private firstStrange({ since, step }: ResidualAlarm): number {
    for (let t = since; t < step - 1; t++) {
      const { state, action, next } = this.log[t];
      const residual = allowedResiduals(this.calibrated, { n: 1, states: state, actions: action, nextStates: next });
      if (this.detector.whitened(residual) > STRANGE) return t;
    }
    return step - 1;
  }

  async release(): Promise<void> {
    await this.values?.release();
    await this.learner?.release();
  }

  private refit({ alarm }: ContinuousChange): void {
    const { log, old } = this;
    const steps = log.slice(alarm.since);
    this.belief.since = {
      n: steps.length,
      states: Float64Array.from(steps.flatMap(({ state }) => [...state])),
      actions: Float64Array.from(steps.flatMap(({ action }) => [...action])),
      nextStates: Float64Array.from(steps.flatMap(({ next }) => [...next])),
    };
    const { model, deviation } = refit(old, this.belief.since, { deviation: this.calibrated.deviation, spread: inProportion(old) });
    this.belief.model = model;
    this.planner = undefined;
    this.change = { alarm, steps: steps.length, sentence: describe(old, model, deviation) };
  }

  /** A plan in the refitted model, or the critic goes on in imagination. */
  private async learn(): Promise<void> {
    const { grid, updates = grid ? 0 : 3000 } = this.options;
    if (this.learner) await this.catchUp(updates);
    this.lessons++;
    this.planner = undefined;
    this.map = undefined;
    if (!grid) await this.choose(this.learner!);
  }

  async catchUp(updates: number): Promise<void> {
    if (updates <= 0) return;
    const learner = this.learnerOf();
    let kept = learner.save();
    let most = await this.imaginedReturn(this.actor(learner), this.starts(EPISODES));
    for (let part = 0; part < PARTS; part++) {
      const until = learner.updates + updates / PARTS;
      while (learner.updates < until) await learner.iterate();
      const got = await this.imaginedReturn(this.actor(learner), this.starts(EPISODES));
      if (got < most) continue;
      most = got;
      kept = learner.save();
    }
    learner.restore(kept);
    await this.values?.release();
    this.values = undefined;
  }

  /** The critic's own actions, or plans that end in its values: whichever is better in imagination. */
  private async choose(learner: Learner): Promise<void> {
    const own = await this.imaginedReturn(this.actor(learner), this.starts(FEW));
    const plan = await this.plan();
    let planned = 0;
    for (let e = 0; e < FEW; e++) {
      plan.reset();
      planned += (await this.imaginedReturn((state) => plan.act(state), this.starts(FEW, e))) / FEW;
    }
    this.plans = planned >= own;
  }

  /** [episodes, d] where imagined episodes begin, always the same; or one of them. */
  private starts(episodes: number, one?: number): Float64Array {
    const { start, seed } = this.options;
    const d = this.old.coordinates.names.length;
    const random = createRandom(seed);
    const states = new Float64Array(episodes * d);
    for (let i = 0; i < episodes; i++) start(random, states, i * d);
    return one === undefined ? states : states.slice(one * d, (one + 1) * d);
  }

  /** Undiscounted return of episodes in the model, mean over starts [episodes, d]. */
  private async imaginedReturn(act: BatchActions, starts: Float64Array): Promise<number> {
    const { seen, task } = this.options;
    const { model } = this.belief;
    const episodes = starts.length / model.coordinates.names.length;
    let states = starts;
    const over = new Uint8Array(episodes);
    let sum = 0;
    for (let t = 0; t < seen.horizon && over.includes(0); t++) {
      const { nextStates, rewards, ended } = imagine(model, task, states, await act(states, episodes), episodes);
      for (let i = 0; i < episodes; i++) {
        if (over[i]) continue;
        sum += rewards[i] / episodes;
        over[i] = ended[i];
      }
      states = nextStates;
    }
    return sum;
  }

  private actor(learner: Learner): BatchActions {
    const { seen } = this.options;
    return async (states, n) => {
      const observations = new Float64Array(n * seen.observationSpace.low.length);
      seen.observations(states, n, observations);
      return Float64Array.from(await learner.act(observations, n));
    };
  }

  private async plan(): Promise<ContinuousPolicy> {
    const { seen, task, grid, planner = {} } = this.options;
    if (grid) {
      this.map ??= await planOnGrid(this.belief.model, task, grid);
      return this.map;
    }
    this.values ??= await stateValuesOf(this.learner!.critic(), seen);
    return plannerIn(this.belief.model, seen, task, this.values, {
      random: this.random,
      horizon: planner.horizon ?? 12,
      population: planner.population ?? 48,
      iterations: planner.iterations ?? 3,
    });
  }

  private own(learner: Learner): ContinuousPolicy {
    const act = this.actor(learner);
    return { kind: "continuous", reset() {}, act: (state) => act(Float64Array.from(state), 1) };
  }
}

/** Actions [n, m] in states [n, d]. */
type BatchActions = (states: Float64Array, n: number) => Promise<Float64Array>;

function imagined({ seen, task, before, start }: ContinuousAdaptiveAgentOptions, belief: Belief) {
  const d = seen.coordinates.names.length;
  const low = new Float64Array(d).fill(Infinity);
  const high = new Float64Array(d).fill(-Infinity);
  for (let i = 0; i < before.n * d; i++) {
    low[i % d] = Math.min(low[i % d], before.states[i]);
    high[i % d] = Math.max(high[i % d], before.states[i]);
  }
  const begin = (random: Random, out: Float64Array, offset: number) => {
    const kind = random.uniform();
    if (kind < STARTS.box) for (let j = 0; j < d; j++) out[offset + j] = low[j] + (high[j] - low[j]) * random.uniform();
    else if (kind < STARTS.box + STARTS.met) {
      const from = belief.since.n > 0 && random.uniform() < 0.5 ? belief.since : before;
      const row = random.integer(from.n);
      for (let j = 0; j < d; j++) out[offset + j] = from.states[row * d + j];
    } else start(random, out, offset);
  };
  return imaginedEnvironment("imagined", seen, task, () => belief.model, begin, HORIZON);
}

/** The surest changes of weights, in words. */
function describe({ coordinates, features, theta }: LinearModel, now: LinearModel, deviation: Float64Array): string {
  const width = features.names.length;
  const changes = Array.from(theta, (w, i) => ({ i, was: w, is: now.theta[i], sure: Math.abs(now.theta[i] - w) / deviation[i] }))
    .filter(({ sure, was, is, i }) => {
      const row = theta.subarray(i - (i % width), i - (i % width) + width);
      return sure > SURE && Math.abs(is - was) > 0.05 * Math.max(...row.map(Math.abs));
    })
    .sort((x, y) => y.sure - x.sure)
    .slice(0, 3)
    .map(
      ({ i, was, is }) =>
        `${coordinates.names[Math.floor(i / width)]} answers '${features.names[i % width]}' ${(is / was).toFixed(2)} times as before`,
    );
  return changes.length > 0 ? changes.join("; ") : "something moves otherwise; too little has been seen to say what";
}
