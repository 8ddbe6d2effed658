import { describe, expect, test } from "vitest";
import { explorationRun } from "../../src/agents/continuous/exploration-run.ts";
import { createContinuousExplorer } from "../../src/agents/continuous/explore-continuous.ts";
import { linearBelief } from "../../src/agents/continuous/linear-belief.ts";
import { drawAnywhere } from "../../src/environments/collect.ts";
import { make } from "../../src/environments/make.ts";
import { loadCritic } from "../../src/formats/load-critic.ts";
import { inferDynamics } from "../../src/inversion/infer.ts";
import { createRandom } from "../../src/numbers/random.ts";
import { createFeatures } from "../../src/world-model/features.ts";
import { linearModel } from "../../src/world-model/linear-model.ts";

describe("a linear belief", () => {
  const { coordinates, actionSpace } = make("MountainCarContinuous-v0").physics!;
  const features = createFeatures("linear", coordinates, actionSpace, Float64Array.of(-0.4, 0), Float64Array.of(0.5, 0.04));
  const width = features.names.length;
  const random = createRandom(3);
  const truth = linearModel(
    coordinates,
    features,
    Float64Array.from({ length: 2 * width }, () => 0.02 * random.normal()),
  );
  const nothing = linearModel(coordinates, features, new Float64Array(2 * width));
  const noise = [1e-4, 1e-5];
  const draw = (n: number) => {
    const states = Float64Array.from({ length: 2 * n }, (_, i) => (i % 2 === 0 ? -0.4 + 0.3 * random.normal() : 0.02 * random.normal()));
    const actions = Float64Array.from({ length: n }, () => 2 * random.uniform() - 1);
    return { n, states, actions, nextStates: truth.nextStates(states, actions, n) };
  };

  test("finds the weights that made the steps, whatever the order", () => {
    const steps = draw(40);
    const one = linearBelief(nothing, { noise });
    one.add(steps);
    for (let i = 0; i < truth.theta.length; i++) expect(one.model.theta[i]).toBeCloseTo(truth.theta[i], 5);
    const other = linearBelief(nothing, { noise });
    for (let b = steps.n - 1; b >= 0; b--)
      other.add({
        n: 1,
        states: steps.states.slice(2 * b, 2 * b + 2),
        actions: steps.actions.slice(b, b + 1),
        nextStates: steps.nextStates.slice(2 * b, 2 * b + 2),
      });
    for (let i = 0; i < truth.theta.length; i++) expect(other.model.theta[i]).toBeCloseTo(one.model.theta[i], 7);
  });

  test("a step tells the logarithm of what it shrinks the volume of doubt by, and the second time little", () => {
    const precision = new Float64Array(2 * width * width);
    for (let j = 0; j < 2; j++) for (let f = 0; f < width; f++) precision[(j * width + f) * width + f] = 4;
    const belief = linearBelief(nothing, { noise, precision });
    const step = draw(1);
    const told = new Float64Array(1);
    belief.information(step.states, step.actions, 1, told);
    const phi = features.matrix(step.states, step.actions, 1);
    const square = phi.reduce((sum, x) => sum + x * x, 0);
    // ln det(Λ + g φφᵀ) − ln det Λ = ln(1 + g φᵀφ / 4), a coordinate each
    const expected = [0, 1].reduce((sum, j) => sum + Math.log1p(((features.scale[j] / noise[j]) ** 2 * square) / 4) / 2, 0);
    expect(told[0] / expected).toBeCloseTo(1, 5);
    belief.add(step);
    belief.information(step.states, step.actions, 1, told);
    expect(told[0]).toBeLessThan(0.75);
    expect(told[0]).toBeGreaterThan(0);
  });
});

describe("exploring a continuous world", async () => {
  const environment = make("MountainCarContinuous-v0");
  const { model } = await inferDynamics(await loadCritic("zoo/MountainCarContinuous-v0"), { environment, seed: 4 });
  if (model.kind !== "continuous") throw new TypeError("a continuous model");
  const at = drawAnywhere(environment.physics!, 500, 5);
  const study = { make: () => make("MountainCarContinuous-v0"), model, at, steps: 600, goal: (s: Float64Array) => s[0] >= 0.45 };

  test("the agent climbs a hill that it was told nothing of; random actions stay in the valley", async () => {
    for (const seed of [11, 12]) {
      const planned = await explorationRun(study, "inferred model", seed);
      const drawn = await explorationRun(study, { held: 1 }, seed);
      expect(planned.capped).toBe(false);
      expect(drawn.capped).toBe(true);
      expect(planned.visited.at(-1)!).toBeGreaterThan(2 * drawn.visited.at(-1)!);
    }
  });

  test("plans for information lead to steps that tell more than those of random actions", async () => {
    const told = async (steps: { n: number; states: Float64Array; actions: Float64Array; nextStates: Float64Array }) => {
      const { theta, coordinates, features } = (await createContinuousExplorer({ seen: environment.physics!, model, at, seed: 1 })).model;
      const belief = linearBelief(linearModel(coordinates, features, theta), { noise: [1e-3, 1e-4] });
      const one = new Float64Array(1);
      let sum = 0;
      for (let b = 0; b < steps.n; b++) {
        const [s, a, t] = [steps.states.slice(2 * b, 2 * b + 2), steps.actions.slice(b, b + 1), steps.nextStates.slice(2 * b, 2 * b + 2)];
        belief.information(s, a, 1, one);
        sum += one[0];
        belief.add({ n: 1, states: s, actions: a, nextStates: t });
      }
      return sum;
    };
    for (const seed of [21, 22]) {
      const short = { ...study, steps: 60, seek: "information" as const };
      const planned = await told((await explorationRun(short, "inferred model", seed)).met);
      const drawn = await told((await explorationRun(short, { held: 1 }, seed)).met);
      expect(planned).toBeGreaterThan(drawn + 1);
    }
  });
});
