import type { SingleBar } from "cli-progress";
import type { OnProgress } from "../../base/progress.ts";
import type { Io } from "./io.ts";

export interface Progress {
  readonly report: OnProgress;
  /** Clear whatever is drawn. */
  stop(): void;
}

const silent: Progress = { report: () => {}, stop: () => {} };
/** Lines into a log are worth one when the work changes, but not too often, and one now and then while it does not. */
const changedIntervalMs = 1_000;
const sameIntervalMs = 10_000;

/** A bar where stderr is a terminal, sparse lines where it is not, nothing where it is not wanted. */
export function createProgress(io: Io, quiet: boolean): Progress {
  if (quiet) return silent;
  return io.interactive ? bar() : lines(io);
}

function lines(io: Io): Progress {
  let current = "";
  let last = 0;
  return {
    report(done, total, what) {
      const now = Date.now();
      if (now - last < (what === current ? sameIntervalMs : changedIntervalMs)) return;
      const share = total > 0 && done > 0 ? ` ${Math.floor((100 * done) / total)} %` : "";
      io.err(`${what}${share}\n`);
      current = what;
      last = now;
    },
    stop() {},
  };
}

function bar(): Progress {
  let drawn: SingleBar | undefined;
  let loading = false;
  let stopped = false;
  let latest: Parameters<OnProgress> = [0, 1, ""];
  const draw = (): void => {
    if (!drawn || stopped) return;
    const [done, total, what] = latest;
    drawn.setTotal(Math.max(1, total));
    drawn.update(done, { what });
  };
  const load = async (): Promise<void> => {
    const { default: progress } = await import("cli-progress");
    if (stopped) return;
    drawn = new progress.SingleBar(
      { format: "{bar} {percentage} % {what}", stream: process.stderr, clearOnComplete: true, hideCursor: false, barsize: 24 },
      progress.Presets.shades_classic,
    );
    drawn.start(Math.max(1, latest[1]), latest[0], { what: latest[2] });
  };
  return {
    report(...event) {
      latest = event;
      if (!loading) {
        loading = true;
        void load();
      }
      draw();
    },
    stop() {
      stopped = true;
      drawn?.stop();
    },
  };
}
