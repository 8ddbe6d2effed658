/** A thread that answers one message at a time. Typed arrays over a SharedArrayBuffer are shared with it, others copied. */
export interface Thread {
  ask(message: unknown): Promise<void>;
  stop(): Promise<void>;
}

export interface Threads {
  /** How many run at once on this machine. */
  readonly available: number;
  /** A thread that matches or projects rows against the index it is given. */
  start(work: "match" | "project", setup: unknown): Thread;
}
