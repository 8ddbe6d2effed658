import { createRandom } from "../numbers/random.ts";
import { boundsOf, LEVEL, unscaled } from "./bounds.ts";
import { confine } from "./confine.ts";
import { continuousModel, stepOf, whitenedResidual } from "./continuous.ts";
import type { ContinuousDefinition } from "./definition.ts";
import { covariances, meanUnderNoise, triangle } from "./expected-values.ts";
import { solveGaussian } from "./gaussian-pointwise.ts";
import { isNoisy } from "./noise.ts";
import type { PointwiseSettings } from "./pointwise.ts";
import { studentQuantile } from "./student.ts";
import type { ContinuousPrediction, ContinuousWorldModel, PredictOptions } from "./world-model.ts";

/** Pair by pair, with a covariance each. */
export interface GaussianSettings extends PointwiseSettings {
  /** [d] how large the noise is expected to be */
  readonly noise: readonly number[];
}

/** Whether a definition says how next states scatter. */
export function isGaussian({ solver }: ContinuousDefinition): boolean {
  return solver.method === "pointwise" ? "noise" in solver.settings : isNoisy(solver.dynamics);
}

/** Student's distribution of so many degrees is as good as normal. */
const NORMAL_DEGREES = 1e4;

/** A model of s' ~ N(mean, covariance): predictions have the covariance, rollouts with a seed draw from it. */
export function gaussianModel(definition: ContinuousDefinition): ContinuousWorldModel & { readonly definition: ContinuousDefinition } {
  const base = continuousModel(definition);
  const { system, solver, sigma } = definition;
  const { coordinates, stateSize: d, actionSize: m } = system;
  const { bounds = unscaled(d) } = definition;

  const gaussian = async (s: Float64Array, a: Float64Array) => {
    const targets = await system.targets(s, a);
    if (solver.method === "pointwise") {
      const { means, factors, residual, deviation } = await solveGaussian(system, s, targets, sigma, solver.settings as GaussianSettings);
      return { nextStates: confine(means, coordinates), factors, residual, deviation };
    }
    const { dynamics } = solver;
    if (!isNoisy(dynamics)) throw new TypeError("a Gaussian model needs dynamics with noise");
    const n = s.length / d;
    const nextStates = await dynamics.change(s, a, n);
    for (let i = 0; i < nextStates.length; i++) nextStates[i] += s[i];
    const factors = dynamics.factors(s, a, n);
    const residual = whitenedResidual(await meanUnderNoise(system, nextStates, factors), targets, sigma);
    return { nextStates: confine(nextStates, coordinates), factors, residual, deviation: await dynamics.deviation(s, a, n) };
  };
  const predict = async (
    states: ArrayLike<number>,
    actions: ArrayLike<number>,
    { level }: PredictOptions = {},
  ): Promise<ContinuousPrediction> => {
    const s = Float64Array.from(states);
    const a = Float64Array.from(actions);
    // what is wrong with the arguments is for the base to say
    if (s.length === 0 || s.length % d || a.length !== (s.length / d) * m) return base.predict(s, a, { level });
    const { nextStates, factors, residual, deviation } = await gaussian(s, a);
    const covariance = covariances(factors, d);
    const { bound, trusted } = boundsOf(deviation, bounds, level);
    // the mean's own error, by the measure of all models, and the noise beside it, which is independent of it
    const reach = studentQuantile(level ?? LEVEL, NORMAL_DEGREES);
    for (let i = 0; i < bound.length; i++) bound[i] = Math.hypot(bound[i], reach * Math.sqrt(covariance[i * d + (i % d)]));
    return { nextStates, residual, deviation, covariance, bound, trusted };
  };

  return {
    ...base,
    predict,
    step: stepOf(definition, predict),
    async rollout(state, actions, { seed } = {}) {
      if (seed === undefined) return base.rollout.call({ predict }, state, actions);
      const steps = actions.length / m;
      if (state.length !== d) throw new RangeError(`rollout: the state has ${state.length} coordinates, the model ${d}`);
      if (!Number.isInteger(steps)) throw new RangeError(`rollout: actions must be flat [T, ${m}], got ${actions.length} numbers`);
      const random = createRandom(seed);
      const lower = triangle(d);
      const path = new Float64Array((steps + 1) * d);
      path.set(state, 0);
      for (let t = 0; t < steps; t++) {
        const action = Float64Array.from({ length: m }, (_, j) => actions[t * m + j]);
        const { nextStates, factors } = await gaussian(path.slice(t * d, (t + 1) * d), action);
        const draw = Float64Array.from({ length: d }, () => random.normal());
        for (let x = 0, e = 0; x < d; x++) for (let y = 0; y <= x; y++, e++) nextStates[x] += factors[e % lower] * draw[y];
        path.set(confine(nextStates, coordinates), (t + 1) * d);
      }
      return path;
    },
  };
}
