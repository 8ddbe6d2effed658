import type { Head, TabularCritic } from "../critics/critic.ts";
import { tabularCritic } from "../critics/tabular.ts";
import { FormatError } from "./format-error.ts";
import { limits } from "./limits.ts";
import { asArray, type NumpyArray } from "./numpy-object.ts";
import type { Pickled } from "./pickle.ts";
import { discountOf } from "./stable-baselines3.ts";

export interface TableOptions {
  readonly gamma?: number;
  readonly environment?: string;
}

const moves = ["up", "right", "down", "left", "done"];
const fix = "save [S, A] or [heads, S, A] action values";

/**
 * Tables as critics: action values [S, A] or [heads, S, A], with `v`, `rewards` and `gamma` where an .npz has them; or the object array
 * of a world value function.
 * @throws FormatError
 */
export function tableCritic(arrays: ReadonlyMap<string, NumpyArray>, file: string, options: TableOptions): TabularCritic {
  const q = arrays.get("q");
  if (!q) throw new FormatError(file, "array 'q'", "is missing", fix);
  if (q.kind === "objects") return worldValueFunction(q, file, options);
  const [heads, states, actions] = q.shape.length === 2 ? [1, ...q.shape] : q.shape;
  if ((q.shape.length !== 2 && q.shape.length !== 3) || heads * states * actions === 0)
    throw new FormatError(file, "array 'q'", `has the shape [${q.shape.join(", ")}]`, fix);
  const like = (name: string, size: number): Float64Array | undefined => {
    const array = arrays.get(name);
    if (!array) return undefined;
    if (array.kind !== "numbers" || (array.data.length !== size && array.data.length * heads !== size)) {
      throw new FormatError(file, `array '${name}'`, `has the shape [${array.shape.join(", ")}], which does not fit q`, fix);
    }
    return repeated(array.data, size);
  };
  const values = finite(Float64Array.from(q.data), "array 'q'", file);
  const gammas = discounts(arrays.get("gamma"), options.gamma, heads, file);
  const v = like("v", heads * states);
  const name = file.slice(file.lastIndexOf("/") + 1);
  return tabularCritic({
    name,
    environment: options.environment,
    heads: Array.from(
      { length: heads },
      (_, i): Head => ({ name: heads === 1 ? "Q" : `Q${i + 1}`, critic: name, discount: gammas[i], rewardScale: 1, rewardOffset: 0 }),
    ),
    states,
    actions,
    q: values,
    v: v && finite(v, "array 'v'", file),
    rewards: like("rewards", heads * states * actions),
    terminalValue: like("terminal_value", heads * states),
  });
}

function discounts(array: NumpyArray | undefined, given: number | undefined, heads: number, file: string): number[] {
  const list = given !== undefined ? [given] : array?.kind === "numbers" ? [...array.data] : [undefined];
  if (list.length !== 1 && list.length !== heads)
    throw new FormatError(file, "array 'gamma'", `has ${list.length} numbers for ${heads} heads`, "give one, or one a head");
  return Array.from({ length: heads }, (_, i) => discountOf(list[list.length === 1 ? 0 : i], file));
}

/**
 * World value function (Nangue Tasse et al. 2022): [states, 2] objects, each [state, [[goal, action values], …]]. γ = 1 and every move
 * costs .1; `done` ends the episode with −.1 in the goal (more where the task rewards it) and −100 elsewhere. So head g obeys
 * Q_g(s, a) = −.1 + V_g(s') for moves with V_g = max_a Q_g, `done` included, and the reward of `done` is NaN: no state follows it.
 * A goal of None, kept for states not yet reached when the file was made, is no equation and is left out.
 */
function worldValueFunction(table: Extract<NumpyArray, { kind: "objects" }>, file: string, options: TableOptions): TabularCritic {
  if (table.shape.length !== 2 || table.shape[1] !== 2 || table.shape[0] === 0)
    throw new FormatError(file, "the object array", `has the shape [${table.shape.join(", ")}], not [states, 2]`, fix);
  const states = table.shape[0];
  const numberOf = new Map<string, number>();
  for (let s = 0; s < states; s++) {
    const name = cell(table.data[2 * s]);
    if (name === undefined || numberOf.has(name)) throw new FormatError(file, `row ${s}`, "does not begin with a state of its own", fix);
    numberOf.set(name, s);
  }
  const names = [...numberOf.keys()];
  const goals = rowOf(table.data[1], file, 0)
    .map(([goal]) => cell(goal))
    .filter((name) => name !== undefined);
  if (goals.every((goal) => numberOf.has(goal))) goals.sort((a, b) => numberOf.get(a)! - numberOf.get(b)!);
  const headOf = new Map(goals.map((goal, i) => [goal, i]));
  const actions = moves.length;
  const size = goals.length * states * actions;
  if (goals.length === 0 || headOf.size !== goals.length || size > limits.numbers)
    throw new FormatError(file, "row 0", "does not list goals of their own", fix);
  const q = new Float64Array(size).fill(Number.NaN);
  for (let s = 0; s < states; s++) {
    for (const [goal, values] of rowOf(table.data[2 * s + 1], file, s)) {
      const head = headOf.get(cell(goal) ?? "");
      if (head === undefined) continue;
      const array = asArray(values, file, `row ${s}`);
      if (array?.kind !== "numbers" || array.data.length !== actions)
        throw new FormatError(file, `row ${s}`, `does not hold ${actions} action values a goal`, fix);
      q.set(array.data, (head * states + s) * actions);
    }
  }
  const rewards = new Float64Array(size).fill(-0.1);
  for (let i = actions - 1; i < size; i += actions) rewards[i] = Number.NaN;
  const name = file.slice(file.lastIndexOf("/") + 1);
  return tabularCritic({
    name,
    algorithm: "world value function",
    environment: options.environment,
    heads: goals.map(
      (goal): Head => ({
        name: `goal ${goal}`,
        critic: name,
        discount: options.gamma ?? 1,
        rewardScale: 1,
        rewardOffset: 0,
        goal: JSON.parse(goal) as number[],
      }),
    ),
    states,
    actions,
    q: finite(q, "the action values", file),
    rewards,
    stateNames: names,
    actionNames: moves,
  });
}

function rowOf(value: Pickled, file: string, s: number): [Pickled, Pickled][] {
  if (!Array.isArray(value) || value.length > 65_536 || !value.every((pair) => Array.isArray(pair) && pair.length === 2)) {
    throw new FormatError(file, `row ${s}`, "is not a list of pairs of goal and action values", fix);
  }
  return value as [Pickled, Pickled][];
}

/** "[row,column]" of a pair of whole numbers. */
function cell(value: Pickled): string | undefined {
  return Array.isArray(value) && value.length > 0 && value.length <= 8 && value.every(Number.isSafeInteger)
    ? JSON.stringify(value)
    : undefined;
}

function finite(data: Float64Array, field: string, file: string): Float64Array {
  if (!data.every(Number.isFinite))
    throw new FormatError(file, field, "holds numbers that are not finite, or lacks some", "save the values of a finished run");
  return data;
}

function repeated(data: ArrayLike<number>, size: number): Float64Array {
  return Float64Array.from({ length: size }, (_, i) => data[i % data.length]);
}
