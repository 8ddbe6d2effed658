import { parseArgs } from "node:util";
import type { Bench } from "./bench.ts";

const BENCHES: Readonly<Record<string, () => Promise<Bench>>> = {
  environments: async () => (await import("./environments.ts")).environments,
  planning: async () => (await import("./planning.ts")).planning,
  inversion: async () => (await import("./inversion.ts")).inversion,
  runtime: async () => (await import("./runtime.ts")).runtime,
  training: async () => (await import("./training.ts")).training,
};

const usage = `usage: npm run bench -- NAME [--json] [--seed N]…\nbenchmarks: ${Object.keys(BENCHES).sort().join(", ")}`;

function refuse(reason: string): never {
  console.error(`bench: ${reason}\n${usage}`);
  process.exit(2);
}

function readArguments() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { json: { type: "boolean" }, seed: { type: "string", multiple: true }, help: { type: "boolean" } },
    });
    return { ...values, positionals };
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
}

const { json, seed, help, positionals } = readArguments();
if (help) {
  console.log(usage);
  process.exit(0);
}
const [name, ...rest] = positionals;
if (name === undefined || !Object.hasOwn(BENCHES, name)) refuse(name === undefined ? "no benchmark named" : `no benchmark '${name}'`);
// `--seed 1 2 3` is read as one option and two more words
const seeds = [...(seed ?? []), ...rest].map(Number);
if (!seeds.every(Number.isSafeInteger)) refuse("seeds are whole numbers");

const bench = await BENCHES[name]();
const result = await bench({ seeds: seeds.length > 0 ? seeds : [1, 2, 3], log: (line) => console.error(line) });
if (json) console.log(JSON.stringify(result));
else {
  for (const [key, value] of Object.entries(result.figures)) {
    const [low, high] = result.ranges[key];
    console.log(
      `${key.padEnd(32)} ${value.toPrecision(4)}  (${low.toPrecision(4)} to ${high.toPrecision(4)} over ${result.seeds.length} seeds)`,
    );
  }
  console.log(JSON.stringify(result.details, null, 2));
}
