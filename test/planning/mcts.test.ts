import { expect, test } from "vitest";
import { make } from "../../src/environments/make.ts";
import { createRandom } from "../../src/numbers/random.ts";
import { mcts } from "../../src/planning/mcts.ts";
import { valueIteration } from "../../src/planning/value-iteration.ts";
import { randomTables } from "../random-mdp.ts";

test("UCT and PUCT find the best first action of small random worlds", () => {
  const random = createRandom(1);
  let regret = 0;
  for (let trial = 0; trial < 12; trial++) {
    const tables = randomTables(random, 6, 3, 2);
    const world = { ...tables, rewards: tables.rewards.map(() => random.uniform()) };
    const { q, v } = valueIteration(world, { discount: 0.7, tolerance: 1e-9 });
    for (const prior of [undefined, () => [1 / 3, 1 / 3, 1 / 3]]) {
      const found = mcts(world, { random: createRandom(trial), simulations: 4000, discount: 0.7, depth: 25, exploration: 1, prior }).search(
        0,
      );
      regret = Math.max(regret, v[0] - q[found.action]);
    }
  }
  expect(regret).toBeLessThan(0.05);
});

test("against perfect play TicTacToe is never lost, when the outcomes of the rules are an adversary's", () => {
  const rules = make("TicTacToe-v0", { opponent: "random" });
  const search = mcts(rules.tables!, { random: createRandom(2), simulations: 1500, exploration: 1, pessimism: 1 });
  const numbers = new Map<unknown, number>();
  for (let s = 0; s < rules.tables!.states; s++) numbers.set(rules.reset({ options: { state: [s] } }).info.board, s);
  const world = make("TicTacToe-v0", { opponent: "perfect" });
  for (let game = 0; game < 12; game++) {
    let { info } = world.reset({ seed: game });
    for (let over = false; !over; ) {
      const step = world.step(search.search(numbers.get(info.board)!).action);
      expect(step.reward).toBeGreaterThanOrEqual(0);
      over = step.terminated;
      info = step.info;
    }
  }
});

test("the same seed gives the same search", () => {
  const { tables } = make("TicTacToe-v0");
  const run = () => mcts(tables!, { random: createRandom(5), simulations: 300 }).search(0);
  expect(run()).toEqual(run());
});
