import { beforeAll, describe, expect, test } from "vitest";
import { armControl } from "../../../src/agents/arm/control.ts";
import { runArmEpisodes } from "../../../src/agents/arm/episodes.ts";
import { placingTask } from "../../../src/agents/arm/placing.ts";
import { armStarts, placingTrial } from "../../../src/agents/arm/trials.ts";
import { armBehaviour } from "../../../src/environments/arm/behaviour.ts";
import { placeHand } from "../../../src/environments/arm/simulation.ts";
import type { Environment } from "../../../src/environments/environment.ts";
import { make, prepare } from "../../../src/environments/make.ts";
import { loadCritic } from "../../../src/formats/load-critic.ts";
import type { CoordinateTransitions } from "../../../src/learning/invertible/coordinate-values.ts";
import type { WaypointPlanner } from "../../../src/planning/waypoints.ts";
import { scoreChanges } from "../../../src/reproduce/arm/scores.ts";
import { loadWorldModel } from "../../../src/world-model/load.ts";
import type { ContinuousWorldModel } from "../../../src/world-model/world-model.ts";

const ID = "ArmPickAndPlace-v0";

describe("the model of the arm that ships", () => {
  let environment: Environment;
  let model: ContinuousWorldModel;
  let fresh: CoordinateTransitions;

  beforeAll(async () => {
    await prepare(ID);
    environment = make(ID);
    model = (await loadWorldModel(`zoo/${ID}-seed-0/model`)) as ContinuousWorldModel;
    fresh = armBehaviour(environment.simulation!, { n: 2000, seed: 31_415 });
  });

  test("tells where fresh transitions lead, far better than the critics taken at their word", async () => {
    const [states, actions] = [Float64Array.from(fresh.states), Float64Array.from(fresh.actions)];
    const { nextStates } = await model.predict(states, actions);
    const ours = scoreChanges(
      fresh,
      nextStates.map((x, i) => x - states[i]),
    );
    expect(ours.all.r2).toBeGreaterThan(0.93);
    expect(ours.contact.r2).toBeGreaterThan(0.94);
    expect(ours.all.objectErrorMillimetres).toBeLessThan(2.2);

    const critic = await loadCritic(`zoo/${ID}-seed-0`);
    const observations = new Float64Array(fresh.n * 21);
    for (let b = 0; b < fresh.n; b++) observations.set(fresh.states.subarray(15 * b, 15 * b + 15), 21 * b + 6);
    const q = await critic.actionValues(observations, actions);
    const k = critic.heads.length;
    const { discount } = critic.heads[0];
    // s' = (Q − r)/γ with r = (1 − γ) s
    const naive = states.map((s, i) => (q[Math.floor(i / 15) * k + (i % 15)] - (1 - discount) * s) / discount - s);
    expect(scoreChanges(fresh, naive).all.r2).toBeLessThan(ours.all.r2 - 0.1);
  });

  test("is enough to lift the cube, whose start and goal nobody has seen", async () => {
    const trial = await placingTrial(model, environment.simulation!, armStarts(environment.simulation!, 4, 271_828), 0);
    expect(trial.lifted).toBe(1);
    expect(trial.reached).toBeGreaterThanOrEqual(0.75);
    const again = armStarts(environment.simulation!, 4, 271_828);
    expect(again.goals).toEqual(trial.goals);
  });
});

describe("the arm's reflex", () => {
  /** Down and closed, whatever happens. */
  const stubborn: WaypointPlanner = {
    control: armControl,
    knots: 1,
    hold: 1,
    stateSize: 15,
    plan: async (_states, tasks) => ({ plans: new Float64Array(4 * tasks.length), costs: new Float64Array(tasks.length) }),
    advance: (plans) => plans,
    act: (_states, plans) => Float64Array.from(plans, (_, i) => [0, 0, -1, -1][i % 4]),
    imagine: async () => new Float64Array(0),
  };

  test("a hand that presses on the cube opens and rises; one that comes down beside it does not", async () => {
    await prepare(ID);
    const simulation = make(ID).simulation!;
    const size = simulation.stateSize;
    const { states, goals } = armStarts(simulation, 2, 1);
    [0, 0.09].forEach((aside, e) => {
      const [x, y] = [states[e * size + 7], states[e * size + 8]];
      placeHand(states, e * size, (place) => place.set([x, y - Math.sign(y) * aside, 0.1]), 0.002);
    });
    const run = (reflex: boolean) =>
      runArmEpisodes(stubborn, { simulation, starts: states, tasks: goals.map(placingTask), steps: 12, reflex });
    const { reflexes, paths } = await run(true);
    expect(reflexes[0]).toBeGreaterThan(0);
    expect(reflexes[1]).toBe(0);
    // fingers were opened on the way
    const openings = Array.from({ length: 13 }, (_, t) => paths[15 * t + 3]);
    expect(Math.max(...openings.slice(4))).toBeGreaterThan(0.05);
    expect(Array.from((await run(false)).reflexes)).toEqual([0, 0]);
  });
});
