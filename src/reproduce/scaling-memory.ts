import { closeSync, existsSync, openSync, readFileSync, readSync } from "node:fs";
import { matchInChunks } from "../inversion/tabular/match-in-chunks.ts";

/**
 * A process of its own, so that its peak is that of the tables and of matching alone: reads γV [states, heads] and Q − r [states · 4, heads],
 * matches every pair, keeps the next states, and says how far memory went.
 */
const [columnsPath, targetsPath, headsText, statesText, threadsText] = process.argv.slice(2);
const heads = Number(headsText);
const states = Number(statesText);
const before = residentPeak();
const columns = readTable(columnsPath, states * heads);
const targets = readTable(targetsPath, 4 * states * heads);
const nearest = new Int32Array(4 * states);
const start = performance.now();
await matchInChunks(
  {
    heads,
    columns,
    count: 4 * states,
    threads: Number(threadsText),
    targets: (from, to, into) => into.set(targets.subarray(from * heads, to * heads)),
  },
  (chunk) => nearest.set(chunk.nearest, chunk.from),
);
const seconds = (performance.now() - start) / 1000;
const peak = residentPeak();
const tables = columns.byteLength + targets.byteLength;
process.stdout.write(JSON.stringify({ before, peak, tables, seconds, answered: nearest.length }));

function readTable(path: string, length: number): Float64Array {
  const table = new Float64Array(length);
  const bytes = new Uint8Array(table.buffer);
  const file = openSync(path, "r");
  for (let at = 0; at < bytes.length; ) {
    const read = readSync(file, bytes, at, Math.min(bytes.length - at, 1 << 26), at);
    if (read === 0) throw new RangeError(`${path} is shorter than ${bytes.length} bytes`);
    at += read;
  }
  closeSync(file);
  return table;
}

/** Bytes. Linux hands `ru_maxrss` on from the process that started this one; its own high-water mark is in /proc. */
function residentPeak(): number {
  const status = "/proc/self/status";
  const mark = existsSync(status) ? /VmHWM:\s*(\d+) kB/.exec(readFileSync(status, "utf8")) : null;
  return 1024 * (mark ? Number(mark[1]) : process.resourceUsage().maxRSS);
}
