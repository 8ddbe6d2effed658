import { files } from "#files";
import { viewNumbers } from "../base/view-numbers.ts";
import { FormatError } from "../formats/format-error.ts";
import { readSafetensors, type SafetensorsArray, writeSafetensors } from "../formats/safetensors.ts";
import { inTodaysNames } from "./renamed-options.ts";

/** Everything that is needed to go on as if nothing had happened. */
export type Checkpoint = Readonly<Record<string, SafetensorsArray>>;

/** The checkpoint of one training in a folder. It is replaced at once or not at all, so that a run may be killed at any time. */
export interface CheckpointFile {
  write(checkpoint: Checkpoint): Promise<void>;
  /**
   * @returns undefined where there is none
   * @throws FormatError where it is of another training
   */
  read(): Promise<Checkpoint | undefined>;
  /** The same. @throws FormatError where there is none */
  existing(): Promise<Checkpoint>;
}

/** @param configuration all that makes a training the same: typed arrays count by their numbers */
export function checkpointFile(folder: string, configuration: unknown): CheckpointFile {
  const path = `${folder}/checkpoint.safetensors`;
  const said = new TextEncoder().encode(
    JSON.stringify(configuration, (_, value) => (ArrayBuffer.isView(value) ? Array.from(viewNumbers(value)) : value)),
  );
  const file: CheckpointFile = {
    write: (checkpoint) => files.write(path, writeSafetensors({ ...checkpoint, configuration: { shape: [said.length], data: said } })),
    async read() {
      if ((await files.kind(path)) !== "file") return undefined;
      const { configuration: of, ...checkpoint } = readSafetensors(await files.read(path), path);
      if (!(of?.data instanceof Uint8Array)) throw new FormatError(path, "configuration", "is missing", "train anew without --resume");
      const kept = JSON.stringify(inTodaysNames(JSON.parse(new TextDecoder().decode(of.data))));
      const asked = new TextDecoder().decode(said);
      if (kept !== asked)
        throw new FormatError(path, "the file", `is of another training: ${difference(kept, asked)}`, "ask for the same, or train anew");
      return checkpoint;
    },
    async existing() {
      const checkpoint = await file.read();
      if (!checkpoint) throw new FormatError(path, "the file", "does not exist", "train anew without --resume");
      return checkpoint;
    },
  };
  return file;
}

/** Characters of a value that are told. */
const LONGEST = 60;

/** The first setting in which two configurations differ. */
function difference(kept: string, asked: string): string {
  const [there, here] = [kept, asked].map((text) => settingsOf(JSON.parse(text)));
  const name = Object.keys({ ...there, ...here }).find((key) => there[key] !== here[key]);
  if (name === undefined) return "its settings stand in another order";
  const of = (settings: Readonly<Record<string, string>>) => settings[name]?.slice(0, LONGEST) ?? "the default";
  return `${name} is ${of(there)} there and ${of(here)} here`;
}

/** Leaves with their names, those of inner records without the outer ones. */
function settingsOf(configuration: object): Record<string, string> {
  const entries = Object.entries(configuration).flatMap(([name, value]) =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.entries(settingsOf(value))
      : [[name, JSON.stringify(value)] as const],
  );
  return Object.fromEntries(entries);
}
