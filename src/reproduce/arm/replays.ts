import { placingTask } from "../../agents/arm/placing.ts";
import { recordArm } from "../../agents/arm/recording.ts";
import { armStarts } from "../../agents/arm/trials.ts";
import { createRandom } from "../../numbers/random.ts";
import { type ArmEpisode, armReplay } from "../../report/arm-replay.ts";
import { threeSource } from "../../report/three-source.ts";
import type { ArmPart } from "./part.ts";
import { unseenTasks } from "./tasks.ts";

const PLACED = 2;
/** Apart from the starts that anything is measured from. */
const SEEDS = 860_000;

/** A page of episodes to look at: the task of the environment, then each that no head was trained for, with what the model imagined. */
export const replayPart: ArmPart = async ({ environment, subject, onProgress }) => {
  const simulation = environment.simulation!;
  const { states, goals } = armStarts(simulation, PLACED + unseenTasks.length, SEEDS);
  const size = simulation.stateSize;
  const episodes: ArmEpisode[] = [];
  for (let e = 0; e < goals.length; e++) {
    onProgress(e, goals.length, "episodes to look at");
    const start = states.slice(e * size, (e + 1) * size);
    const unseen = unseenTasks[e - PLACED];
    const begun = unseen?.start(start, createRandom(SEEDS + e)) ?? { task: placingTask(goals[e]), goal: goals[e], boxes: [] };
    const { task, goal, boxes } = begun;
    const recorded = await recordArm(subject.model, { simulation, start, task, seed: e, control: unseen?.control, steps: unseen?.steps });
    episodes.push({ title: unseen?.name ?? `pick and place ${e + 1}`, goal, boxes, ...recorded });
  }
  const html = armReplay(
    {
      title: "ArmPickAndPlace-v0",
      text: "Every second step a plan is made in dynamics that were inferred from value functions alone.",
      episodes,
    },
    threeSource(),
  );
  return { figures: {}, pages: { "replay.html": html } };
};
