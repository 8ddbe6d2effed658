import type { SavedCritic } from "../../critics/saved.ts";
import type { Environment } from "../../environments/environment.ts";
import { make } from "../../environments/make.ts";
import { LearningError } from "../errors.ts";
import { exactCritic, qLearning, sarsa } from "./tabular.ts";
import { signalTasks, type TabularLearningTask } from "./tabular-tasks.ts";

export interface TableLearnerOptions {
  readonly seed: number;
  /** γ (0.95) */
  readonly discount?: number;
  /** Steps in the environment (10⁶); none for value iteration. */
  readonly steps?: number;
  /** Share of exploring actions. */
  readonly epsilon?: number;
  /** Goals of a grid world, a head each. */
  readonly goals?: readonly (readonly number[])[];
  /** Random signals of the states beside the tasks. */
  readonly identifiable?: boolean;
  readonly onProgress?: (done: number, total: number) => void;
}

const COMMON = ["seed", "discount", "goals", "identifiable"];
const STEPPED = [...COMMON, "steps", "epsilon", "onProgress"];
/** Names of the options of each. */
export const TABLE_OPTIONS = { "value-iteration": COMMON, "q-learning": STEPPED, sarsa: STEPPED } as const;

/** γ of tables where none is given. */
export const TABLE_DISCOUNT = 0.95;
/** Steps of a table where none are given. */
export const TABLE_STEPS = 1_000_000;

/** A task a goal; the environment's own where none is given. @throws LearningError where it has no tables */
export function tasksOf(
  environment: Environment,
  algorithm: string,
  goals: readonly (readonly number[])[] | undefined,
): readonly TabularLearningTask[] {
  const tasks = (goals ?? [undefined]).map((goal) => {
    const { tables } = goal ? make(environment.id, { goals: [goal] }) : environment;
    if (!tables) throw new LearningError(`${environment.id} has no tables of states and actions; ${algorithm} needs them`);
    return { goal, tables };
  });
  if (algorithm === "sarsa" && tasks.length > 1) throw new LearningError("sarsa learns one task; give one goal");
  return tasks;
}

/** Tables of every task at once, and of signals beside them where the critic is to be inverted by design. */
export function trainTables(algorithm: keyof typeof TABLE_OPTIONS, environment: Environment, options: TableLearnerOptions): SavedCritic {
  const { seed, discount = TABLE_DISCOUNT, steps = TABLE_STEPS, epsilon, goals, identifiable, onProgress } = options;
  const tasks = tasksOf(environment, algorithm, goals);
  const exact = algorithm === "value-iteration";
  const all = identifiable ? [...tasks, ...signalTasks(tasks[0].tables, seed, exact)] : tasks;
  if (exact) return exactCritic(environment, all, discount);
  const learn = algorithm === "sarsa" ? sarsa : qLearning;
  return learn(environment, all, {
    seed,
    discount,
    steps,
    pursued: tasks.length,
    onProgress,
    ...(epsilon === undefined ? {} : { epsilon }),
  });
}
