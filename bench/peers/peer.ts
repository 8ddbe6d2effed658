import { type ChildProcessByStdio, spawn, spawnSync } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";

/** A script beside this file that stays alive and answers one line of JSON to each line of JSON. */
export interface Peer {
  ask(message: Readonly<Record<string, unknown>>): Promise<Record<string, unknown>>;
  stop(): void;
}

/** The first Python that can import the modules: VINVERSE_PYTHON, the one on the path, the system's. */
export function findPython(modules: readonly string[]): string | undefined {
  const candidates = [process.env.VINVERSE_PYTHON, "python3", "/usr/bin/python3"].filter((c) => c !== undefined && c !== "");
  return candidates.find((python) => spawnSync(python!, ["-c", `import ${modules.join(", ")}`], { stdio: "ignore" }).status === 0);
}

export interface PeerScript {
  readonly script: string;
  /** What its Python must be able to import. */
  readonly modules: readonly string[];
  readonly args?: readonly string[];
  /** Threads of its linear algebra; the machine's where not given. */
  readonly threads?: number;
}

/** Start a peer; undefined, with a line said, where what it needs is not installed. */
export function startPeer({ script, modules, args = [], threads }: PeerScript, log: (line: string) => void): Peer | undefined {
  const python = findPython(modules);
  if (python === undefined) {
    log(`skipped ${script}: no Python with ${modules.join(", ")} (set VINVERSE_PYTHON to one)`);
    return undefined;
  }
  const path = fileURLToPath(new URL(script, import.meta.url));
  const limits =
    threads === undefined ? {} : { OPENBLAS_NUM_THREADS: `${threads}`, OMP_NUM_THREADS: `${threads}`, MKL_NUM_THREADS: `${threads}` };
  const child: ChildProcessByStdio<Writable, Readable, null> = spawn(python, [path, ...args], {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, ...limits },
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async ask(message) {
      child.stdin.write(`${JSON.stringify(message)}\n`);
      const { value, done } = await lines.next();
      if (done) throw new Error(`${script} ended without an answer`);
      return JSON.parse(value) as Record<string, unknown>;
    },
    stop: () => child.stdin.end(),
  };
}
