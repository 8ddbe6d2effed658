import { exitCodes } from "./errors.ts";
import { discardStaged } from "./output-folder.ts";

/** End quietly, leaving nothing half-written, when interrupted or when the reader of a pipe has gone. */
export function handleSignals(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      // As `head` does: nothing is wrong, and nobody is left to tell.
      if (error.code === "EPIPE") stop(exitCodes.done);
      throw error;
    });
  }
  process.once("SIGINT", () => stop(exitCodes.interrupted));
  process.once("SIGTERM", () => stop(exitCodes.terminated));
}

function stop(code: number): never {
  discardStaged();
  process.exit(code);
}
