import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Command } from "commander";
import { MismatchError } from "../../base/mismatch-error.ts";
import type { Rewards } from "../../bellman/rewards.ts";
import type { ModelFile } from "../../world-model/model-file.ts";
import type { WorldModel } from "../../world-model/world-model.ts";
import { checkSameWorld, makeEnvironment, refuseProgram } from "../parts/environments.ts";
import { UsageError } from "../parts/errors.ts";
import type { Io } from "../parts/io.ts";
import { type CommonOptions, perform, positiveInteger, withCommonOptions, withExamples } from "../parts/run.ts";

interface EvaluateOptions extends CommonOptions {
  readonly env?: string;
  readonly states: number;
  readonly data?: string;
  readonly transitions?: string;
}

/** What infer left beside the model; none of it is needed to read the model. */
interface Beside {
  readonly environment?: unknown;
  readonly stateNames?: unknown;
}

export function evaluateCommand(io: Io): Command {
  const command = withCommonOptions(
    new Command("evaluate")
      .summary("hold an inferred model against an environment")
      .description(
        "Hold a model that infer wrote against an environment: its errors, each beside what a model in which nothing moves would score.",
      )
      .argument("<folder>", "a folder that vinverse infer wrote")
      .option("--env <id>", "environment: an id, e.g. Pendulum-v1, or a module ./mine.mjs (default: the one it was inferred for)")
      .option("--states <n>", "states to visit with the critic's own policy, for continuous models", positiveInteger, 1000)
      .option("--data <file>", "score on recorded experience instead (.npz, .jsonl, or a replay buffer .pkl); it needs no environment")
      .option("--transitions <file>", "old name of --data"),
  );
  withExamples(command, [
    ["vinverse evaluate runs/pendulum --env Pendulum-v1", "error of each dimension"],
    ["vinverse evaluate runs/pendulum --data recorded.npz", "on experience of your own"],
    ["vinverse evaluate runs/pendulum --seed 7 --json", "on the transitions of another seed, one JSON object"],
  ]);
  return perform<[string], EvaluateOptions>(command, io, async (context, options, folder) => {
    const start = performance.now();
    const [{ loadWorldModel }, { describeScore, headline }] = await Promise.all([
      import("../../world-model/load.ts"),
      import("../parts/score-words.ts"),
    ]);
    if (options.transitions !== undefined) {
      if (options.data !== undefined) throw new UsageError("--data takes the place of --transitions: give one of them");
      context.note("--transitions FILE is called --data FILE now; the old name works until 1.0");
    }
    const data = options.data ?? options.transitions;
    // what was paid only says how well a prediction fits, and is not needed to hold it against what followed
    const unpaid: Rewards = (_states, _actions, n, out) => void out.fill(Number.NaN, 0, n);
    const model = await loadWorldModel(folder, (await needsRewards(folder, data)) ? { rewards: unpaid } : {});
    const beside = await readBeside(folder);
    if (data !== undefined) {
      const score = await scoreOnFile(model, data);
      const seconds = (performance.now() - start) / 1000;
      return {
        json: { folder, data, method: model.method, error: headline(score), score, seconds },
        text: describeScore(score, data),
      };
    }
    const said = typeof beside.environment === "string" ? beside.environment : undefined;
    await refuseProgram(options.env, said, folder);
    const id = options.env ?? said;
    if (id === undefined) throw new UsageError(`${folder} does not say what environment it is of; give --env`);
    const environment = await makeEnvironment(id);
    context.onProgress(0, 1, "scoring");
    const score = await scoreAgainst(model, environment, beside, options, folder);
    const seconds = (performance.now() - start) / 1000;
    return {
      json: { folder, environment: id, method: model.method, seed: options.seed, error: headline(score), score, seconds },
      text: describeScore(score, id),
    };
  });
}

async function scoreOnFile(model: WorldModel, path: string) {
  if (model.kind === "tabular") throw new UsageError("--data is for continuous models; a finite one is held against all pairs of --env");
  const [{ readRecorded }, { recordedExperience }, { scoreContinuous }] = await Promise.all([
    import("../../formats/recorded.ts"),
    import("../../experience/recorded-experience.ts"),
    import("../../world-model/score.ts"),
  ]);
  const found = await readRecorded(path);
  if (!found.followed.includes(1)) throw new UsageError(`${path} holds no next states to score on; save next_observations`);
  const { asked, held, transitions } = recordedExperience(found, model.coordinates, found.actionWidth, 0);
  return scoreContinuous(model, transitions(Int32Array.of(...asked, ...held).sort()));
}

/** Whether a model that is to be scored on a file was inferred with rewards that its folder does not hold. */
async function needsRewards(folder: string, data: string | undefined): Promise<boolean> {
  if (data === undefined) return false;
  try {
    const { method, provenance } = JSON.parse(await readFile(join(folder, "model.json"), "utf8")) as Partial<ModelFile>;
    return method === "amortised" && provenance?.rewards === "given";
  } catch {
    return false; // loading says what is wrong with it
  }
}

async function scoreAgainst(
  model: WorldModel,
  environment: Awaited<ReturnType<typeof makeEnvironment>>,
  beside: Beside,
  options: EvaluateOptions,
  folder: string,
) {
  if (model.kind === "tabular") {
    const [{ trueTables }, { scoreTabular }] = await Promise.all([
      import("../../report/true-tables.ts"),
      import("../../world-model/score-tabular.ts"),
    ]);
    const stateNames = Array.isArray(beside.stateNames) ? beside.stateNames.map(String) : undefined;
    const truth = trueTables({ states: model.states, actions: model.actions, stateNames }, environment);
    if (!truth) throw new UsageError(`${environment.id} does not have the states and actions of this model`);
    return scoreTabular(model, truth);
  }
  const coordinates = environment.coordinates ?? environment.physics?.coordinates;
  if (coordinates) checkSameWorld(model, { id: environment.id, coordinates, actionSpace: environment.actionSpace }, folder);
  const { scoreModel } = await import("../../world-model/score.ts");
  try {
    // The next seed, as infer does: its own chose the states that were asked about.
    return await scoreModel(model, environment, { n: options.states, seed: options.seed + 1 });
  } catch (error) {
    if (error instanceof MismatchError) throw new UsageError(error.message, { cause: error });
    throw error;
  }
}

async function readBeside(folder: string): Promise<Beside> {
  try {
    const summary: unknown = JSON.parse(await readFile(join(folder, "summary.json"), "utf8"));
    return typeof summary === "object" && summary !== null ? summary : {};
  } catch {
    return {};
  }
}
