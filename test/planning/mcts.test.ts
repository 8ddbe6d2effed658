import { expect, test } from "vitest";
import { make } from "../../src/environments/make.ts";
import { buildTables } from "../../src/environments/tables.ts";
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

/** State s goes to s + 1 and pays `rewards[s]`; the last step ends the episode. */
function chain(rewards: readonly number[]) {
  return buildTables(rewards.length + 1, 1, 0, (s, _a, add) => {
    if (s < rewards.length) add(s + 1, 1, rewards[s], s === rewards.length - 1);
    else add(s, 1, 0, true);
  });
}

test("rewards of a search weigh γ^t, and nothing is paid after the end", () => {
  const found = mcts(chain([1, 10, 100]), { random: createRandom(1), simulations: 20, discount: 0.5 }).search(0);
  expect(found.values[0]).toBeCloseTo(1 + 0.5 * 10 + 0.25 * 100, 12);
});

test("the value of a leaf weighs γ^t, and a state after the end is asked for none", () => {
  const asked: number[] = [];
  const value = (s: number) => {
    asked.push(s);
    return 8 + s;
  };
  const search = mcts(chain([1, 10]), { random: createRandom(1), simulations: 1, discount: 0.5, value });
  expect(search.search(0).values[0]).toBe(1 + 0.5 * 9);
  // the second simulation goes through state 1 to the end
  expect(search.search(0).values[0]).toBeCloseTo((5.5 + (1 + 0.5 * 10)) / 2, 12);
  expect(asked).toEqual([1]);
});

test("the share of outcomes that is an adversary's tends to the worst possible one", () => {
  const coin = buildTables(3, 1, 0, (s, _a, add) => {
    if (s > 0) return add(s, 1, 0, true);
    add(1, 0.5, 1, true);
    add(2, 0.495, -1, true);
    // a trace of an inference, which no adversary may pick
    add(2, 0.005, -100, true);
  });
  const valueAt = (pessimism: number) =>
    mcts(coin, { random: createRandom(3), simulations: 4000, exploration: 0.1, pessimism }).search(0).values[0];
  expect(valueAt(1)).toBeLessThan(-0.95);
  expect(valueAt(1)).toBeGreaterThan(-1.01);
  const expected = 0.5 - 0.495 - 0.5;
  expect(Math.abs(valueAt(0) - expected)).toBeLessThan(0.4);
});
