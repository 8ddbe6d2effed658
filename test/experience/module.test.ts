import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { checkEnvironment, make, registerEnvironment } from "../../src/environments/index.ts";
import { physicsEnvironment } from "../../src/environments/physics-environment.ts";
import { registrationOf } from "../../src/environments/registry.ts";
import { addressKind, normalAddress } from "../../src/experience/address.ts";
import { loadEnvironmentModule } from "../../src/experience/load-module.ts";
import { loadCritic, loadWorldModel } from "../../src/index.ts";
import { run } from "../cli/harness.ts";
import { sled } from "../environments/toy.ts";

const folder = mkdtempSync(join(tmpdir(), "vinverse-module-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const module = "test/experience/fixtures/sled.mjs";
const id = "./test/experience/fixtures/sled.mjs";

test("an address says by its form what it is of", () => {
  expect(["CartPole-v1", "./quad.mjs", "quad.js", "a/quad.ts", "Mine-v0"].map(addressKind)).toEqual([
    "id",
    "module",
    "module",
    "module",
    "id",
  ]);
  expect(normalAddress(module)).toBe(id);
  expect(normalAddress(join(process.cwd(), module))).toBe(id);
  expect(normalAddress("CartPole-v1")).toBe("CartPole-v1");
  expect(normalAddress("/elsewhere/quad.mjs")).toBe("/elsewhere/quad.mjs");
});

test("laws of single states become an environment that keeps the contract, and moves as the same laws in batch", async () => {
  expect(await loadEnvironmentModule(module)).toBe(id);
  expect(await loadEnvironmentModule(join(process.cwd(), module))).toBe(id);
  const [one, other] = [make(id), physicsEnvironment("Sled-v0", sled())];
  expect(checkEnvironment(one)).toEqual([]);
  const rows = 50;
  const random = (await import("../../src/numbers/random.ts")).createRandom(3);
  const states = Float64Array.from({ length: 2 * rows }, (_, i) => (i % 2 ? 0.3 : 1.2) * (2 * random.uniform() - 1));
  const actions = Float64Array.from({ length: rows }, () => random.integer(3));
  const stepped = [one, other].map(({ physics }) => {
    const out = { nextStates: new Float64Array(2 * rows), rewards: new Float64Array(rows), terminated: new Uint8Array(rows) };
    physics?.step(states, actions, rows, out);
    return out;
  });
  expect(stepped[0]).toEqual(stepped[1]);
  expect(stepped[0].terminated).toContain(1);
  expect(make(id, { push: 0.2 }).physics).toBeDefined();
  expect(() => make(id, { pull: 1 })).toThrow(`${id} has no option 'pull'; it has maxEpisodeSteps, push`);
});

describe("from the command line, with --env of a module", () => {
  const [critic, model] = [join(folder, "critic"), join(folder, "model")];

  test("train, infer, evaluate, plan and adapt", async () => {
    const trained = await run("train", "--env", module, "--algorithm", "dqn", "--out", critic, "--quiet");
    expect(trained.err).toBe("");
    expect(trained.out).toContain(`Next: vinverse infer ${critic} --env ${id}`);
    const inferred = await run("infer", critic, "--env", module, "--states", "200", "--out", model, "--json", "--quiet");
    expect(inferred.code, inferred.err).toBe(0);
    const scored = await run("evaluate", model, "--env", module, "--json", "--quiet");
    expect(scored.code, scored.err).toBe(0);
    expect(JSON.parse(scored.out)).toMatchObject({
      environment: id,
      score: { kind: "continuous", dimensions: [{ name: "x" }, { name: "v" }] },
    });
    const planned = await run("plan", model, "--env", module, "--goal", "x=0.8", "--starts", "2", "--json", "--quiet");
    expect(planned.code, planned.err).toBe(0);
    expect(JSON.parse(planned.out).runs[1]).toMatchObject({ name: "true laws", steps: [expect.any(Number), expect.any(Number)] });
    const words = ["--change", "push=0.1", "--runs", "1", "--steps", "20", "--json", "--quiet"];
    const adapted = await run("adapt", model, "--env", module, ...words);
    expect(adapted.code, adapted.err).toBe(0);
    expect(JSON.parse(adapted.out)).toMatchObject({ environment: id, change: { push: 0.1 } });
  }, 120_000);

  test("the folder remembers the address and the sha256, and opens where another address holds the same module", async () => {
    const saved = JSON.parse(readFileSync(join(model, "model.json"), "utf8"));
    expect(saved).toMatchObject({
      environment: id,
      module: registrationOf(id)?.module?.sha256,
      coordinates: [{ name: "x" }, { name: "v", rateOf: "x" }],
    });
    const moved = join(folder, "moved");
    cpSync(model, moved, { recursive: true });
    writeFileSync(join(moved, "model.json"), JSON.stringify({ ...saved, environment: "./elsewhere.mjs" }));
    const loaded = await loadWorldModel(moved);
    const before = await loadWorldModel(model);
    if (loaded.kind !== "continuous" || before.kind !== "continuous") throw new Error("a folder gave a table");
    const [states, actions] = [Float64Array.of(0, 0.1, -0.3, 0), Float64Array.of(2, 0)];
    expect((await loaded.predict(states, actions)).nextStates).toEqual((await before.predict(states, actions)).nextStates);
  });

  test("nothing runs because a file says so: a folder that names a module is answered with the option to give", async () => {
    const trap = join(folder, "trap.mjs");
    const mark = join(folder, "it-ran");
    writeFileSync(trap, `import { writeFileSync } from "node:fs";\nwriteFileSync(${JSON.stringify(mark)}, "");\nexport default {};\n`);
    const named = (from: string, to: string, file: string) => {
      cpSync(from, to, { recursive: true });
      const at = join(to, file);
      const saved = { ...JSON.parse(readFileSync(at, "utf8")), environment: trap };
      writeFileSync(at, JSON.stringify(file === "model.json" ? { ...saved, module: "0".repeat(64) } : saved));
      return to;
    };
    const trapped = named(model, join(folder, "trapped"), "model.json");
    named(trapped, join(folder, "trapped-whole"), "summary.json");
    const whole = join(folder, "trapped-whole");
    const evaluated = await run("evaluate", whole);
    expect([evaluated.code, evaluated.err]).toEqual([2, `vinverse: ${whole} was made with ${trap}; give --env ${trap}.\n`]);
    const other = named(critic, join(folder, "trapped-critic"), "critic.json");
    const inferred = await run("infer", other);
    expect([inferred.code, inferred.err]).toEqual([2, expect.stringContaining(`was made with ${trap}; give --env ${trap}.\n`)]);
    expect((await run("inspect", other)).code).toBe(0);
    // without its environment it is opened by its own coordinates; what was paid is the program's to say, or the caller's
    const [states, actions] = [Float64Array.of(0, 0.1), Float64Array.of(2)];
    const loaded = await loadWorldModel(trapped);
    if (loaded.kind !== "continuous") throw new Error("the folder gave a table");
    expect(loaded.coordinates.names).toEqual(["x", "v"]);
    await expect(loaded.predict(states, actions)).rejects.toThrow(
      `${trapped}/model.json: environment is '${trap}', whose rewards this needs; give the environment: --env ${trap}.`,
    );
    const paid = await loadWorldModel(trapped, { rewards: (_states, _actions, n, out) => void out.fill(0, 0, n) });
    if (paid.kind !== "continuous") throw new Error("the folder gave a table");
    expect((await paid.predict(states, actions)).nextStates.every(Number.isFinite)).toBe(true);
    expect((await loadCritic(other)).environment).toBe(trap);
    expect(existsSync(mark)).toBe(false);
    expect((await run("evaluate", whole, "--env", trap)).err).toContain("reset is missing; export reset(…)");
    expect(existsSync(mark)).toBe(true);
  });
});

test("laws in batch: a module may export what registerEnvironment takes", async () => {
  const file = join(folder, "batch.mjs");
  const root = JSON.stringify(join(process.cwd(), "test/environments/toy.ts"));
  const physics = JSON.stringify(join(process.cwd(), "src/environments/physics-environment.ts"));
  writeFileSync(
    file,
    `import { sled } from ${root};\nimport { physicsEnvironment } from ${physics};\nexport default { build: (options, id) => physicsEnvironment(id, sled(options)) };\n`,
  );
  expect(checkEnvironment(make(await loadEnvironmentModule(file)))).toEqual([]);
});

const good = readFileSync(module, "utf8");
const bad: readonly (readonly [what: string, source: string, sentence: string])[] = [
  ["what is no program", "export default {", " cannot be loaded as a module: "],
  ["no default export", "export const x = 1;", " has no default export; export default { coordinates, actionSpace, reset, step, reward }"],
  ["a default export that is no record", "export default 3;", " has the default export 3; export default {"],
  ["a program that throws", 'throw new Error("no");', " cannot be loaded as a module: no; mend it first"],
  [
    "an unknown field",
    good.replace("reset:", "restart:"),
    ": 'restart' is not a field of an environment; it may have coordinates, actionSpace,",
  ],
  [
    "no step",
    good.replace("step([x, v]", "ended([x, v]").replace("ended: ([x])", "finalReward: ([x])"),
    ": step is missing; export step(…)",
  ],
  [
    "a reset that is no function",
    good.replace("reset: (random) => [0.5 * (2 * random.uniform() - 1), 0]", "reset: [0, 0]"),
    ": reset is a function, got [0,0]; export reset(…)",
  ],
  [
    "an end that is no function",
    good.replace("ended: ([x]) => x >= 1", "ended: true"),
    ": ended is a function, got true; leave it out, or give a function",
  ],
  [
    "options that are no numbers",
    good.replace("push: 0.05", 'push: "hard"'),
    ': options are names with finite numbers, got {"push":"hard"}; give options: { mass: 1 }',
  ],
  [
    "a limit of no steps",
    good.replace("maxEpisodeSteps: 100", "maxEpisodeSteps: 0"),
    ": maxEpisodeSteps is a number of steps from 1 on, got 0; leave it out where there is no limit",
  ],
  ["no actions", good.replace("{ n: 3 }", "{ n: 0 }"), ": actionSpace.n is a number of actions from 1 on, got 0; give { n: 3 }"],
  [
    "a box upside down",
    good.replace("{ n: 3 }", "{ low: [1], high: [-1] }"),
    ': actionSpace is { n } or { low, high } with each low below its high, got {"low":[1],"high":[-1]}; give',
  ],
  [
    "no action space",
    good.replace("actionSpace: { n: 3 },", ""),
    ": actionSpace is { n } or { low, high } with each low below its high, got undefined; give",
  ],
  [
    "coordinates that are none",
    good.replace(/coordinates: \[[^\]]*\]/, "coordinates: 2"),
    ": coordinates are a list, got 2; give a list like",
  ],
  ["no coordinates", good.replace(/coordinates: \[[^\]]*\]/, "coordinates: []"), ": coordinates are an empty list; give a list like"],
  [
    "a coordinate that is no record",
    good.replace(/coordinates: \[[^\]]*\]/, 'coordinates: ["x"]'),
    ": coordinates[0] is a record, got 'x'; give a list like",
  ],
  [
    "a field of a coordinate that there is not",
    good.replace("low: -1.2", "least: -1.2"),
    ": coordinates[0] has no field 'least'; it may have name, low, high, angular, rateOf, observed",
  ],
  ["a coordinate without a name", good.replace('name: "x"', 'name: ""'), ": coordinates[0].name is a name, got ''; name the coordinate"],
  ["a name twice", good.replace('name: "v"', 'name: "x"'), ": coordinates[1].name is 'x', as another coordinate's is; name each once"],
  [
    "a bound that is no number",
    good.replace("low: -1.2", 'low: "left"'),
    ": coordinates[0].low is a number, got 'left'; leave it out where there is no bound",
  ],
  ["bounds the other way round", good.replace("low: -1.2", "low: 5"), ": coordinates[0] lies from 5 to 1.2; give a low below the high"],
  [
    "angular that is neither",
    good.replace("low: -1.2", "angular: 1"),
    ": coordinates[0].angular is true or false, got 1; give true for an angle in radians",
  ],
  [
    "an observation of a kind that there is not",
    good.replace("low: -1.2", 'observed: "sine"'),
    ': coordinates[0].observed is "itself" or "cosine and sine", got \'sine\'; give one of these',
  ],
  [
    "a cosine of what is no angle",
    good.replace("low: -1.2", 'observed: "cosine and sine"'),
    ': coordinates[0].observed is "cosine and sine" of what is not an angle; add angular: true',
  ],
  ["a rate of nothing", good.replace('rateOf: "x"', 'rateOf: "y"'), ": coordinates[1].rateOf is 'y'; name another coordinate: x"],
  ["a rate of itself", good.replace('rateOf: "x"', 'rateOf: "v"'), ": coordinates[1].rateOf is 'v'; name another coordinate: x"],
  ["a start of another size", good.replace("- 1), 0]", "- 1)]"), ": reset gives 1 numbers; return the 2 coordinates"],
  [
    "a start that is no list",
    good.replace("[0.5 * (2 * random.uniform() - 1), 0]", "undefined"),
    ": reset gives undefined; return the 2 coordinates",
  ],
  ["a step to NaN", good.replace("return [clip(x + next, 1.2)", "return [x / 0 - x / 0"), ": step gives NaN for x; return finite numbers"],
  ["a step of another size", good.replace("1.2), next]", "1.2)]"), ": step gives 1 numbers; return the 2 coordinates"],
  [
    "a step that throws",
    good.replace("const next", "x.y.z; const next"),
    ": step fails: Cannot read properties of undefined (reading 'z'); mend it in the module",
  ],
  ["a reward that is none", good.replace("reward: () => 0", 'reward: () => "much"'), ": reward gives 'much'; return a finite number"],
];

describe("what is wrong with a module is said in one sentence before anything runs on it", () => {
  mkdirSync(join(folder, "bad"), { recursive: true });
  test.each(bad)("%s", async (_what, source, sentence) => {
    const file = join(folder, "bad", `m${bad.findIndex(([, other]) => other === source)}.mjs`);
    writeFileSync(file, source);
    const ran = await run("train", "--env", file, "--algorithm", "dqn", "--out", join(folder, "never"));
    expect(ran.code).toBe(2);
    expect(ran.err).toContain(`vinverse: ${file}${sentence}`);
    expect(registrationOf(file)).toBeUndefined();
    expect(existsSync(join(folder, "never"))).toBe(false);
  });

  test("no file", async () => {
    const file = join(folder, "absent.mjs");
    const ran = await run("train", "--env", file, "--algorithm", "dqn", "--out", join(folder, "never"));
    expect([ran.code, ran.err]).toEqual([2, `vinverse: ${file} cannot be read; give --env the path of a module.\n`]);
  });
});

test("an id that stands keeps standing", () => {
  expect(() => registerEnvironment({ ids: [id], options: {}, build: () => make(id) })).toThrow(`there is an environment '${id}' already`);
});
