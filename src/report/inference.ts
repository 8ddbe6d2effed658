import type { TabularCritic } from "../critics/critic.ts";
import type { VisitedTransitions } from "../environments/collect.ts";
import type { Environment, Physics, Tables } from "../environments/environment.ts";
import type { ContinuousIdentifiability } from "../identifiability/continuous.ts";
import type { TabularIdentifiability } from "../identifiability/tabular.ts";
import { coverageCurve } from "../world-model/coverage.ts";
import type { ContinuousDefinition } from "../world-model/definition.ts";
import type { ContinuousScore } from "../world-model/score.ts";
import type { ContinuousWorldModel, TabularWorldModel } from "../world-model/world-model.ts";
import { continuousSections, scatterSection } from "./continuous-sections.ts";
import { coverageSection } from "./coverage.ts";
import { errorSection, headSection, rankSection } from "./findings.ts";
import type { ReportSection } from "./report.ts";
import { tabularSections } from "./tabular-sections.ts";
import { onlySuccessors } from "./true-tables.ts";

export interface ContinuousInference {
  readonly model: ContinuousWorldModel & { readonly definition: ContinuousDefinition };
  readonly identifiability: ContinuousIdentifiability;
  /** Flat [n, d], where the equations were solved. */
  readonly states: Float64Array;
  /** For the true vector field. */
  readonly environment?: Environment;
  readonly score?: ContinuousScore;
  /** The transitions that were scored, for predicted against true. */
  readonly transitions?: Pick<VisitedTransitions, "n" | "states" | "actions" | "nextStates" | "terminated">;
}

/** Every section of a continuous model's report, the most telling first. */
export async function continuousInference(found: ContinuousInference): Promise<ReportSection[]> {
  const { model, identifiability, states, environment, score, transitions } = found;
  const { system, actionSpace } = model.definition;
  const k = system.heads.length;
  const physics = environment?.physics;
  const pictures = await continuousSections({
    coordinates: model.coordinates,
    actionSpace,
    states,
    values: async (x) => rowMeans(await system.values(x), k),
    predict: async (x, actions) => (await model.predict(x, actions)).nextStates,
    truth: physics && ((x, actions) => trueStep(physics, x, actions)),
  });
  const pointwise = model.method === "pointwise";
  return [
    ...(score ? [errorSection(score)] : []),
    rankSection({
      values: pointwise ? identifiability.singularValues : identifiability.regionSingularValues,
      effectiveRank: pointwise ? identifiability.effectiveRank : identifiability.regionEffectiveRank,
      noiseFloor: 1,
    }),
    ...pictures,
    headSection(identifiability.heads.map(({ name, residual, signal, used }) => ({ name, residual, signal, dropped: !used }))),
    ...(transitions ? await heldAgainstTrue(model, transitions) : []),
  ];
}

async function heldAgainstTrue(
  model: ContinuousInference["model"],
  transitions: NonNullable<ContinuousInference["transitions"]>,
): Promise<ReportSection[]> {
  const d = model.coordinates.names.length;
  const m = transitions.actions.length / transitions.n;
  const kept = Array.from({ length: transitions.n }, (_, b) => b).filter((b) => !transitions.terminated[b]);
  const take = (from: Float64Array, width: number) => {
    const out = new Float64Array(kept.length * width);
    kept.forEach((b, i) => {
      out.set(from.subarray(b * width, (b + 1) * width), i * width);
    });
    return out;
  };
  const states = take(transitions.states, d);
  const actions = take(transitions.actions, m);
  const truth = take(transitions.nextStates, d);
  const { nextStates } = await model.predict(states, actions);
  const curve = await coverageCurve(model, { states, actions, nextStates: truth });
  return [
    coverageSection(curve, model.definition.bounds?.basis ?? "critics"),
    scatterSection(model.coordinates, states, truth, nextStates),
  ];
}

export interface TabularInference {
  readonly model: TabularWorldModel;
  readonly critic: TabularCritic;
  readonly identifiability: TabularIdentifiability;
  readonly environment?: Environment;
  /** The environment's tables in the critic's numbering. */
  readonly truth?: Tables;
}

/** Every section of a table's report. */
export async function tabularInference({ model, critic, identifiability, environment, truth }: TabularInference): Promise<ReportSection[]> {
  const { states, actions } = model;
  const pairs = Int32Array.from({ length: states * actions }, (_, k) => k);
  const prediction = await model.predict(
    pairs.map((k) => Math.floor(k / actions)),
    pairs.map((k) => k % actions),
  );
  const heads = critic.heads.length;
  const values = new Float64Array(states);
  for (let i = 0; i < heads; i++) for (let s = 0; s < states; s++) values[s] += critic.v[i * states + s] / heads;
  return [
    ...tabularSections({
      states,
      actions,
      prediction,
      values,
      grid: environment?.grid,
      stateNames: critic.stateNames,
      truth: truth && onlySuccessors(truth),
    }),
    ...(heads > 1 ? [rankSection({ values: identifiability.singularValues, effectiveRank: identifiability.effectiveRank })] : []),
  ];
}

function trueStep(physics: Physics, states: Float64Array, actions: Float64Array): Float64Array {
  const n = states.length / physics.coordinates.names.length;
  const nextStates = new Float64Array(states.length);
  physics.step(states, actions, n, { nextStates, rewards: new Float64Array(n), terminated: new Uint8Array(n) });
  return nextStates;
}

function rowMeans(values: ArrayLike<number>, k: number): Float64Array {
  const out = new Float64Array(values.length / k);
  for (let at = 0; at < values.length; at++) out[Math.floor(at / k)] += values[at] / k;
  return out;
}
