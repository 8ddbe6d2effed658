import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { Thread, Threads } from "./threads.ts";

const isSource = import.meta.url.endsWith(".ts");
/** Run from source, a thread needs the loader and the condition that this one has. */
const fromSource = ["--import", new URL("./source-loader.mjs", import.meta.url).href, "--conditions=vinverse-source"];

export const threads: Threads = {
  available: availableParallelism(),
  start(source, workerData) {
    const worker = isSource
      ? new Worker(source, { workerData, execArgv: fromSource })
      : new Worker(new URL(source.href.replace(/\.ts$/, ".js")), { workerData, execArgv: [] });
    const thread: Thread = {
      ask: <Answer>(message: unknown) =>
        new Promise<Answer>((resolve, reject) => {
          const settle = (act: () => void) => {
            worker.off("message", onMessage);
            worker.off("error", onError);
            worker.off("exit", onExit);
            act();
          };
          const onMessage = (answer: Answer) => settle(() => resolve(answer));
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
