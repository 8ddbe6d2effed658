import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { Thread, Threads } from "./threads.ts";

const isSource = import.meta.url.endsWith(".ts");
/** Run from source, a thread needs the loader that this one has. */
const fromSource = (work: string) =>
  `import("tsx/esm/api").then(({ register }) => (register(), import(${JSON.stringify(new URL(`./${work}-worker.ts`, import.meta.url).href)})));`;

export const threads: Threads = {
  available: availableParallelism(),
  start(work, setup) {
    const worker = isSource
      ? new Worker(fromSource(work), { workerData: setup, eval: true })
      : new Worker(new URL(`./${work}-worker.js`, import.meta.url), { workerData: setup });
    const thread: Thread = {
      ask: (message) =>
        new Promise((resolve, reject) => {
          const settle = (act: () => void) => {
            worker.off("message", onMessage);
            worker.off("error", onError);
            worker.off("exit", onExit);
            act();
          };
          const onMessage = () => settle(resolve);
          const onError = (error: unknown) => settle(() => reject(error));
          const onExit = () => settle(() => reject(new Error("a thread ended before it had answered")));
          worker.on("message", onMessage);
          worker.on("error", onError);
          worker.on("exit", onExit);
          worker.postMessage(message);
        }),
      stop: async () => {
        await worker.terminate();
      },
    };
    return thread;
  },
};
