import { files } from "#files";
import { type ContinuousAdaptiveAgentOptions, createContinuousAdaptiveAgent } from "../../agents/continuous/adapt-continuous.ts";
import { adaptIn, returnOf, stepsBefore } from "../../agents/continuous/adaptation-run.ts";
import { allowedResiduals, calibrateIn, detectorOf } from "../../agents/continuous/calibrate.ts";
import { continueLearner, type TrainedLearner } from "../../agents/continuous/continue-learner.ts";
import { collectStates, randomPolicy } from "../../environments/collect.ts";
import { make } from "../../environments/make.ts";
import { vectorize } from "../../environments/vector-environment.ts";
import { readSafetensors, writeSafetensors } from "../../formats/safetensors.ts";
import type { InferredContinuous } from "../../inversion/assemble.ts";
import { inferDynamics } from "../../inversion/infer.ts";
import type { Checkpoint } from "../../learning/checkpoint-file.ts";
import { algorithms } from "../../learning/deep/algorithms.ts";
import { createRandom } from "../../numbers/random.ts";
import { sample } from "../../spaces/space.ts";
import { distillations, offTheFaces, type StateActions } from "../../world-model/linear-model.ts";
import { type ContinuousChangeStudy, optimal } from "./continuous-changes.ts";
import { type CaughtUp, catchUp, returnOfLearner } from "./continuous-critic.ts";

/** Where real steps, inference and the agents' own lots begin. */
const [INFERENCE, STEPS] = [7_000_000, 8_000_000];
/** Worlds that do not change: their seeds, copies, and share of random actions (as the agent's). */
const [QUIET, COPIES, EPSILON] = [9_000_000, 20, 0.05];
/** Pairs at which the inferred model is asked. */
const ASKED = 2000;
const NEED = 0.05;
/** Steps at which learners that go on are judged besides: the agent's first lessons. */
const EARLY = [8, 16, 32];
/** Evaluations from one checkpoint of a training to the next. */
const KEPT = 4;

export interface Prepared {
  readonly study: ContinuousChangeStudy;
  readonly seed: number;
  readonly trained: TrainedLearner;
  readonly agent: ContinuousAdaptiveAgentOptions & { readonly at: StateActions };
  readonly steps: number;
  /** Returns of the learner's policy before the change and right after it. */
  readonly before: number;
  readonly after: number;
}

/** A learner trained until it is good, the model inferred from the critic, and real steps of the old world to calibrate on. */
export async function prepareRuns(study: ContinuousChangeStudy, seed: number, cache: string): Promise<Prepared> {
  const { id, change, algorithm, training, task } = study;
  const environment = make(id);
  const physics = environment.physics!;
  const create: TrainedLearner["create"] = algorithms[algorithm].create;
  const { steps, within, every, settings } = training;
  const learner = await create(id, { ...settings, seed, steps });
  const file = `${cache}/adaptation/${id}-seed-${seed}.safetensors`;
  const configuration = new TextEncoder().encode(JSON.stringify({ algorithm, training }));
  const held = (await files.kind(file)) === "file" ? readSafetensors(await files.read(file), file) : undefined;
  const own = held && new TextDecoder().decode(held.configuration?.data as Uint8Array) === new TextDecoder().decode(configuration);
  let before = Number.NEGATIVE_INFINITY;
  if (own) {
    learner.restore(held);
    before = await returnOfLearner(learner, environment);
  }
  if (!own || held.unfinished !== undefined) {
    const keep = (more: Checkpoint = {}) =>
      files.write(
        file,
        writeSafetensors({ ...learner.save(), ...more, configuration: { shape: [configuration.length], data: configuration } }),
      );
    const optimum = await returnOf(await optimal(study, environment), environment);
    const enough = optimum - within * Math.abs(optimum);
    while (learner.steps < steps && before < enough) {
      await learner.iterate();
      if (learner.steps % every !== 0) continue;
      before = await returnOfLearner(learner, environment);
      if (learner.steps % (KEPT * every) === 0) await keep({ unfinished: { shape: [1], data: Uint8Array.of(1) } });
    }
    await keep();
  }
  const trained = { create, settings, checkpoint: learner.save() };
  const after = await returnOfLearner(learner, make(id, change));
  const real = await stepsBefore(environment, (observations, n) => learner.act(observations, n), seed);
  await learner.release();
  const inferring = study.everywhere ?? environment;
  const { model } = (await inferDynamics(await study.critic(), {
    environment: inferring,
    seed: INFERENCE + seed,
    method: "amortised",
    features: study.features,
  })) as InferredContinuous;
  const at = await collectStates(inferring, randomPolicy(inferring.actionSpace, INFERENCE + seed), { n: ASKED, seed: INFERENCE + seed });
  const agent = {
    at,
    seen: physics,
    model,
    before: real,
    task,
    start: (random, out, offset) => void physics.initialState(random, out, offset),
    learner: trained,
    grid: study.grid,
    seed: STEPS + seed,
  } satisfies ContinuousAdaptiveAgentOptions;
  return { study, seed, trained, agent, steps: learner.steps, before, after };
}

export interface ContinuousRun {
  /** Steps to the first evaluation within 5 % of the optimum; the cap where there was none. */
  readonly solved: number;
  readonly capped: boolean;
  readonly curve: readonly (readonly [number, number])[];
}

export interface AgentRun extends ContinuousRun {
  readonly alarm: number;
  readonly refitSteps?: number;
  readonly lessons?: number;
  readonly sentence?: string;
  /** [d] what the steps before the change said of the inferred model, over the RMS change */
  readonly inferredError?: readonly number[];
  readonly caughtUp?: CaughtUp;
}

/** The agent in the changed world until it is near the optimum again; then its critic catches up in the repaired model. */
export async function runAgent({ study, seed, agent: options }: Prepared, optimum: number, cap: number, updates = 0): Promise<AgentRun> {
  const agent = await createContinuousAdaptiveAgent(options);
  const enough = enoughOf(optimum);
  const [world, judge] = [make(study.id, study.change), make(study.id, study.change)];
  const curve = await adaptIn(agent, { world, judge, seed: STEPS + seed, cap, enough });
  const last = curve.at(-1);
  const capped = !(last && last[1] >= enough);
  const { change, lessons } = agent;
  const caughtUp = updates > 0 && change ? await catchUp(agent, { world: judge, task: options.task, updates, seed }) : undefined;
  await agent.release();
  return {
    solved: capped ? cap : last[0],
    capped,
    curve,
    alarm: change?.alarm.step ?? cap,
    refitSteps: change?.steps,
    lessons,
    sentence: change?.sentence,
    inferredError: agent.calibrated.inferredError,
    caughtUp,
  };
}

/** Returns that count as near the optimum. */
const enoughOf = (optimum: number) => optimum - NEED * Math.abs(optimum);

/** The learner that goes on, judged every few steps. */
export async function runLearner(
  { study, seed, trained }: Prepared,
  optimum: number,
  settings: Readonly<Record<string, number>>,
  { cap, every }: { readonly cap: number; readonly every: number },
): Promise<ContinuousRun> {
  const judge = make(study.id, study.change);
  const { memory, ...rest } = settings;
  const learner = await continueLearner(trained, () => make(study.id, study.change), {
    seed: STEPS + seed,
    steps: cap,
    memory: memory === 1,
    settings: { ...study.continued, ...rest },
  });
  const curve: [number, number][] = [];
  let solved = 0;
  while (learner.steps < cap) {
    await learner.iterate();
    if (learner.steps % every !== 0 && !EARLY.includes(learner.steps)) continue;
    const got = await returnOfLearner(learner, judge);
    curve.push([learner.steps, got]);
    if (got < enoughOf(optimum)) continue;
    solved = learner.steps;
    break;
  }
  await learner.release();
  return { solved: solved || cap, capped: solved === 0, curve };
}

/** Alarms in a world that does not change, over copies that each have a detector of their own. */
export async function quietAlarms({ study, seed, trained, agent }: Prepared, steps: number): Promise<number> {
  const { actionSpace } = make(study.id);
  const calibrated = calibrateIn(await distillations(agent.model, actionSpace, agent.at), agent.before);
  const learner = await continueLearner(trained, study.id, { seed, steps: 1, settings: study.continued });
  const vector = vectorize(study.id, COPIES);
  vector.reset(QUIET + seed);
  const detectors = Array.from({ length: COPIES }, () => detectorOf(calibrated));
  const random = createRandom(QUIET + seed);
  const d = vector.stateSize;
  let alarms = 0;
  for (let t = 0; t < steps / COPIES; t++) {
    const states = vector.states.slice();
    const actions = Float64Array.from(await learner.act(vector.observations, COPIES));
    for (let i = 0; i < COPIES; i++)
      if (random.uniform() < EPSILON) {
        const drawn = sample(actionSpace, random) as number | Float64Array;
        actions.set(typeof drawn === "number" ? [drawn] : drawn, i * vector.actionSize);
      }
    vector.step(actions);
    const met = { n: COPIES, states, actions, nextStates: vector.nextStates };
    const residuals = allowedResiduals(calibrated, met);
    const free = offTheFaces(calibrated.model.coordinates, met, calibrated.model.nextStates(states, actions, COPIES));
    for (let i = 0; i < COPIES; i++) if (free[i]) alarms += detectors[i].observe(residuals.subarray(i * d, (i + 1) * d)) ? 1 : 0;
  }
  await learner.release();
  return alarms;
}
