import { fileURLToPath } from "node:url";
import { type ExplorationRun, type ExplorerKind, explorationRun, physicsOf } from "../agents/continuous/exploration-run.ts";
import type { OnProgress } from "../base/progress.ts";
import { drawAnywhere } from "../environments/collect.ts";
import { make } from "../environments/make.ts";
import { loadCritic } from "../formats/load-critic.ts";
import { inferDynamics } from "../inversion/infer.ts";
import { type Interval, medianOf, speedup, sum } from "../numbers/statistics.ts";

/** Worlds with a hidden place, and the shipped critics that models are inferred from. */
const hidden: readonly { readonly id: string; readonly goal: (state: Float64Array) => boolean; readonly steps: number }[] = [
  { id: "MountainCarContinuous-v0", goal: ([position]) => position >= 0.45, steps: 3000 },
  { id: "Pendulum-v1", goal: ([angle, rate]) => Math.hypot(angle / 0.3, rate / 0.8) < 1, steps: 3000 },
];
const [RUNS, TUNED_ON, ASKED] = [10, 5, 2000];
const TUNING = 900_000;
const HELD = [1, 5, 10, 20, 40, 80];

/**
 * Steps until a hidden place is found in worlds of coordinates: in a model inferred from a shipped critic, against random actions held for as long as suits them (by a printed grid, on other
 * seeds), the same agent that knows nothing but the class of models, and the true laws. Geometric means over paired seeds; what is not found counts as all of its steps.
 */
export async function exploreContinuousWorlds(seed: number, onProgress: OnProgress) {
  const worlds: Record<string, unknown> = {};
  const over: { readonly held: Interval; readonly laws: Interval }[] = [];
  for (const [at, { id, goal, steps }] of hidden.entries()) {
    const environment = make(id);
    const critic = await loadCritic(fileURLToPath(new URL(`../../zoo/${id}`, import.meta.url)));
    const { model } = await inferDynamics(critic, { environment, seed });
    if (model.kind !== "continuous") throw new TypeError(`zoo/${id} is of a world of coordinates`);
    const study = { make: () => make(id), model, at: drawAnywhere(physicsOf(environment), ASKED, seed), goal, steps };
    let done = 0;
    const run = async (explorer: ExplorerKind, from: number, count: number) => {
      const runs: ExplorationRun[] = [];
      onProgress(at + done++ / (HELD.length + 4), hidden.length, id);
      for (let i = 0; i < count; i++) runs.push(await explorationRun(study, explorer, from + i));
      return runs;
    };
    const grid: { readonly held: number; readonly found: readonly number[] }[] = [];
    for (const held of HELD) grid.push({ held, found: (await run({ held }, TUNING, TUNED_ON)).map(({ found }) => found) });
    const { held } = grid.reduce((best, entry) => (sum(entry.found) < sum(best.found) ? entry : best));
    const all = {
      "inferred model": await run("inferred model", seed, RUNS),
      "true laws": await run("true laws", seed, RUNS),
      "nothing known": await run("nothing known", seed, RUNS),
      "random actions, held": await run({ held }, seed, RUNS),
    };
    const found = (name: keyof typeof all) => all[name].map((own) => own.found);
    const ours = found("inferred model");
    over.push({ held: speedup(found("random actions, held"), ours), laws: speedup(ours, found("true laws")) });
    worlds[id] = {
      held,
      grid,
      ...Object.fromEntries(
        Object.entries(all).map(([name, runs]) => [
          name,
          {
            steps: medianOf(runs.map((own) => own.found)),
            notFound: runs.filter(({ capped }) => capped).length,
            timesOurs: speedup(
              runs.map((own) => own.found),
              ours,
            ),
          },
        ]),
      ),
    };
  }
  const least = (intervals: readonly Interval[]) => intervals.reduce((a, b) => (b.value < a.value ? b : a));
  const most = (intervals: readonly Interval[]) => intervals.reduce((a, b) => (b.value > a.value ? b : a));
  return { worlds, overHeldActions: least(over.map(({ held }) => held)), overTrueLaws: most(over.map(({ laws }) => laws)) };
}
