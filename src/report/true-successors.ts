import type { TabularCritic } from "../critics/critic.ts";
import type { Environment, Tables } from "../environments/environment.ts";

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

/**
 * The environment's successors in the critic's own numbering: by name where its states are named after cells of the environment's grid, else number by number.
 * @returns undefined where the two do not have the same states and actions
 */
export function trueSuccessors(critic: TabularCritic, { tables, grid }: Pick<Environment, "tables" | "grid">): Int32Array | undefined {
  if (!tables || tables.states !== critic.states || tables.actions !== critic.actions) return undefined;
  const only = onlySuccessors(tables);
  const cells = cellsOf(critic.stateNames);
  if (!cells || !grid) return only;
  const theirs = cells.map(([row, column]) => (row < grid.rows && column < grid.columns ? grid.stateAt[row * grid.columns + column] : -1));
  const ours = new Map(theirs.map((state, s) => [state, s]));
  if (ours.has(-1) || ours.size !== critic.states) return undefined;
  const { actions } = critic;
  return Int32Array.from(only, (_, pair) => ours.get(only[theirs[Math.floor(pair / actions)] * actions + (pair % actions)]) ?? -1);
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
