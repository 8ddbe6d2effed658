import type { Environment, Tables } from "../environments/environment.ts";

/** What numbers the states of a table: how many, and what they are called. */
export interface Numbering {
  readonly states: number;
  readonly actions: number;
  readonly stateNames?: readonly string[];
}

/**
 * The environment's tables in a critic's own numbering: by name where its states are named after cells of the environment's grid, else number by number.
 * @returns undefined where the two do not have the same states and actions
 */
export function trueTables(numbering: Numbering, { tables, grid }: Pick<Environment, "tables" | "grid">): Tables | undefined {
  if (!tables || tables.states !== numbering.states || tables.actions !== numbering.actions) return undefined;
  const cells = cellsOf(numbering.stateNames);
  if (!cells || !grid) return tables;
  const theirs = Int32Array.from(cells, ([row, column]) =>
    row < grid.rows && column < grid.columns ? grid.stateAt[row * grid.columns + column] : -1,
  );
  if (theirs.includes(-1) || new Set(theirs).size !== tables.states) return undefined;
  return renumber(tables, theirs);
}

/** State s of the result is state `from[s]` of the tables. */
function renumber(tables: Tables, from: Int32Array): Tables {
  const { states, actions, offsets } = tables;
  const to = new Int32Array(states);
  from.forEach((theirs, s) => {
    to[theirs] = s;
  });
  const order: number[] = [];
  const starts = new Int32Array(offsets.length);
  for (let pair = 0; pair < states * actions; pair++) {
    const theirs = from[Math.floor(pair / actions)] * actions + (pair % actions);
    for (let k = offsets[theirs]; k < offsets[theirs + 1]; k++) order.push(k);
    starts[pair + 1] = order.length;
  }
  return {
    states,
    actions,
    offsets: starts,
    nextStates: Int32Array.from(order, (k) => to[tables.nextStates[k]]),
    probabilities: Float64Array.from(order, (k) => tables.probabilities[k]),
    rewards: Float64Array.from(order, (k) => tables.rewards[k]),
    terminated: Uint8Array.from(order, (k) => tables.terminated[k]),
    initial: Float64Array.from(from, (theirs) => tables.initial[theirs]),
  };
}

/** [states · actions] the one state that follows, −1 where several can or the episode ends. */
export function onlySuccessors(tables: Tables): Int32Array {
  return Int32Array.from({ length: tables.states * tables.actions }, (_, pair) => {
    let only = -1;
    for (let k = tables.offsets[pair]; k < tables.offsets[pair + 1]; k++) {
      if (tables.probabilities[k] === 0) continue;
      if (tables.terminated[k] || (only >= 0 && only !== tables.nextStates[k])) return -1;
      only = tables.nextStates[k];
    }
    return only;
  });
}

/** Names such as "[3,4]" as row and column; undefined unless all are. */
export function cellsOf(names: readonly string[] | undefined): (readonly [row: number, column: number])[] | undefined {
  const cells: (readonly [number, number])[] = [];
  for (const name of names ?? []) {
    const pair = /^\W*(\d{1,4})\s*[,; ]\s*(\d{1,4})\W*$/.exec(name);
    if (!pair) return undefined;
    cells.push([Number(pair[1]), Number(pair[2])]);
  }
  return cells.length > 0 ? cells : undefined;
}
