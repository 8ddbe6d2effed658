import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/** What an earlier run made with the same settings, or made now and kept: a run that was cut off goes on where it was. */
export async function kept<T>(file: string, settings: unknown, make: () => Promise<T>): Promise<T> {
  const told = JSON.stringify(settings);
  const before = read(file);
  if (before?.settings === told) return before.result as T;
  const result = await make();
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.part`, JSON.stringify({ settings: told, result }));
  renameSync(`${file}.part`, file);
  return result;
}

function read(file: string): { readonly settings: string; readonly result: unknown } | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}
