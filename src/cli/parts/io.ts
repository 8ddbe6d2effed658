/** Where a command speaks: stdout for its answer, stderr for everything on the way. */
export interface Io {
  out(text: string): void;
  err(text: string): void;
  /** stderr is a terminal. */
  readonly interactive: boolean;
}

export const processIo: Io = {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  interactive: process.stderr.isTTY === true,
};
