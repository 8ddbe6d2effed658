import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const root = join(import.meta.dirname, "../../..");

export interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Run a program outside the repository, without what a run of npm or of a test would hand down. */
export function run(cwd: string, program: string, words: readonly string[], more: Readonly<Record<string, string>> = {}): Ran {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(npm_|NODE_|VITEST|VINVERSE_|ONNXRUNTIME_|INIT_CWD)/i.test(name));
  const env = { ...Object.fromEntries(inherited), ...more };
  const { status, stdout, stderr } = spawnSync(program, words, { cwd, env, encoding: "utf8", maxBuffer: 1 << 28 });
  return { code: status, out: stdout, err: stderr };
}

export const quiet = ["--no-audit", "--no-fund", "--no-update-notifier"];

/** The tarball that would be published, in a folder of its own. */
export function pack(): { readonly folder: string; readonly tarball: string; readonly megabytes: number } {
  const folder = mkdtempSync(join(tmpdir(), "vinverse-package-"));
  const { code, err } = run(root, "npm", ["pack", "--pack-destination", folder]);
  if (code !== 0) throw new Error(`npm pack failed: ${err}`);
  const tarball = join(folder, readdirSync(folder)[0]);
  return { folder, tarball, megabytes: statSync(tarball).size / 1e6 };
}

/** A stranger's project with README's snippet in it. */
export function project(folder: string, name: string): string {
  const place = join(folder, name);
  mkdirSync(place);
  writeFileSync(join(place, "package.json"), '{"name": "foreign", "private": true, "type": "module"}\n');
  const [, snippet] = /```ts\n([\s\S]*?)```/.exec(readFileSync(join(root, "README.md"), "utf8"))!;
  for (const ending of ["mjs", "ts"]) writeFileSync(join(place, `snippet.${ending}`), snippet);
  return place;
}

/** Megabytes of a folder. */
export function size(folder: string): number {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0) / 1e6;
}

export const remove = (folder: string) => rmSync(folder, { recursive: true, force: true });
