import { describe, expect, test } from "vitest";
import { breakout } from "../../src/environments/breakout.ts";
import { make } from "../../src/environments/make.ts";
import { createRandom, type Random } from "../../src/numbers/random.ts";

const game = breakout();
const d = game.stateSize;
const wall = 7;

const start = (seed: number) => game.initialState(createRandom(seed));
const bricksOf = (state: Float64Array) => state.subarray(wall).reduce((sum, brick) => sum + brick, 0);

function step(state: Float64Array, action: number) {
  const out = { nextStates: new Float64Array(d), rewards: new Float64Array(1), terminated: new Uint8Array(1) };
  game.step(state, Float64Array.of(action), 1, out);
  return { next: out.nextStates, reward: out.rewards[0], terminated: out.terminated[0] === 1 };
}

/** Follow the ball, at random right beneath it or a cell ahead: never further away than the last step allows. */
function track(state: Float64Array, random: Random): number {
  const target = Math.min(9, Math.max(0, state[1] + (random.uniform() < 0.5 ? state[3] : 0)));
  return state[6] > target ? 1 : state[6] < target ? 2 : 0;
}

/** Visit steps of play that misses now and then. */
function play(steps: number, visit: (before: Float64Array, action: number, result: ReturnType<typeof step>) => void) {
  const random = createRandom(5);
  let state = start(0);
  for (let t = 0; t < steps; t++) {
    const action = random.uniform() < 0.04 ? random.integer(3) : track(state, random);
    const result = step(state, action);
    visit(state, action, result);
    state = result.terminated ? start(t) : result.next;
  }
}

describe("laws", () => {
  test("the ball stays inside, moves a cell at most and never lies on a brick once it has left the start", () => {
    play(5000, (before, _action, { next }) => {
      const [row, column, down, right] = next;
      expect(row >= 0 && row <= 9 && column >= 0 && column <= 9 && Math.abs(down) === 1 && Math.abs(right) === 1).toBe(true);
      expect(Math.max(Math.abs(row - before[0]), Math.abs(column - before[1]))).toBeLessThanOrEqual(1);
      expect([next[4], next[5]]).toEqual([before[0], before[1]]);
      if (row >= 1 && row <= 3) expect(next[wall + (row - 1) * 10 + column]).toBe(0);
    });
  });

  test("the reward is the number of bricks destroyed, and bricks come back only all together, to a ball at the paddle", () => {
    let refills = 0;
    let episodes = 0;
    play(30_000, (before, _action, { next, reward, terminated }) => {
      if (terminated) episodes++;
      if (bricksOf(next) > bricksOf(before)) {
        refills++;
        expect([bricksOf(before), bricksOf(next), reward, before[0], next[2]]).toEqual([0, 30, 0, 8, -1]);
      } else expect(bricksOf(before) - bricksOf(next)).toBe(reward);
    });
    expect(refills).toBeGreaterThan(0);
    expect(episodes).toBeGreaterThan(10);
  });

  test("the mirrored game under mirrored actions is the mirror of the game", () => {
    const mirror = (state: Float64Array) =>
      Float64Array.from(state, (x, k) => {
        if (k === 1 || k === 5 || k === 6) return 9 - x;
        if (k === 3) return -x;
        return k < wall ? x : state[wall + 10 * Math.floor((k - wall) / 10) + 9 - ((k - wall) % 10)];
      });
    play(5000, (before, action, { next, reward, terminated }) => {
      const twin = step(mirror(before), [0, 2, 1][action]);
      expect(twin).toEqual({ next: mirror(next), reward, terminated });
    });
  });

  test("an episode ends exactly when the ball reaches the bottom row, which it cannot leave", () => {
    play(5000, (_before, _action, { next, terminated }) => {
      expect(next[0] === 9).toBe(terminated);
      if (terminated) expect(step(next, 0)).toMatchObject({ terminated: true, reward: 0 });
    });
  });
});

test("a paddle in the cell ahead sends the ball back, one beneath it sends it on", () => {
  const falling = (paddle: number) => {
    const state = start(0);
    state.set([8, 4, 1, 1, 7, 3, paddle]);
    return step(state, 0);
  };
  expect([...falling(4).next.subarray(0, 4)]).toEqual([8, 4, -1, 1]);
  expect([...falling(5).next.subarray(0, 4)]).toEqual([8, 4, -1, -1]);
  expect([3, 6].map((paddle) => falling(paddle).terminated)).toEqual([true, true]);
});

test("a paddle that follows the ball never misses, clears the wall and sees it refilled", () => {
  for (let seed = 0; seed < 10; seed++) {
    const random = createRandom(seed);
    let state = start(seed);
    let total = 0;
    for (let t = 0; t < 3000; t++) {
      const { next, reward, terminated } = step(state, track(state, random));
      expect(terminated).toBe(false);
      total += reward;
      state = next;
    }
    expect(total).toBeGreaterThan(30);
  }
});

test("both starts occur, and channels show one paddle, one ball, one trail and every brick", () => {
  const environment = make("Breakout-v0");
  const columns = new Set<number>();
  for (let seed = 0; seed < 20; seed++) {
    const { observation } = environment.reset({ seed });
    columns.add(environment.state[1]);
    const counts = [0, 0, 0, 0];
    (observation as Float64Array).forEach((x, k) => {
      counts[k % 4] += x;
    });
    expect(counts).toEqual([1, 1, 1, 30]);
  }
  expect([...columns].sort()).toEqual([0, 9]);
});
