/** A thread that answers one message at a time. Typed arrays over a SharedArrayBuffer are shared with it, others copied. */
export interface Thread {
  /** What the worker posts back: the caller says of what type, since it knows the worker. A thread that throws, or ends before it has answered, rejects. */
  ask<Answer = void>(message: unknown): Promise<Answer>;
  stop(): Promise<void>;
}

export interface Threads {
  /** How many run at once on this machine. */
  readonly available: number;
  /**
   * Start a thread.
   * @param worker the source file that it runs, as `new URL("./name-worker.ts", import.meta.url)`; built sources run the file that was built from it
   * @param setup what it is given once, as `workerData`
   */
  start(worker: URL, setup: unknown): Thread;
}
