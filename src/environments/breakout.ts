import type { Random } from "../engine/random.ts";
import { box, discrete } from "../spaces/space.ts";
import type { Simulation } from "./environment.ts";

const size = 10;
const area = size * size;
const channels = 4;
const firstBrick = 7;
const bricks = 3 * size;
/** Ball x and y, direction, paddle, whether a brick was just hit, last x and y, and the bricks of rows 1 to 3. */
const stateSize = firstBrick + bricks;

/** Directions of the ball: 0 up left, 1 up right, 2 down right, 3 down left; and what they become. */
const stepX = [-1, 1, 1, -1];
const stepY = [-1, -1, 1, 1];
const offSide = [1, 0, 3, 2];
const offFlat = [3, 2, 1, 0];
const back = [2, 3, 0, 1];

export interface BreakoutOptions {
  readonly maxEpisodeSteps?: number;
}

/**
 * # Breakout-v0
 * Keep the ball in play and break the bricks, on a board of 10×10 cells, by the rules of MinAtar (Young and Tian, arXiv 1903.03176).
 *
 * ## Action space
 * Discrete(3): stay, paddle left, paddle right.
 *
 * ## Observation space
 * Box(10, 10, 4) of 0 and 1, row by row: paddle, ball, where the ball was, bricks.
 *
 * ## Rewards
 * 1 for a brick.
 *
 * ## Starting state
 * Three rows of bricks, the paddle at column 4, the ball in row 3 at the left or the right edge on its way down.
 *
 * ## Episode end
 * Terminated when the ball passes the paddle; truncated after 5000 steps. New bricks come when all are broken and the ball is at the bottom.
 *
 * ## Arguments
 * `maxEpisodeSteps` (5000).
 */
export function breakout({ maxEpisodeSteps = 5000 }: BreakoutOptions = {}): Simulation {
  const shape = [size, size, channels];
  const cells = area * channels;
  return {
    stateSize,
    horizon: maxEpisodeSteps,
    observationSpace: box(new Array<number>(cells).fill(0), new Array<number>(cells).fill(1), shape),
    actionSpace: discrete(3),
    initialState(random: Random, out = new Float64Array(stateSize), offset = 0) {
      const right = random.integer(2);
      out.set([right * (size - 1), 3, right === 1 ? 3 : 2, 4, 0, right * (size - 1), 3], offset);
      out.fill(1, offset + firstBrick, offset + stateSize);
      return out;
    },
    observations(states, n, out) {
      out.fill(0, 0, n * cells);
      for (let i = 0; i < n; i++) {
        const at = i * stateSize;
        const base = i * cells;
        out[base + channels * ((size - 1) * size + states[at + 3])] = 1;
        out[base + channels * (states[at + 1] * size + states[at]) + 1] = 1;
        out[base + channels * (states[at + 6] * size + states[at + 5]) + 2] = 1;
        for (let b = 0; b < bricks; b++) out[base + channels * (size + b) + 3] = states[at + firstBrick + b];
      }
    },
    step(states, actions, n, { nextStates, rewards, terminated }) {
      if (nextStates !== states) nextStates.set(states.subarray(0, n * stateSize));
      for (let i = 0; i < n; i++) play(nextStates, i * stateSize, actions[i], rewards, terminated, i);
    },
  };
}

function play(s: Float64Array, at: number, action: number, rewards: Float64Array, terminated: Uint8Array, i: number): void {
  if (s[at + 1] === size - 1) {
    // the ball has passed the paddle: nothing moves any more
    rewards[i] = 0;
    terminated[i] = 1;
    return;
  }
  const paddle = Math.min(Math.max(s[at + 3] + (action === 1 ? -1 : action === 2 ? 1 : 0), 0), size - 1);
  const lastX = s[at];
  const lastY = s[at + 1];
  let direction = s[at + 2];
  let x = lastX + stepX[direction];
  let y = lastY + stepY[direction];
  let reward = 0;
  let ended = 0;
  let struck = false;
  if (x < 0 || x >= size) {
    x = lastX;
    direction = offSide[direction];
  }
  const brick = y >= 1 && y <= 3 ? at + firstBrick + (y - 1) * size + x : -1;
  if (y < 0) {
    y = 0;
    direction = offFlat[direction];
  } else if (brick >= 0 && s[brick] === 1) {
    struck = true;
    // a second brick in a row is passed through unbroken, but turns the path of the ball no more
    if (s[at + 4] === 0) {
      reward = 1;
      s[brick] = 0;
      y = lastY;
      direction = offFlat[direction];
    }
  } else if (y === size - 1) {
    if (!anyBrick(s, at)) s.fill(1, at + firstBrick, at + stateSize);
    if (lastX === paddle) {
      direction = offFlat[direction];
      y = lastY;
    } else if (x === paddle) {
      direction = back[direction];
      y = lastY;
    } else ended = 1;
  }
  s[at] = x;
  s[at + 1] = y;
  s[at + 2] = direction;
  s[at + 3] = paddle;
  s[at + 4] = struck ? 1 : 0;
  s[at + 5] = lastX;
  s[at + 6] = lastY;
  rewards[i] = reward;
  terminated[i] = ended;
}

function anyBrick(s: Float64Array, at: number): boolean {
  for (let b = at + firstBrick; b < at + stateSize; b++) if (s[b] === 1) return true;
  return false;
}
