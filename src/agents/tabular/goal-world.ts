import type { Tables } from "../../environments/environment.ts";
import { sampleOutcome } from "../../environments/tables.ts";
import type { Random } from "../../numbers/random.ts";
import { policyIteration } from "../../planning/policy-iteration.ts";
import { evaluatePolicy } from "../../planning/value-iteration.ts";
import type { OutcomeRows } from "./blend.ts";

/** A finite world without a task: how it moves, where episodes start, and in which states they end in failure. */
export interface GoalWorld {
  readonly name: string;
  readonly states: number;
  readonly actions: number;
  /** Rewards and ends in it are those of no task: zero. */
  readonly tables: Tables;
  /** [states] 1 where an episode ends and nothing is paid */
  readonly traps: Uint8Array;
  readonly start: number;
  /** γ */
  readonly discount: number;
  readonly horizon: number;
  readonly deterministic: boolean;
  /** States that can be reached from the start, traps and the start excepted: where goals may lie. */
  readonly pool: Int32Array;
}

/** An environment's tables without its rewards. Absorbing states that end episodes are traps. */
export function goalWorld(name: string, given: Tables, options: { start: number; discount: number; horizon: number }): GoalWorld {
  const { states, actions, offsets, nextStates } = given;
  const traps = new Uint8Array(states);
  for (let s = 0; s < states; s++) {
    let absorbing = true;
    for (let o = offsets[s * actions]; o < offsets[(s + 1) * actions]; o++)
      if (nextStates[o] !== s || !given.terminated[o]) absorbing = false;
    if (absorbing) traps[s] = 1;
  }
  const tables = { ...given, rewards: new Float64Array(nextStates.length), terminated: new Uint8Array(nextStates.length) };
  let deterministic = true;
  for (let k = 0; k < states * actions; k++)
    for (let o = offsets[k] + 1; o < offsets[k + 1]; o++) if (nextStates[o] !== nextStates[offsets[k]]) deterministic = false;
  const seen = new Uint8Array(states);
  const queue = [options.start];
  seen[options.start] = 1;
  for (const s of queue) {
    if (traps[s]) continue;
    for (let o = offsets[s * actions]; o < offsets[(s + 1) * actions]; o++) {
      const t = nextStates[o];
      if (!seen[t]) queue.push(t);
      seen[t] = 1;
    }
  }
  const pool = Int32Array.from(queue.filter((s) => s !== options.start && !traps[s])).sort();
  return { name, states, actions, tables, traps, deterministic, pool, ...options };
}

/** Draw where an action leads. */
export function stepWorld({ tables, actions }: GoalWorld, state: number, action: number, random: Random): number {
  return tables.nextStates[sampleOutcome(tables, state * actions + action, random)];
}

/** [states] 1 for arriving in a goal, 0 in a trap, NaN elsewhere: what a task pays, and that it ends there. */
export function arrivals({ states, traps }: GoalWorld, goals: ArrayLike<number>): Float64Array {
  const terminalValue = new Float64Array(states).fill(Number.NaN);
  for (let s = 0; s < states; s++) if (traps[s]) terminalValue[s] = 0;
  for (let k = 0; k < goals.length; k++) terminalValue[goals[k]] = 1;
  return terminalValue;
}

/** Optimal values of reaching the goals, V(goal) = 0: nothing comes after. */
export function solveGoals(
  world: GoalWorld,
  goals: ArrayLike<number>,
  tolerance = 1e-12,
): { readonly q: Float64Array; readonly v: Float64Array } {
  const terminalValue = arrivals(world, goals);
  const { q, v } = policyIteration(world.tables, { discount: world.discount, terminalValue, tolerance });
  for (let s = 0; s < world.states; s++)
    if (Number.isFinite(terminalValue[s])) {
      v[s] = 0;
      q.fill(0, s * world.actions, (s + 1) * world.actions);
    }
  return { q, v };
}

/** Value of a policy from the start. */
export function startValue(world: GoalWorld, goals: ArrayLike<number>, policy: ArrayLike<number>): number {
  const terminalValue = arrivals(world, goals);
  const { states, actions, tables, discount, start } = world;
  if (world.deterministic) {
    let weight = 1;
    for (let s = start, t = 0; t <= states; t++) {
      s = tables.nextStates[tables.offsets[s * actions + policy[s]]];
      if (Number.isFinite(terminalValue[s])) return weight * terminalValue[s];
      weight *= discount;
    }
    return 0;
  }
  const table = new Float64Array(states * actions);
  for (let s = 0; s < states; s++) table[s * actions + policy[s]] = 1;
  return evaluatePolicy(tables, table, { discount, terminalValue, tolerance: 1e-7 }).v[start];
}

/** Next states and their probabilities, pair by pair; outcomes that lead to one state are added. */
export function exactRows({ tables }: GoalWorld): OutcomeRows {
  const next: number[][] = [];
  const chance: number[][] = [];
  for (let k = 0; k + 1 < tables.offsets.length; k++) {
    const row = new Map<number, number>();
    for (let o = tables.offsets[k]; o < tables.offsets[k + 1]; o++)
      row.set(tables.nextStates[o], (row.get(tables.nextStates[o]) ?? 0) + tables.probabilities[o]);
    next.push([...row.keys()]);
    chance.push([...row.values()]);
  }
  return { next, chance };
}
