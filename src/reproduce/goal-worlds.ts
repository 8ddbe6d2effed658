import { type GoalWorld, goalWorld } from "../agents/tabular/goal-world.ts";
import { fourRooms104Map } from "../environments/four-rooms.ts";
import { frozenLakeMaps } from "../environments/frozen-lake.ts";
import { make } from "../environments/make.ts";
import { createRandom, type Random } from "../numbers/random.ts";

/** Worlds in which goals come and go. Where the world itself is drawn, the seed says which. */
export type MakeWorld = (seed: number) => GoalWorld;

const lake = frozenLakeMaps["8x8"].map((row) => row.replace("G", "F"));

export function lakeWorld(success: number): GoalWorld {
  const options = { desc: lake, is_slippery: success < 1, success_rate: success };
  return goalWorld(success < 1 ? "FrozenLake, slip" : "FrozenLake", make("FrozenLake8x8-v1", options).tables!, {
    start: 0,
    discount: success < 1 ? 0.97 : 0.95,
    horizon: 200,
  });
}

/** Taxi begins in the middle of the town, the passenger at the first place, for the second. */
const taxiStart = ((2 * 5 + 2) * 5 + 0) * 4 + 1;

export const deterministicWorlds: Readonly<Record<string, MakeWorld>> = {
  fourRooms: () => goalWorld("FourRooms-v0", make("FourRooms-v0", { goals: [] }).tables!, { start: 0, discount: 0.95, horizon: 200 }),
  fourRooms104: () =>
    goalWorld("FourRooms104-v0", make("GridWorld-v0", { map: fourRooms104Map, goals: [] }).tables!, {
      start: 0,
      discount: 0.95,
      horizon: 200,
    }),
  frozenLake: () => lakeWorld(1),
  cliffWalking: () => goalWorld("CliffWalking-v1", make("CliffWalking-v1").tables!, { start: 36, discount: 0.95, horizon: 200 }),
  taxi: () => goalWorld("Taxi-v3", make("Taxi-v3").tables!, { start: taxiStart, discount: 0.95, horizon: 300 }),
};

/** A maze of 20 × 20 cells by depth-first search, with a share of its inner walls open again. */
export function mazeWorld(seed: number, loops = 0.08): GoalWorld {
  const n = 20;
  const random = createRandom(seed);
  const rows = Array.from({ length: 2 * n + 1 }, () => new Array<string>(2 * n + 1).fill("#"));
  const steps = [
    [-1, 0],
    [0, 1],
    [1, 0],
    [0, -1],
  ];
  const seen = new Uint8Array(n * n);
  const stack = [0];
  seen[0] = 1;
  rows[1][1] = ".";
  while (stack.length > 0) {
    const cell = stack[stack.length - 1];
    const open = steps.filter(([dr, dc]) => {
      const [r, c] = [Math.floor(cell / n) + dr, (cell % n) + dc];
      return r >= 0 && c >= 0 && r < n && c < n && !seen[r * n + c];
    });
    if (open.length === 0) {
      stack.pop();
      continue;
    }
    const [dr, dc] = open[random.integer(open.length)];
    const [r, c] = [Math.floor(cell / n), cell % n];
    rows[2 * r + 1 + dr][2 * c + 1 + dc] = ".";
    rows[2 * (r + dr) + 1][2 * (c + dc) + 1] = ".";
    seen[(r + dr) * n + c + dc] = 1;
    stack.push((r + dr) * n + c + dc);
  }
  for (let r = 1; r < 2 * n; r++)
    for (let c = 1; c < 2 * n; c++) if (rows[r][c] === "#" && (r + c) % 2 === 1 && random.uniform() < loops) rows[r][c] = ".";
  const { tables } = make("GridWorld-v0", { map: rows.map((row) => row.join("")), goals: [] });
  return goalWorld("maze", tables!, { start: 0, discount: 0.99, horizon: 2000 });
}

/** Goals of K old tasks: distinct states, none of them excluded. In Taxi a task has one for each destination. */
export function oldGoals(world: GoalWorld, count: number, random: Random, excluded: readonly number[] = []): number[][] {
  if (world.name.startsWith("Taxi"))
    return Array.from({ length: count }, () => [0, 1, 2, 3].map((d) => (random.integer(25) * 5 + random.integer(5)) * 4 + d));
  const open = world.pool.filter((s) => !excluded.includes(s));
  return Array.from(random.permutation(open.length).subarray(0, count), (k) => [open[k]]);
}
