import type { NetworkCritic } from "../critics/critic.ts";
import { make } from "../environments/make.ts";
import { loadCritic } from "../formats/load-critic.ts";
import type { InferredContinuous } from "../inversion/assemble.ts";
import { inferDynamics } from "../inversion/infer.ts";
import { median } from "../numbers/statistics.ts";
import { scoreContinuous, scoringTransitions } from "../world-model/score.ts";
import type { Reproduce } from "./harness/reproduction.ts";
import { summariseSeeds } from "./harness/summary.ts";

type Id = "Pendulum-v1" | "CartPole-v1" | "MountainCar-v0" | "MountainCarContinuous-v0";

interface Case {
  readonly id: Id;
  readonly algorithms: readonly string[];
  /** The control interval, where it is told: one step in MountainCar's own units. */
  readonly timeStep?: number;
  /** False: no coordinate is taken for the rate of another. */
  readonly kinematic?: false;
  /** Its key among the figures. */
  readonly key?: string;
}

const cases: readonly Case[] = [
  { id: "Pendulum-v1", algorithms: ["sac"], key: "pendulum" },
  { id: "CartPole-v1", algorithms: ["dqn", "qrdqn"], key: "cartPole" },
  { id: "CartPole-v1", algorithms: ["dqn", "qrdqn"], kinematic: false },
  { id: "CartPole-v1", algorithms: ["dqn"] },
  { id: "CartPole-v1", algorithms: ["qrdqn"] },
  { id: "MountainCar-v0", algorithms: ["dqn"] },
  { id: "MountainCar-v0", algorithms: ["dqn"], timeStep: 1, key: "mountainCar" },
  { id: "MountainCarContinuous-v0", algorithms: ["ddpg", "tqc"], key: "mountainCarContinuous" },
  { id: "MountainCarContinuous-v0", algorithms: ["tqc"] },
];
const seedCount = 5;

/**
 * What published RL Zoo checkpoints give up, critics only: change-normalised error of the amortised model by one rule for all environments, and its verdict.
 * MountainCar's critic cannot tell its clock: its figure is the one with the time step told, beside the refused one without.
 */
export const reproduceZoo: Reproduce = async ({ critics, seed, onProgress }) => {
  const start = performance.now();
  const seeds = Array.from({ length: seedCount }, (_, i) => seed + i);
  const table: Record<string, { readonly errors: number[]; readonly accepted: boolean[]; readonly verdict: string }> = {};
  const accepted: number[][] = seeds.map(() => []);
  for (const [c, { id, algorithms, timeStep, kinematic }] of cases.entries()) {
    const held = (await Promise.all(
      algorithms.map((name) => loadCritic(`${critics ?? "."}/${name}/${id}_1/${id}.zip`, { quantiles: "mean" })),
    )) as NetworkCritic[];
    const environment = make(id);
    const errors: number[] = [];
    const usable: boolean[] = [];
    let verdict = "";
    for (const [i, own] of seeds.entries()) {
      onProgress?.(c * seedCount + i, cases.length * seedCount, `${id} from ${algorithms.join(" and ")}, seed ${own}`);
      const { model, identifiability } = (await inferDynamics(held, { environment, seed: own, timeStep, kinematic })) as InferredContinuous;
      const { error } = await scoreContinuous(model, await scoringTransitions(model, environment, { seed: own + 1000 }));
      errors.push(error);
      usable.push(identifiability.verdict.usable);
      verdict ||= identifiability.verdict.sentence;
      if (identifiability.verdict.usable) accepted[i].push(error);
      await model.definition.system.release();
    }
    table[labelOf(cases[c])] = { errors, accepted: usable, verdict };
  }
  onProgress?.(1, 1, "done");
  const runs = seeds.map((_, i) => ({
    ...Object.fromEntries(cases.flatMap((entry) => (entry.key ? [[entry.key, table[labelOf(entry)].errors[i]]] : []))),
    worstAccepted: Math.max(...accepted[i]),
  }));
  const { figures, ranges } = summariseSeeds(runs);
  return {
    figures: { ...figures, worstAccepted: Math.max(...accepted.flat()) },
    ranges,
    seeds,
    seconds: (performance.now() - start) / 1000,
    details: Object.fromEntries(Object.entries(table).map(([key, entry]) => [key, { median: median(entry.errors), ...entry }])),
  };
};

function labelOf({ id, algorithms, timeStep, kinematic }: Case): string {
  const told = timeStep === undefined ? "" : `, time step ${timeStep} told`;
  return `${id} from ${algorithms.join(" and ")}${told}${kinematic === false ? ", no kinematics" : ""}`;
}
