import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { VinverseError } from "../../src/base/error.ts";
import { drawEnvironment } from "../../src/environments/draw.ts";
import {
  checkEnvironment,
  EnvironmentError,
  environmentIds,
  make,
  physicsEnvironment,
  registerEnvironment,
  vectorize,
} from "../../src/environments/index.ts";
import { box, discrete, FormatError, inferDynamics, loadCritic, loadWorldModel } from "../../src/index.ts";
import { presetOf } from "../../src/learning/deep/algorithms.ts";
import { runTraining } from "../../src/learning/deep/run.ts";
import { environmentsWithTask, ownTask } from "../../src/planning/own-task.ts";
import { planOnGrid } from "../../src/planning/plan-on-grid.ts";
import { simulatorOfPhysics } from "../../src/planning/simulator.ts";
import { sled, sledRegistration } from "./toy.ts";

registerEnvironment(sledRegistration);
const folder = mkdtempSync(join(tmpdir(), "vinverse-register-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("an environment of one's own", () => {
  test("is made by its ids, with its options, and keeps the contract", () => {
    expect(environmentIds()).toEqual(expect.arrayContaining(["Sled-v0", "StrongSled-v0"]));
    expect(checkEnvironment(make("Sled-v0"))).toEqual([]);
    const moved = (id: string, options = {}) => {
      const world = make(id, options);
      world.reset({ options: { state: [0, 0] } });
      return (world.step(2).observation as Float64Array)[0];
    };
    expect([moved("Sled-v0"), moved("StrongSled-v0"), moved("Sled-v0", { push: 0.2 })]).toEqual([0.05, 0.1, 0.2]);
    expect(make("Sled-v0", { maxEpisodeSteps: 7 }).horizon).toBe(7);
    expect(vectorize("Sled-v0", 3).n).toBe(3);
  });

  test("is drawn, has its preset, and is planned for as well as its laws allow", async () => {
    const world = make("Sled-v0");
    world.reset({ options: { state: [0.5, 0] } });
    expect(drawEnvironment(world)).toContain('<circle cx="210"');
    expect(presetOf("Sled-v0")).toEqual({ steps: 300 });
    expect(environmentsWithTask()).toContain("StrongSled-v0");
    const { task, grid } = ownTask(world);
    const plan = await planOnGrid(simulatorOfPhysics(world.physics!), task, grid);
    const { observation } = world.reset({ options: { state: [0, 0] } });
    let [state, steps, terminated] = [observation as Float64Array, 0, false];
    while (!terminated && steps < 50) {
      const [action] = await plan.act(state);
      const step = world.step(action);
      state = step.observation as Float64Array;
      terminated = step.terminated;
      steps++;
    }
    // 0.05 (1 + 2 + … + k) ≥ 1 from k = 6 on
    expect([terminated, steps]).toEqual([true, 6]);
  });

  test("is learned by its id; a model of it is saved and loads to the same predictions", async () => {
    const out = join(folder, "critic");
    await runTraining({ environment: "Sled-v0", algorithm: "dqn", seed: 0, out, settings: { hidden: [8] } });
    const critic = await loadCritic(out);
    const { model } = await inferDynamics(critic, { environment: "Sled-v0", samples: 50, seed: 0 });
    if (model.kind !== "continuous") throw new Error("a network critic gave a table");
    const saved = join(folder, "model");
    await model.save(saved);
    const loaded = await loadWorldModel(saved);
    if (loaded.kind !== "continuous") throw new Error("the folder gave a table");
    expect(loaded.coordinates.names).toEqual(["x", "v"]);
    const [states, actions] = [Float64Array.of(0, 0.1, -0.3, 0), Float64Array.of(2, 0)];
    expect((await loaded.predict(states, actions)).nextStates).toEqual((await model.predict(states, actions)).nextStates);

    const file = join(saved, "model.json");
    writeFileSync(file, readFileSync(file, "utf8").replace('"Sled-v0"', '"Sleigh-v0"'));
    const refused = loadWorldModel(saved);
    await expect(refused).rejects.toThrow(FormatError);
    await expect(refused).rejects.toThrow(
      `${saved}/model.json: environment is 'Sleigh-v0', which is not known here; register it first (registerEnvironment).`,
    );
  });
});

const whole = { ids: ["Other-v0"], options: {}, build: () => physicsEnvironment("Other-v0", sled()) };
const refusals: readonly (readonly [string, unknown, string, string | undefined])[] = [
  ["no record", null, "a registration is a record with ids, options and build, got null", undefined],
  [
    "a field that is unknown",
    { ...whole, presets: {} },
    "a registration has no field 'presets'; it has ids, options, prepare, build,",
    "presets",
  ],
  ["no ids", { ...whole, ids: undefined }, 'ids of a registration are a list of names, got undefined; give ids: ["Mine-v0"]', "ids"],
  ["an empty list of ids", { ...whole, ids: [] }, "ids of a registration are a list of names, got []", "ids"],
  ["an id with spaces", { ...whole, ids: ["My world"] }, "an id is letters, digits and - _ . : / without spaces, got 'My world'", "ids"],
  ["one of our ids", { ...whole, ids: ["CartPole-v1"] }, "there is an environment 'CartPole-v1' already; choose another id", "ids"],
  ["an id that was registered", { ...whole, ids: ["Fresh-v0", "Sled-v0"] }, "there is an environment 'Sled-v0' already", "ids"],
  [
    "an id twice",
    { ...whole, ids: ["Twice-v0", "Twice-v0"] },
    'ids hold ["Twice-v0","Twice-v0"], one of them twice; name each once',
    "ids",
  ],
  [
    "no options",
    { ...whole, options: undefined },
    "Other-v0: options is a record of rules, {} where there are no options, got undefined",
    "options",
  ],
  [
    "a rule that is none",
    { ...whole, options: { push: 3 } },
    "Other-v0: options.push is a rule { is: words, holds: function }, got 3",
    "options.push",
  ],
  [
    "a rule of the option that all have",
    { ...whole, options: { maxEpisodeSteps: sledRegistration.options.push } },
    "Other-v0: every environment has the option maxEpisodeSteps; leave its rule out",
    "options.maxEpisodeSteps",
  ],
  ["nothing that builds it", { ...whole, build: "sled" }, "Other-v0: build is a function of (options, id), got 'sled'", "build"],
  ["a drawing that is no function", { ...whole, draw: 1 }, "Other-v0: draw is a function, got 1", "draw"],
  [
    "a preset without steps",
    { ...whole, preset: {} },
    "Other-v0: preset is { steps, settings? } with a whole number of steps, got {}",
    "preset",
  ],
  [
    "a planner that there is not",
    { ...whole, task: { planner: "magic" } },
    'Other-v0: task.planner is "grid" or "waypoints", got \'magic\'',
    "task.planner",
  ],
  [
    "γ of 1",
    { ...whole, task: { planner: "grid", discount: 1, sizes: [3], tolerance: 1 } },
    "Other-v0: task.discount is a number above 0 and below 1, got 1",
    "task.discount",
  ],
  [
    "a grid of one node",
    { ...whole, task: { planner: "grid", discount: 0.9, sizes: [1], tolerance: 1 } },
    "Other-v0: task.sizes is a list of whole numbers from 2 on, one a coordinate, got [1]",
    "task.sizes",
  ],
  [
    "options that it has not",
    { ...whole, withoutTask: { goals: [] } },
    "Other-v0: withoutTask is a record of its options (it has none)",
    "withoutTask",
  ],
];

describe("registerEnvironment refuses", () => {
  test.each(refusals)("%s", (_name, registration, sentence, field) => {
    const before = environmentIds();
    const act = () => registerEnvironment(registration as never);
    expect(act).toThrow(EnvironmentError);
    expect(act).toThrow(sentence);
    expect(act).toThrow(expect.objectContaining({ code: "ENVIRONMENT", field }));
    expect(environmentIds()).toEqual(before);
  });
});

const values: readonly (readonly [string, object, string])[] = [
  ["Sled-v0", { push: 0 }, "Sled-v0: push is a number above 0, got 0"],
  ["Sled-v0", { pull: 1 }, "Sled-v0 has no option 'pull'; it has maxEpisodeSteps, push"],
  ["Sled-v0", { maxEpisodeSteps: 0 }, "Sled-v0: maxEpisodeSteps is a number of steps from 1 on, got 0"],
  ["CartPole-v1", { force: Number.NaN }, "CartPole-v1: force is a finite number, got NaN"],
  ["CartPole-v1", { force: "strong" }, "CartPole-v1: force is a finite number, got 'strong'"],
  [
    "Reacher-v0",
    { target: { elbow: [0, 0] } },
    'Reacher-v0: target is { fingertip }, { angles } or { velocities }, two finite numbers each, got {"elbow":[0,0]}',
  ],
  ["MountainCarGoal-v0", { start: "hill" }, 'MountainCarGoal-v0: start is "anywhere" or "valley", got \'hill\''],
  ["FrozenLake-v1", { success_rate: 3 }, "FrozenLake-v1: success_rate is from 0 to 1, got 3"],
  ["FrozenLake-v1", { map_name: "9x9" }, 'FrozenLake-v1: map_name is "4x4" or "8x8", got \'9x9\''],
  ["FourRooms-v0", { goals: [[1, 2, 3]] }, "FourRooms-v0: goals is a list of cells [row, column] or numbers of states, got [[1,2,3]]"],
  ["TicTacToe-v0", { opponent: "me" }, 'TicTacToe-v0: opponent is "random" or "perfect", got \'me\''],
  ["Taxi-v4", { is_rainy: "yes" }, "Taxi-v4: is_rainy is true or false, got 'yes'"],
  ["ArmPickAndPlace-v0", { goal: [0.1, 0.2] }, "ArmPickAndPlace-v0: goal is a place [x, y, z] in metres, got [0.1,0.2]"],
  ["ArmReach-v0", { jointStrength: [1, 1] }, "ArmReach-v0: jointStrength is a share above 0, or 5 of them, got [1,1]"],
];

describe("make refuses", () => {
  test.each(values)("%s %j", (id, options, sentence) => {
    const act = () => make(id, { ...options });
    expect(act).toThrow(EnvironmentError);
    expect(act).toThrow(sentence);
    expect(act).toThrow(expect.objectContaining({ field: Object.keys(options)[0] }));
  });

  test("an id that is not registered, with what to do", () => {
    const act = () => make("Sleigh-v0");
    expect(act).toThrow(/^there is no environment 'Sleigh-v0'; there are Acrobot-v1, /);
    expect(act).toThrow(expect.objectContaining({ field: "id", fix: "choose one of these, or register it first (registerEnvironment)" }));
  });

  test("options that are no record", () => {
    expect(() => make("Sled-v0", [1] as never)).toThrow("Sled-v0: options are a record of maxEpisodeSteps, push, got [1]");
  });

  test("a registration that builds another environment", () => {
    registerEnvironment({ ids: ["Renamed-v0"], options: {}, build: () => physicsEnvironment("Sled-v0", sled()) });
    expect(() => make("Renamed-v0")).toThrow(
      "Renamed-v0: its registration builds an environment with the id 'Sled-v0'; build(options, id) hands the id on",
    );
  });

  test("and a plan needs as many sizes as coordinates", () => {
    const task = { planner: "grid", discount: 0.9, sizes: [5], tolerance: 1 } as const;
    registerEnvironment({ ids: ["Short-v0"], options: {}, task, build: (_options, id) => physicsEnvironment(id, sled()) });
    expect(() => ownTask(make("Short-v0"))).toThrow("Short-v0: task.sizes has 1 numbers for 2 coordinates");
  });
});

test.each([
  ["bounds of two lengths", () => box([0], [1, 2]), "box: 1 lower and 2 upper bounds; give as many of both"],
  ["a shape of another size", () => box([0, 0], [1, 1], [3]), "box: the shape [3] has 3 numbers for 2 bounds; give a shape of as many"],
  ["nothing to choose", () => discrete(0), "discrete: n must be a positive integer, got 0"],
])("spaces refuse %s", (_name, act, sentence) => {
  expect(act).toThrow(VinverseError);
  expect(act).toThrow(sentence);
  expect(act).toThrow(expect.objectContaining({ code: "OPTION" }));
});

test.each([
  ["an action that is none", "action", () => started().step(7)],
  ["a state of another length", "state", () => started().reset({ options: { state: [1, 2, 3] } })],
  ["an option of reset that there is not", "goal", () => started().reset({ options: { goal: 1 } })],
  ["no copies at all", "n", () => vectorize("Sled-v0", 0)],
  ["a picture of what has none", "draw", () => drawEnvironment(physicsEnvironment("Unknown-v0", sled()))],
])("%s: the error names the field", (_name, field, act) => {
  expect(act).toThrow(EnvironmentError);
  expect(act).toThrow(expect.objectContaining({ field, fix: expect.stringMatching(/.+/) }));
});

function started() {
  const world = make("Sled-v0");
  world.reset({ seed: 0 });
  return world;
}
