import { type Expectation, repeatRows } from "../bellman/expectation.ts";
import type { BellmanSystem } from "../bellman/system.ts";
import { boundsOf, unscaled } from "./bounds.ts";
import { confine, stepDynamics } from "./confine.ts";
import type { ContinuousDefinition, DefinedModel } from "./definition.ts";
import type { Dynamics } from "./dynamics.ts";
import { expectedStates } from "./expected-steps.ts";
import { solvePointwise } from "./pointwise.ts";
import { saveContinuous } from "./save-continuous.ts";
import type { ContinuousPrediction, ContinuousWorldModel, PredictOptions } from "./world-model.ts";

export function continuousModel(definition: ContinuousDefinition): DefinedModel {
  const { system, solver, sigma } = definition;
  const { coordinates, stateSize: d, actionSize: m } = system;
  const { bounds = unscaled(d) } = definition;

  const predict = async (
    states: ArrayLike<number>,
    actions: ArrayLike<number>,
    { level }: PredictOptions = {},
  ): Promise<ContinuousPrediction> => {
    const s = Float64Array.from(states);
    const a = Float64Array.from(actions);
    const n = s.length / d;
    if (!Number.isInteger(n)) throw new RangeError(`states must be flat [n, ${d}], got ${s.length} numbers`);
    if (a.length !== n * m) throw new RangeError(`actions must be flat [${n}, ${m}] for ${n} states, got ${a.length} numbers`);
    const { actionSpace } = definition;
    if (actionSpace.kind === "discrete") {
      const wrong = a.findIndex(
        (action) => !Number.isInteger(action) || action < actionSpace.start || action >= actionSpace.start + actionSpace.n,
      );
      if (wrong >= 0)
        throw new RangeError(
          `action ${wrong} is ${a[wrong]}, expected an integer in ${actionSpace.start} … ${actionSpace.start + actionSpace.n - 1}`,
        );
    }
    if (n === 0) return { nextStates: s, residual: new Float64Array(0), deviation: s.slice(), ...boundsOf(s, bounds, level) };
    const targets = await system.targets(s, a);
    if (solver.method === "pointwise") {
      const { expected } = solver.settings;
      const mean = expected && expectedStates(expected, coordinates, actionSpace, s, a);
      const solved = await solvePointwise(system, s, targets, sigma, solver.settings, mean);
      const { residual, deviation } = solved;
      return { nextStates: confine(solved.nextStates, coordinates), residual, deviation, ...boundsOf(deviation, bounds, level) };
    }
    const nextStates = await stepDynamics(solver.dynamics, coordinates, s, a, n);
    const values = system.expectation
      ? await expectedValues(system, system.expectation, solver.dynamics, s)
      : await system.values(nextStates);
    const residual = whitenedResidual(values, targets, sigma);
    const deviation = await solver.dynamics.deviation(s, a, n);
    return { nextStates, residual, deviation, ...boundsOf(deviation, bounds, level) };
  };

  const model: DefinedModel = {
    kind: "continuous",
    method: solver.method,
    coordinates,
    stateSize: d,
    policy: system.policy,
    definition,
    predict,
    step: stepOf(definition, predict),
    async rollout(state, actions) {
      const steps = actions.length / m;
      if (state.length !== d) throw new RangeError(`rollout: the state has ${state.length} coordinates, the model ${d}`);
      if (!Number.isInteger(steps)) throw new RangeError(`rollout: actions must be flat [T, ${m}], got ${actions.length} numbers`);
      const path = new Float64Array((steps + 1) * d);
      path.set(state, 0);
      for (let t = 0; t < steps; t++) {
        const action = Array.prototype.slice.call(actions, t * m, (t + 1) * m);
        path.set((await predict(path.subarray(t * d, (t + 1) * d), action)).nextStates, (t + 1) * d);
      }
      return path;
    },
    save: (folder) => saveContinuous(folder, definition),
    async release() {
      await system.release();
      if (solver.method === "amortised") await solver.dynamics.release?.();
    },
  };
  return model;
}

/** The batch step of a model that predicts so: an amortised one answers without its critics where no deviation is asked for. */
export function stepOf({ solver, system }: ContinuousDefinition, predict: ContinuousWorldModel["predict"]): ContinuousWorldModel["step"] {
  return async (states, actions, n, wantsDeviation = false) => {
    if (wantsDeviation || solver.method === "pointwise") return predict(states, actions);
    return { nextStates: await stepDynamics(solver.dynamics, system.coordinates, states, actions, n) };
  };
}

/** E_{a~π_i}[V_i(s + f(s, a))] of n states: flat [n, k]. */
export async function expectedValues(
  system: BellmanSystem,
  { points: ask }: Expectation,
  dynamics: Dynamics,
  states: Float64Array,
): Promise<Float64Array> {
  const d = system.stateSize;
  const k = system.heads.length;
  const { points, actions, weights } = await ask(states);
  const repeated = repeatRows(states, d, points);
  const values = await system.values(await stepDynamics(dynamics, system.coordinates, repeated, actions, repeated.length / d));
  const out = new Float64Array((states.length / d) * k);
  for (let at = 0; at < values.length; at++) out[Math.floor(at / (points * k)) * k + (at % k)] += weights[at] * values[at];
  return out;
}

/** √(Σ_i (r_i/σ_i)²) of each row: σ counts each critic once, so that 1 is what one critic's own error explains. */
export function whitenedResidual(values: ArrayLike<number>, targets: Float64Array, sigma: Float64Array): Float64Array {
  const k = sigma.length;
  const out = new Float64Array(targets.length / k);
  for (let at = 0; at < targets.length; at++) out[Math.floor(at / k)] += ((values[at] - targets[at]) / sigma[at % k]) ** 2;
  return out.map(Math.sqrt);
}
