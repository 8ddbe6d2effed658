import { files } from "#files";
import { eventFileHead, eventRecord, eventsUpTo } from "../formats/tfevents.ts";

/** log.jsonl, a line an entry, and the same as an event file for TensorBoard. */
export interface TrainingLog<E> {
  readonly entries: readonly E[];
  add(...entries: readonly E[]): Promise<void>;
}

/** What an entry says of itself. */
export interface LogKind<E> {
  /** The step that it is of: steps, updates or sweeps. */
  at(entry: E): number;
  scalars(entry: E): Readonly<Record<string, number>>;
}

/** TensorBoard looks for files of this name: events.out.tfevents.TIME.HOST */
export const EVENTS = "events.out.tfevents.0000000000.vinverse";

/** @param from the step that a training goes on from: what was logged after it is forgotten; undefined for a new one */
export async function openLog<E>(folder: string, from: number | undefined, { at, scalars }: LogKind<E>): Promise<TrainingLog<E>> {
  const [lines, events] = [`${folder}/log.jsonl`, `${folder}/${EVENTS}`];
  const entries: E[] = from === undefined ? [] : (await readLog<E>(lines)).filter((entry) => at(entry) <= from);
  if (from !== undefined && (await files.kind(events)) === "file") await files.write(events, eventsUpTo(await files.read(events), from));
  else await files.write(events, eventFileHead(Date.now() / 1000));
  return {
    entries,
    async add(...more) {
      entries.push(...more);
      await files.write(lines, new TextEncoder().encode(`${entries.map((one) => JSON.stringify(one)).join("\n")}\n`));
      const wallTime = Date.now() / 1000;
      for (const entry of more) await files.append(events, eventRecord({ step: at(entry), wallTime, scalars: scalars(entry) }));
    },
  };
}

async function readLog<E>(path: string): Promise<E[]> {
  if ((await files.kind(path)) !== "file") return [];
  const text = new TextDecoder().decode(await files.read(path));
  return (
    text
      .split("\n")
      .filter((line) => line !== "")
      // JSON has no number for a loss that diverged or a bound that there is not
      .map((line) => JSON.parse(line, (_, value) => (value === null ? Number.NaN : value)) as E)
  );
}
