import type { Random } from "../numbers/random.ts";
import { box, discrete } from "../spaces/space.ts";
import { endedWhere } from "./endings.ts";
import type { Simulation } from "./environment.ts";
import { simulationEnvironment } from "./physics-environment.ts";
import type { EnvironmentRegistration } from "./registration.ts";

export interface BreakoutOptions {
  readonly maxEpisodeSteps?: number;
}

const side = 10;
const bottom = side - 1;
const channels = 4;
const brickRows = { first: 1, last: 3 } as const;
const bricks = (brickRows.last - brickRows.first + 1) * side;

/** Where each number of a state is: the ball and its direction (±1), where it was before, the paddle's column, a 1 for each brick. */
const at = { row: 0, column: 1, down: 2, right: 3, trailRow: 4, trailColumn: 5, paddle: 6, wall: 7 } as const;
const stateSize = at.wall + bricks;

/**
 * # Breakout-v0
 * A ball, a paddle and a wall of bricks on 10×10 cells, in the manner of MinAtar (Young and Tian 2019, arXiv 1903.03176).
 * Written from a description of the game, not after that program: what happens in the single step of a bounce may differ, and there are
 * neither sticky actions nor a rising difficulty.
 *
 * The paddle moves first, one cell on the bottom row. Then the ball moves one cell diagonally:
 * - at a side wall or the top it turns, and for that step moves along the wall only;
 * - a brick in the cell ahead is destroyed; the ball stays where it is for that step and turns down or up;
 * - a paddle beneath the ball sends it up, on in the same horizontal direction; a paddle in the cell diagonally ahead is hit on its near side
 *   and sends the ball back where it came from. The ball stays where it is for that step.
 *
 * When the last brick is gone, the ball's next return to the paddle puts all thirty back.
 *
 * ## Action space
 * Discrete(3): 0 stay, 1 left, 2 right.
 *
 * ## Observation space
 * Box(10, 10, 4) of 0 and 1: rows from the top, columns, and the channels paddle, ball, trail (where the ball was a step ago), brick.
 *
 * ## Rewards
 * 1 for a brick.
 *
 * ## Starting state
 * Bricks on rows 1 to 3, the paddle in column 4, the ball before the brick at the left or right end of row 3 (at random), heading down and
 * inwards.
 *
 * ## Episode end
 * Terminated when the ball passes the paddle; truncated after 5000 steps.
 *
 * ## Arguments
 * `maxEpisodeSteps` (5000).
 */
export function breakout({ maxEpisodeSteps = 5000 }: BreakoutOptions = {}): Simulation {
  const size = side * side * channels;
  return {
    stateSize,
    horizon: maxEpisodeSteps,
    observationSpace: box(new Array<number>(size).fill(0), new Array<number>(size).fill(1), [side, side, channels]),
    actionSpace: discrete(3),
    initialState(random: Random, out = new Float64Array(stateSize), offset = 0) {
      const fromRight = random.integer(2) === 1;
      out[offset + at.row] = out[offset + at.trailRow] = brickRows.last;
      out[offset + at.column] = out[offset + at.trailColumn] = fromRight ? side - 1 : 0;
      out[offset + at.down] = 1;
      out[offset + at.right] = fromRight ? -1 : 1;
      out[offset + at.paddle] = 4;
      out.fill(1, offset + at.wall, offset + stateSize);
      return out;
    },
    observations(states, n, out) {
      out.fill(0, 0, n * size);
      for (let i = 0; i < n; i++) {
        const s = i * stateSize;
        const show = (row: number, column: number, channel: number) => {
          out[i * size + (row * side + column) * channels + channel] = 1;
        };
        show(bottom, states[s + at.paddle], 0);
        show(states[s + at.row], states[s + at.column], 1);
        show(states[s + at.trailRow], states[s + at.trailColumn], 2);
        for (let k = 0; k < bricks; k++) if (states[s + at.wall + k]) show(brickRows.first + Math.floor(k / side), k % side, 3);
      }
    },
    step(states, actions, n, { nextStates, rewards, terminated }) {
      if (nextStates !== states) nextStates.set(states.subarray(0, n * stateSize));
      rewards.fill(0, 0, n);
      terminated.fill(0, 0, n);
      for (let i = 0; i < n; i++) {
        const s = i * stateSize;
        movePaddle(nextStates, s, actions[i]);
        moveBall(nextStates, s, i, rewards, terminated);
      }
    },
    ended: endedWhere(stateSize, (states, s) => states[s + at.row] === bottom),
    // a step destroys one brick at most, and the one that puts all back destroys none
    reward(states, _actions, nextStates, n, out) {
      for (let i = 0; i < n; i++) out[i] = bricksIn(nextStates, i * stateSize) < bricksIn(states, i * stateSize) ? 1 : 0;
    },
  };
}

function movePaddle(state: Float64Array, s: number, action: number): void {
  const moved = state[s + at.paddle] + (action === 1 ? -1 : action === 2 ? 1 : 0);
  if (moved >= 0 && moved < side) state[s + at.paddle] = moved;
}

function moveBall(state: Float64Array, s: number, i: number, rewards: Float64Array, terminated: Uint8Array): void {
  const row = state[s + at.row];
  const column = state[s + at.column];
  state[s + at.trailRow] = row;
  state[s + at.trailColumn] = column;
  if (row === bottom) {
    terminated[i] = 1;
    return;
  }

  const turnsAside = column + state[s + at.right] < 0 || column + state[s + at.right] >= side;
  const turnsDown = row + state[s + at.down] < 0;
  const aheadColumn = turnsAside ? column : column + state[s + at.right];
  const aheadRow = turnsDown ? row : row + state[s + at.down];

  if (aheadRow >= brickRows.first && aheadRow <= brickRows.last) {
    const brick = s + at.wall + (aheadRow - brickRows.first) * side + aheadColumn;
    if (state[brick]) {
      state[brick] = 0;
      rewards[i] = 1;
      state[s + at.down] *= -1;
      return;
    }
  }
  if (aheadRow === bottom) {
    const paddle = state[s + at.paddle];
    if (paddle === column || paddle === aheadColumn) {
      state[s + at.down] = -1;
      if (paddle !== column) state[s + at.right] *= -1;
      if (bricksIn(state, s) === 0) state.fill(1, s + at.wall, s + stateSize);
      return;
    }
    terminated[i] = 1;
  }
  // a ball that stays keeps its direction along the wall: otherwise some bricks are never met again
  if (turnsAside) state[s + at.right] *= -1;
  if (turnsDown) state[s + at.down] = 1;
  state[s + at.row] = aheadRow;
  state[s + at.column] = aheadColumn;
}

function bricksIn(state: Float64Array, s: number): number {
  let count = 0;
  for (let k = 0; k < bricks; k++) count += state[s + at.wall + k];
  return count;
}

export const breakoutRegistration = {
  ids: ["Breakout-v0"],
  options: {},
  build: (options: BreakoutOptions, id) => simulationEnvironment(id, breakout(options)),
  scene: { state: [6, 6, -1, 1, 7, 5, 4, ...Array.from("110111111111110111011111001011", Number)] },
} as const satisfies EnvironmentRegistration<BreakoutOptions>;
