import { files } from "#files";
import { eventFileHead, eventRecord, eventsUpTo } from "../formats/tfevents.ts";
import type { TrainingEntry } from "./train.ts";

/** log.jsonl, a line an evaluation, and the same as an event file for TensorBoard. */
export interface TrainingLog {
  readonly entries: readonly TrainingEntry[];
  add(entry: TrainingEntry): Promise<void>;
}

/** TensorBoard looks for files of this name: events.out.tfevents.TIME.HOST */
export const EVENTS = "events.out.tfevents.0000000000.vinverse";

/** @param from the step that a training goes on from: what was logged after it is forgotten; undefined for a new one */
export async function openLog(folder: string, from: number | undefined): Promise<TrainingLog> {
  const [lines, events] = [`${folder}/log.jsonl`, `${folder}/${EVENTS}`];
  const entries: TrainingEntry[] = from === undefined ? [] : (await readLog(folder)).filter(({ steps }) => steps <= from);
  if (from !== undefined && (await files.kind(events)) === "file") await files.write(events, eventsUpTo(await files.read(events), from));
  else await files.write(events, eventFileHead(Date.now() / 1000));
  return {
    entries,
    async add(entry) {
      entries.push(entry);
      await files.write(lines, new TextEncoder().encode(`${entries.map((one) => JSON.stringify(one)).join("\n")}\n`));
      await files.append(events, eventRecord({ step: entry.steps, wallTime: Date.now() / 1000, scalars: scalarsOf(entry) }));
    },
  };
}

export async function readLog(folder: string): Promise<TrainingEntry[]> {
  const text = new TextDecoder().decode(await files.read(`${folder}/log.jsonl`));
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as TrainingEntry);
}

function scalarsOf(entry: TrainingEntry): Record<string, number> {
  const { evaluation, quartiles, trainingReturn, updates, updatesPerSecond, losses, identifiability: known } = entry;
  return {
    "return/evaluation": evaluation,
    "return/evaluation first quartile": quartiles[0],
    "return/evaluation third quartile": quartiles[1],
    ...(trainingReturn === undefined ? {} : { "return/training": trainingReturn }),
    "speed/updates": updates,
    "speed/updates per second": updatesPerSecond,
    ...Object.fromEntries(Object.entries(losses).map(([name, value]) => [`loss/${name}`, value])),
    ...(known
      ? {
          "identifiability/residual over signal": known.residualOverSignal,
          "identifiability/visible directions": known.visible,
          "identifiability/effective rank": known.effectiveRank,
          "identifiability/bound": known.bound,
        }
      : {}),
  };
}
