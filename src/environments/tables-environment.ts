import { createRandom, type RestorableRandom, randomStateSize } from "../numbers/random.ts";
import { discrete } from "../spaces/space.ts";
import { startAsked, writeAction } from "./action.ts";
import type { Action, Environment, Grid, Step, Tables } from "./environment.ts";
import { EnvironmentError } from "./errors.ts";
import { sampleOutcome, sampleStart, startsOf } from "./tables.ts";

export interface TablesEnvironmentOptions {
  /** Steps after which an episode is truncated. */
  readonly horizon?: number;
  readonly grid?: Grid;
  /** More about a state, for `info`. */
  readonly describe?: (state: number) => Readonly<Record<string, unknown>>;
}

/** Gymnasium's API over the tables of a finite environment. Observations are the numbers of the states; `info.prob` is the probability of what happened. */
export function tablesEnvironment(id: string, tables: Tables, options: TablesEnvironmentOptions = {}): Environment {
  const observationSpace = discrete(tables.states);
  const actionSpace = discrete(tables.actions);
  const horizon = options.horizon ?? Infinity;
  const starts = startsOf(tables);
  const chosen = new Float64Array(1);
  let random: RestorableRandom = createRandom(0);
  let state = -1;
  let elapsed = 0;
  const info = (probability: number) => ({ prob: probability, ...options.describe?.(state) });
  return {
    id,
    observationSpace,
    actionSpace,
    horizon,
    tables,
    transitions: () => tables,
    grid: options.grid,
    get state(): Float64Array {
      const saved = new Float64Array(2 + randomStateSize);
      saved[0] = state;
      saved[1] = elapsed;
      random.save(saved, 2);
      return saved;
    },
    set state(value: ArrayLike<number>) {
      if (value.length !== 1 && value.length !== 2 + randomStateSize)
        throw new EnvironmentError(`${id}: a state is 1 number (or ${2 + randomStateSize} in full), got ${value.length}`, {
          field: "state",
          fix: "give the number of a state, or what `state` held before",
        });
      if (!Number.isInteger(value[0]) || value[0] < 0 || value[0] >= tables.states)
        throw new EnvironmentError(`${id}: a state is an integer from 0 to ${tables.states - 1}, got ${value[0]}`, {
          field: "state",
          fix: "give one of these",
        });
      state = value[0];
      elapsed = value.length > 1 ? value[1] : 0;
      if (value.length > 1) random.restore(value, 2);
    },
    reset({ seed, options: asked } = {}) {
      if (seed !== undefined) random = createRandom(seed);
      const start = startAsked(id, asked);
      if (start) this.state = start;
      else state = sampleStart(starts, random);
      elapsed = 0;
      return { observation: state, info: info(1) };
    },
    step(action: Action): Step {
      if (state < 0) throw new EnvironmentError(`${id}: call reset() before step()`, { fix: "call reset() first" });
      writeAction(id, actionSpace, action, chosen);
      const k = sampleOutcome(tables, state * tables.actions + chosen[0], random);
      state = tables.nextStates[k];
      elapsed++;
      return {
        observation: state,
        reward: tables.rewards[k],
        terminated: tables.terminated[k] === 1,
        truncated: elapsed >= horizon,
        info: info(tables.probabilities[k]),
      };
    },
  };
}
