import { files } from "#files";
import { FormatError } from "../formats/format-error.ts";
import { readSafetensors, writeSafetensors } from "../formats/safetensors.ts";
import type { Checkpoint } from "./learner.ts";

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
    JSON.stringify(configuration, (_, value) => (ArrayBuffer.isView(value) ? Array.from(value as unknown as ArrayLike<number>) : value)),
  );
  const file: CheckpointFile = {
    write: (checkpoint) => files.write(path, writeSafetensors({ ...checkpoint, configuration: { shape: [said.length], data: said } })),
    async read() {
      if ((await files.kind(path)) !== "file") return undefined;
      const { configuration: of, ...checkpoint } = readSafetensors(await files.read(path), path);
      if (!(of?.data instanceof Uint8Array)) throw new FormatError(path, "configuration", "is missing", "train anew without --resume");
      if (of.data.length !== said.length || of.data.some((byte, i) => byte !== said[i]))
        throw new FormatError(
          path,
          "configuration",
          "is of another training",
          "give the same environment, algorithm, seed and steps, or train anew",
        );
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
