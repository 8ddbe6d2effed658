import { existsSync } from "node:fs";
import { appendFile, mkdir, open, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { FormatError } from "../format-error.ts";
import { limits } from "../limits.ts";
import type { Files } from "./files.ts";

/**
 * `zoo/…` names what ships with the program, wherever it runs, where no such file lies in the working folder.
 * src/formats/files and dist/formats/files lie equally deep.
 */
function placeOf(path: string): string {
  if (!path.startsWith("zoo/") || existsSync(path)) return path;
  const shipped = fileURLToPath(new URL(`../../../${path}`, import.meta.url));
  return existsSync(shipped) ? shipped : path;
}

export const files: Files = {
  async read(path) {
    const handle = await open(placeOf(path), "r").catch((error: NodeJS.ErrnoException) => {
      const problem = error.code === "ENOENT" ? "does not exist" : `cannot be opened (${error.code})`;
      throw new FormatError(path, "the file", problem, "check the path");
    });
    try {
      const { size } = await handle.stat();
      if (size > limits.file)
        throw new FormatError(path, "the file", `has ${size} bytes, more than ${limits.file}`, "give the checkpoint alone");
      const bytes = new Uint8Array(size);
      let at = 0;
      while (at < size) {
        const { bytesRead } = await handle.read(bytes, at, size - at, at);
        if (bytesRead === 0) break;
        at += bytesRead;
      }
      return bytes.subarray(0, at);
    } finally {
      await handle.close();
    }
  },
  async list(folder) {
    return (await readdir(placeOf(folder))).sort();
  },
  async kind(path) {
    const found = await stat(placeOf(path)).catch(() => undefined);
    return found?.isDirectory() ? "folder" : found?.isFile() ? "file" : "none";
  },
  async write(path, bytes) {
    const folder = dirname(path);
    await mkdir(folder, { recursive: true });
    const beside = join(folder, `.${basename(path)}.${process.pid}.part`);
    try {
      await writeFile(beside, bytes);
      await rename(beside, path);
    } catch (error) {
      await rm(beside, { force: true });
      throw error;
    }
  },
  async append(path, bytes) {
    await mkdir(dirname(path), { recursive: true });
    await appendFile(path, bytes);
  },
};
