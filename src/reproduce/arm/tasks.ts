import { armControl } from "../../agents/arm/control.ts";
import { type ArmEpisodes, armCoordinatesSize, runArmEpisodes } from "../../agents/arm/episodes.ts";
import type { Place } from "../../agents/arm/placing.ts";
import { type Block, clearingTask, fistControl, intrusion, liftingTask, pushingTask, puttingTask } from "../../agents/arm/tasks.ts";
import type { OnProgress } from "../../base/progress.ts";
import type { Simulation } from "../../environments/environment.ts";
import { make } from "../../environments/make.ts";
import { createRandom, type Random } from "../../numbers/random.ts";
import type { Simulator } from "../../planning/simulator.ts";
import { planWaypoints, type WaypointControl, type WaypointTask } from "../../planning/waypoints.ts";
import type { ArmPart } from "./part.ts";

/** A task that no head was trained for: how it starts, what it costs, and when it has succeeded by the true states. */
export interface UnseenTask {
  readonly name: string;
  /** What success is. */
  readonly success: string;
  /** It failed too often while it was tuned to be promised: tried and told all the same. */
  readonly unpromised?: boolean;
  /** Of an episode (60). */
  readonly steps?: number;
  /** `armControl` when absent */
  readonly control?: WaypointControl;
  /** Change a drawn start [stateSize] where the task needs it, and say what is wanted there. */
  start(state: Float64Array, random: Random): UnseenStart;
}

export interface UnseenStart {
  readonly task: WaypointTask;
  /** Why a path [steps + 1, 15] of true coordinates is a failure; undefined where it is none. */
  failure(path: Float64Array, steps: number): string | undefined;
  readonly goal?: Place;
  readonly boxes?: readonly Block[];
}

const d = armCoordinatesSize;
const RADIUS = 0.02;
const LAST = 5;
const TABLE = 0.02;
/** Rectangle in which cubes and places of tasks lie, that of the environment's own starts (m). */
const field = { low: [0.3, -0.13], high: [0.46, 0.13] };
/** Where the cube's x, y are in a full state. */
const CUBE = 7;

const lastSteps = (steps: number) => Array.from({ length: LAST }, (_, k) => (steps - k) * d);
const between = (random: Random, low: number, high: number) => low + (high - low) * random.uniform();
const drawPoint = (random: Random): [number, number] => [
  between(random, field.low[0], field.high[0]),
  between(random, field.low[1], field.high[1]),
];
const away = (path: Float64Array, at: number, place: readonly number[]) => Math.hypot(...place.map((x, k) => path[at + 4 + k] - x));

export const unseenTasks: readonly UnseenTask[] = [
  {
    name: "lift and hold",
    success: "the cube within 2 cm of a height of 10 to 20 cm in all of the last 5 steps",
    start(_state, random) {
      const height = between(random, 0.1, 0.2);
      return {
        task: liftingTask(height),
        failure: (path, steps) =>
          lastSteps(steps).every((at) => Math.abs(path[at + 6] - height) < RADIUS) ? undefined : "not at the height",
      };
    },
  },
  {
    name: "put down",
    steps: 80,
    success: "the cube on the table within 2 cm of a point 8 cm or more away, the hand 5 cm or more above it, in all of the last 5 steps",
    start(state, random) {
      const point = farPoint(state, random, 0.08, Number.POSITIVE_INFINITY);
      return {
        task: puttingTask(point),
        goal: [...point, TABLE],
        failure(path, steps) {
          const last = lastSteps(steps);
          if (!last.every((at) => away(path, at, point) < RADIUS)) return "not at the point";
          if (!last.every((at) => path[at + 6] < TABLE + 0.005)) return "not on the table";
          return last.every((at) => path[at + 2] > path[at + 6] + 0.05) ? undefined : "not let go";
        },
      };
    },
  },
  {
    name: "push",
    unpromised: true,
    success:
      "the cube within 2 cm of a point 6 to 12 cm away in all of the last 5 steps, never above 3 cm, moved only by fingers too near for it to be between them",
    steps: 100,
    control: fistControl,
    start(state, random) {
      const point = farPoint(state, random, 0.06, 0.12);
      return {
        task: pushingTask(point),
        goal: [...point, TABLE],
        failure(path, steps) {
          for (let t = 1; t <= steps; t++) {
            const at = t * d;
            if (path[at + 6] > 0.03) return "lifted";
            const moved = Math.hypot(path[at + 4] - path[at + 4 - d], path[at + 5] - path[at + 5 - d]) > 5e-4;
            if (moved && path[at + 3 - d] > 0.035) return "moved by open fingers";
          }
          return lastSteps(steps).every((at) => away(path, at, point) < RADIUS) ? undefined : "not at the point";
        },
      };
    },
  },
  {
    name: "over a wall",
    steps: 80,
    success:
      "the cube within 2 cm of a place behind a wall 8 cm high, in all of the last 5 steps; neither cube nor fingers ever where the wall is",
    start(state, random) {
      const side = random.uniform() < 0.5 ? 1 : -1;
      state[CUBE] = between(random, field.low[0], field.high[0]);
      state[CUBE + 1] = -side * between(random, 0.06, 0.13);
      const goal: Place = [between(random, field.low[0], field.high[0]), side * between(random, 0.06, 0.13), between(random, 0.03, 0.06)];
      const wall: Block = { centre: [0.38, 0, 0.04], half: [0.14, 0.008, 0.04] };
      return {
        task: clearingTask(goal, wall),
        goal,
        boxes: [wall],
        failure(path, steps) {
          for (let t = 1; t <= steps; t++) if (intrusion(path, t * d, wall) > 0) return "through the wall";
          return lastSteps(steps).every((at) => away(path, at, goal) < RADIUS) ? undefined : "not at the place";
        },
      };
    },
  },
];

function farPoint(state: Float64Array, random: Random, least: number, most: number): [number, number] {
  for (;;) {
    const point = drawPoint(random);
    const distance = Math.hypot(point[0] - state[CUBE], point[1] - state[CUBE + 1]);
    if (distance >= least && distance <= most) return point;
  }
}

export interface UnseenOptions {
  readonly seed: number;
  /** Episodes of each task (100; of one that is not promised a third). */
  readonly starts?: number;
  readonly onProgress?: OnProgress;
  /** For planning in something else than coordinates, see `runArmEpisodes`. */
  readonly view?: (states: Float64Array, n: number) => Float64Array;
  readonly population?: number;
  readonly iterations?: number;
  /** Of `unseenTasks`; all when absent. */
  readonly only?: readonly string[];
}

export interface UnseenResult {
  readonly name: string;
  readonly criterion: string;
  /** Share of the starts. */
  readonly success: number;
  readonly starts: number;
  /** Failures by their reason. */
  readonly failures: Readonly<Record<string, number>>;
  /** For replays. */
  readonly episodes: ArmEpisodes;
  readonly begun: readonly UnseenStart[];
  readonly failed: readonly (string | undefined)[];
}

/** Tasks given as costs alone, planned in `model`, acted in the true world. No start is used for anything else. */
export async function runUnseenTasks(model: Simulator, options: UnseenOptions): Promise<UnseenResult[]> {
  const { seed, starts: most = 100, onProgress, view, population, iterations, only } = options;
  const simulation = make("ArmPickAndPlace-v0").simulation!;
  const results: UnseenResult[] = [];
  for (const [index, { name, success, unpromised, steps = 60, control = armControl, start }] of unseenTasks.entries()) {
    if (only && !only.includes(name)) continue;
    const starts = unpromised ? Math.ceil(most / 3) : most;
    const random = createRandom(SEEDS + 1000 * index + seed);
    const { states, begun } = drawStarts(simulation, starts, random, start);
    const planner = planWaypoints(model, {
      random,
      control,
      ...(population ? { population, elites: Math.max(6, Math.round(population / 12)) } : {}),
      ...(iterations ? { iterations } : {}),
    });
    const episodes = await runArmEpisodes(planner, {
      simulation,
      starts: states,
      tasks: begun.map(({ task }) => task),
      steps,
      view,
      // a fist does not open
      reflex: control === armControl,
      onProgress: (done, total) => onProgress?.(index * total + done, unseenTasks.length * total, name),
    });
    const failed = begun.map(({ failure }, e) => failure(episodes.paths.subarray(e * (steps + 1) * d, (e + 1) * (steps + 1) * d), steps));
    const failures: Record<string, number> = {};
    for (const reason of failed) if (reason) failures[reason] = (failures[reason] ?? 0) + 1;
    const succeeded = failed.filter((reason) => !reason).length / starts;
    results.push({ name, criterion: success, success: succeeded, starts, failures, episodes, begun, failed });
  }
  return results;
}

/** Apart from the seeds of training, testing and placing. */
const SEEDS = 700_000;

function drawStarts(simulation: Simulation, n: number, random: Random, start: UnseenTask["start"]) {
  const size = simulation.stateSize;
  const states = new Float64Array(n * size);
  const begun = Array.from({ length: n }, (_, e) => {
    simulation.initialState(random, states, e * size);
    return start(states.subarray(e * size, (e + 1) * size), random);
  });
  return { states, begun };
}

/** The same as a part of the study of the arm. */
export const tasksPart: ArmPart = async ({ subject, onProgress }) => {
  const results = await runUnseenTasks(subject.model, { seed: subject.seed, onProgress });
  const promised = results.filter(({ name }) => !unseenTasks.find((task) => task.name === name)?.unpromised);
  return {
    figures: {
      worstUnseenTask: Math.min(...promised.map(({ success }) => success)),
      ...Object.fromEntries(results.map(({ name, success }) => [`task: ${name}`, success])),
    },
    details: results.map(({ name, criterion, success, starts, failures }) => ({ name, criterion, success, starts, failures })),
  };
};
