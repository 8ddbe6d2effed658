import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmdirSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { UsageError } from "./errors.ts";

/** All that an output folder of ours may hold; the summary says that it is ours. */
const outputFile = /^(model\.json|(report|replay)\.html|summary\.json|tensors\.safetensors|[\w-]+\.onnx)$/;
/** What a folder without a summary may hold; the page says that it is ours. */
const reportFile = /^(report\.html|transitions\.npz)$/;

/** Folders being written, to be removed if the program is stopped. */
const staged = new Set<string>();

/** Synchronous, for signal handlers. */
export function discardStaged(): void {
  for (const folder of staged) rmSync(folder, { recursive: true, force: true });
  staged.clear();
}

/**
 * Refuse early what could not be written at the end: a file in the way, a folder with something in it that is not ours, or a model
 * that only a model may replace.
 * @throws UsageError unless `force`
 */
export function checkOutputFolder(folder: string, force: boolean, content: "model" | "report"): void {
  const kind = look(folder);
  if (kind === "file") throw new UsageError(`${folder} is a file; give --out a folder`);
  if (kind === "foreign" && !force) {
    throw new UsageError(`${folder} holds files that vinverse did not write; give another --out, or --force to write beside them`);
  }
  if (kind === "model" && content === "report" && !force) {
    throw new UsageError(`${folder} holds an inferred model; give another --out, or --force to write beside it`);
  }
}

/**
 * Write a folder beside its place and rename it there when all is written, so that no half of it is ever seen.
 * A model of ours is replaced by a model, and a summary with its report; elsewhere only files of the same names are.
 */
export async function writeOutputFolder(folder: string, force: boolean, write: (folder: string) => Promise<void>): Promise<void> {
  checkOutputFolder(folder, force, "model");
  const target = resolve(folder);
  mkdirSync(dirname(target), { recursive: true });
  const staging = join(dirname(target), `.${basename(target)}.${process.pid}.part`);
  rmSync(staging, { recursive: true, force: true });
  staged.add(staging);
  try {
    mkdirSync(staging);
    await write(staging);
    const content = existsSync(join(staging, "model.json")) ? "model" : "report";
    checkOutputFolder(folder, force, content);
    place(staging, target, content);
  } finally {
    rmSync(staging, { recursive: true, force: true });
    staged.delete(staging);
  }
}

function place(staging: string, target: string, content: "model" | "report"): void {
  const kind = look(target);
  const beside = kind === "foreign" || kind === "page" || (kind === "model" && content === "report");
  if (beside || (kind !== "absent" && isAbove(target))) {
    for (const file of readdirSync(staging)) {
      rmSync(join(target, file), { recursive: true, force: true });
      renameSync(join(staging, file), join(target, file));
    }
    return;
  }
  if (kind === "empty") rmdirSync(target);
  if (kind !== "model" && kind !== "summary") {
    renameSync(staging, target);
    return;
  }
  const old = `${staging}.old`;
  renameSync(target, old);
  try {
    renameSync(staging, target);
  } catch (error) {
    renameSync(old, target);
    throw error;
  }
  rmSync(old, { recursive: true, force: true });
}

/** Of ours: a model, a summary with its report, or a page alone. */
type Kind = "absent" | "empty" | "model" | "summary" | "page" | "foreign" | "file";

function look(folder: string): Kind {
  const stat = statSync(folder, { throwIfNoEntry: false });
  if (!stat) return "absent";
  if (!stat.isDirectory()) return "file";
  const entries = readdirSync(folder);
  if (entries.length === 0) return "empty";
  if (entries.every((entry) => outputFile.test(entry)) && isOurs(join(folder, "summary.json")))
    return entries.includes("model.json") ? "model" : "summary";
  return entries.every((entry) => reportFile.test(entry)) && isOurPage(join(folder, "report.html")) ? "page" : "foreign";
}

function isOurPage(page: string): boolean {
  try {
    return readFileSync(page, "utf8").includes('<meta name="generator" content="vinverse ');
  } catch {
    return false;
  }
}

function isOurs(summary: string): boolean {
  try {
    return typeof (JSON.parse(readFileSync(summary, "utf8")) as { vinverse?: unknown }).vinverse === "string";
  } catch {
    return false;
  }
}

/** The shell stands in it: renaming it away would leave the user in a folder that is gone. */
function isAbove(folder: string): boolean {
  return !relative(folder, process.cwd()).startsWith("..");
}
