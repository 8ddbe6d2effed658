import type { Head } from "../../critics/critic.ts";
import { tabularCritic } from "../../critics/tabular.ts";
import type { Environment, Tables } from "../../environments/environment.ts";
import { make } from "../../environments/make.ts";
import { enumerateSokoban } from "../../environments/sokoban-states.ts";
import { inferFew } from "../../inversion/tabular/infer-few.ts";
import { inferTabular } from "../../inversion/tabular/infer-tabular.ts";
import { createRandom } from "../../numbers/random.ts";
import { mcts } from "../../planning/mcts.ts";
import { planTabular, tablesOf } from "../../planning/plan.ts";
import { policyIteration } from "../../planning/policy-iteration.ts";

/** A critic of random rewards r_i(s, a): values of tasks that have nothing to do with winning. */
function criticOfRandomRewards(tables: Tables, heads: number, discount: number, seed: number) {
  const random = createRandom(seed);
  const { states, actions, offsets } = tables;
  const pairs = states * actions;
  const rewards = Float64Array.from({ length: heads * pairs }, () => random.normal());
  const q = new Float64Array(heads * pairs);
  const v = new Float64Array(heads * states);
  // the game goes on for ever from where it ends: a finished board stays as it is
  const endless = { ...tables, terminated: new Uint8Array(tables.nextStates.length) };
  for (let i = 0; i < heads; i++) {
    const perOutcome = new Float64Array(tables.nextStates.length);
    for (let k = 0; k < pairs; k++) perOutcome.fill(rewards[i * pairs + k], offsets[k], offsets[k + 1]);
    const exact = policyIteration(endless, { discount, rewards: perOutcome, tolerance: 1e-11 });
    q.set(exact.q, i * pairs);
    v.set(exact.v, i * states);
  }
  const named = Array.from(
    { length: heads },
    (_, i): Head => ({ name: `reward ${i}`, critic: "exact", discount, rewardScale: 1, rewardOffset: 0 }),
  );
  return tabularCritic({ name: "random rewards", states, actions, heads: named, q, v, rewards });
}

const lines = ["012", "345", "678", "036", "147", "258", "048", "246"];

/**
 * The rules of TicTacToe against a perfect opponent, from values of random rewards; then plans for winning, by dynamic programming and by tree search with
 * the opponent as an adversary among the inferred replies.
 * @returns games lost by each, of all that can be played against it
 */
export async function ticTacToeLosses(
  seed: number,
  heads: number,
): Promise<{ readonly planned: number; readonly searched: number; readonly wrongReplies: number }> {
  const world = make("TicTacToe-v0", { opponent: "perfect" });
  const tables = world.tables!;
  const boards = boardsOf(world, tables.states);
  const critic = criticOfRandomRewards(tables, heads, 0.9, seed);
  const inferred = (await inferFew(critic)).transitions();
  const won = (board: string, mark: string) => lines.some((line) => [...line].every((at) => board[Number(at)] === mark));
  const over = (board: string) => !board.includes(".") || won(board, "X") || won(board, "O");
  const isOver = boards.map(over);
  const pay = boards.map((board) => (won(board, "X") ? 1 : won(board, "O") ? -1 : 0));
  const task = {
    discount: 0.99,
    reward: (s: number, a: number, t: number) => (isOver[s] ? 0 : boards[s][a] !== "." ? -1 : pay[t]),
    end: (t: number) => isOver[t],
  };
  // a taken square loses at once: a rule of the task, not of the opponent
  const ended = tablesOf(inferred, task);
  for (let k = 0; k + 1 < ended.offsets.length; k++)
    if (boards[Math.floor(k / 9)][k % 9] !== ".") ended.terminated.fill(1, ended.offsets[k], ended.offsets[k + 1]);
  const policy = planTabular(ended, { discount: task.discount, reward: task.reward, end: (t) => isOver[t] });
  const search = mcts(ended, { random: createRandom(seed), simulations: 3000, exploration: 1, pessimism: 1 });
  /** Boards and replies in which a game is lost, of all games that the opponent can make of it. */
  const lost = (act: (s: number) => number): number => {
    const open = Array.from(tables.initial.keys()).filter((s) => tables.initial[s] > 0);
    const met = new Set(open);
    let count = 0;
    for (let s = open.pop(); s !== undefined; s = open.pop()) {
      const pair = s * tables.actions + act(s);
      for (let o = tables.offsets[pair]; o < tables.offsets[pair + 1]; o++) {
        const next = tables.nextStates[o];
        if (tables.terminated[o]) count += tables.rewards[o] < 0 ? 1 : 0;
        else if (!met.has(next)) open.push(next);
        met.add(next);
      }
    }
    return count;
  };
  return {
    planned: lost((s) => policy.act(s)),
    searched: lost((s) => search.search(s).action),
    wrongReplies: wrongSupports(tables, inferred),
  };
}

function boardsOf(world: Environment, states: number): string[] {
  return Array.from({ length: states }, (_, s) => String(world.reset({ options: { state: [s] } }).info.board).replaceAll("/", ""));
}

/** Pairs whose inferred next states are not the true ones. */
function wrongSupports(truth: Tables, model: Tables): number {
  const support = ({ offsets, nextStates, probabilities }: Tables, k: number) => {
    const list: number[] = [];
    for (let o = offsets[k]; o < offsets[k + 1]; o++) if (probabilities[o] > 1e-3) list.push(nextStates[o]);
    return [...new Set(list)].sort((a, b) => a - b).join();
  };
  let wrong = 0;
  for (let k = 0; k < truth.states * truth.actions; k++) if (support(truth, k) !== support(model, k)) wrong++;
  return wrong;
}

/** A room with two boxes; where they belong changes. */
const room = ["########", "#      #", "# $  $ #", "#  #   #", "#    @ #", "########"];

/**
 * The rules of moving and pushing from values of random rewards, and plans for goal layouts of the room. (Heads of old layouts would do where they see: from a box in a corner that
 * is no goal nothing can be solved, all such states are worth nothing, and a layout with a goal there stays out of reach.)
 */
export function sokobanSolved(
  seed: number,
  heads: number,
  unseen: number,
): { readonly solved: number; readonly layouts: number; readonly longer: number } {
  const random = createRandom(seed);
  const free: [number, number][] = [];
  room.forEach((row, r) => {
    [...row].forEach((character, c) => {
      if (character === " ") free.push([r, c]);
    });
  });
  const layout = () => {
    const order = random.permutation(free.length);
    return room.map((row, r) =>
      [...row].map((ch, c) => ([0, 1].some((j) => free[order[j]][0] === r && free[order[j]][1] === c) ? "." : ch)).join(""),
    );
  };
  const discount = 0.95;
  const worlds: { readonly tables: Tables; readonly goal: Uint8Array; readonly best: number }[] = [];
  while (worlds.length < unseen) {
    const { tables } = make("Sokoban-v0", { level: layout(), stepReward: 0, boxReward: 0, solveReward: 1 });
    const goal = new Uint8Array(tables!.states);
    for (let k = 0; k < tables!.nextStates.length; k++) if (tables!.terminated[k]) goal[tables!.nextStates[k]] = 1;
    const value = policyIteration(tables!, { discount, tolerance: 1e-10 }).v[0];
    if (value > 0) worlds.push({ tables: tables!, goal, best: 1 + Math.log(value) / Math.log(discount) });
  }
  // the room moves the same whatever the layout is; only where it ends differs
  const states = enumerateSokoban(layout());
  const moving = {
    ...worlds[0].tables,
    nextStates: states.nextStates.slice(0, 4 * states.count),
    terminated: new Uint8Array(4 * states.count),
  };
  const model = inferTabular(criticOfRandomRewards(moving, heads, discount, seed)).transitions();
  let solved = 0;
  let longer = 0;
  for (const { tables, goal, best } of worlds) {
    const policy = planTabular(model, { discount, goal: (s) => goal[s] === 1 });
    let s = 0;
    let steps = 0;
    for (; steps < 200 && !goal[s]; steps++) s = tables.nextStates[4 * s + policy.act(s)];
    if (!goal[s]) continue;
    solved++;
    if (steps > best + 0.5) longer++;
  }
  return { solved: solved / unseen, layouts: unseen, longer };
}
