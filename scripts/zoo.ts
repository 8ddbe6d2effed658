import { readdirSync, statSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { restoreCritic, type SavedCritic } from "../src/critics/saved.ts";
import { make } from "../src/environments/make.ts";
import { loadSavedCritic, saveCritic } from "../src/formats/critic-folder.ts";
import { inferDynamics } from "../src/inversion/infer.ts";
import { scoreModel } from "../src/world-model/score.ts";

/**
 * Critics of the zoo. `scripts/zoo.ts --add FOLDER --name NAME` copies one that was trained, with what it says of next states in `made`;
 * `--halve NAME` shortens one that is there; every run writes zoo/README.md anew from what the folders say.
 */
const zoo = fileURLToPath(new URL("../zoo", import.meta.url));
const SEED = 41;
const PAIRS = 1000;

const { values: options } = parseArgs({
  options: { add: { type: "string" }, name: { type: "string" }, halve: { type: "string", multiple: true } },
});

interface Told {
  readonly method: string;
  readonly identifiability: string;
  /** Change-normalised, mean over dimensions; of tables the share of wrong next states. */
  readonly error: number;
}

/** What is inferred from a critic alone, held against the truth. Sparse goals need several critics and more time: their reproductions tell. */
async function tell(saved: SavedCritic): Promise<Told | undefined> {
  const { values, environment } = saved;
  const pointwise = values.kind === "general-value-functions" || values.kind === "with-cumulants";
  if (!environment || (!pointwise && values.kind !== "table")) return undefined;
  const method = pointwise ? "pointwise" : "matching";
  const critic = restoreCritic(saved);
  const { model, identifiability } =
    critic.kind === "tabular"
      ? await inferDynamics(critic)
      : await inferDynamics(critic, { environment, method: "pointwise", samples: PAIRS, seed: SEED });
  const score = await scoreModel(model, make(environment), { seed: SEED + 1, n: PAIRS });
  const error = score.kind === "tabular" ? 1 - score.correct / score.pairs : score.error;
  return { method, identifiability: identifiability.verdict.sentence, error };
}

/** Most that an error may grow by for numbers half as long. */
const NOTHING = 1.02;

/** In halves where that loses nothing. */
async function write(saved: SavedCritic, name: string): Promise<void> {
  const folder = `${zoo}/${name}`;
  const whole = await tell(saved);
  await saveCritic(folder, saved, { half: true });
  const halved = await tell(await loadSavedCritic(folder));
  const half = halved === undefined || whole === undefined || halved.error <= NOTHING * whole.error;
  const told = half ? halved : whole;
  if (whole && halved) console.error(`${name}: error ${whole.error.toPrecision(4)}, in halves ${halved.error.toPrecision(4)}`);
  await saveCritic(folder, told ? { ...saved, made: { ...saved.made, inferred: { ...told, seed: SEED } } } : saved, { half });
}

if (options.add !== undefined) {
  if (options.name === undefined) throw new Error("--add needs --name");
  await write(await loadSavedCritic(options.add), options.name);
}
for (const name of options.halve ?? []) await write(await loadSavedCritic(`${zoo}/${name}`), name);

const rows: string[] = [];
let total = 0;
for (const name of readdirSync(zoo).sort()) {
  if (!statSync(`${zoo}/${name}`).isDirectory()) continue;
  const files = readdirSync(`${zoo}/${name}`);
  const bytes = bytesOf(`${zoo}/${name}`);
  total += bytes;
  if (!files.includes("critic.json")) continue;
  const { algorithm, heads, made = {} } = await loadSavedCritic(`${zoo}/${name}`);
  const { command, seed = seedOf(command), meanReturn, bellmanResidual, inferred } = made as Record<string, unknown>;
  const { mean: steps } = (bellmanResidual ?? {}) as { readonly mean?: number };
  const { identifiability, error, method } = (inferred ?? {}) as Partial<Told>;
  const said = identifiability ?? (steps === undefined ? "" : `Bellman residual ${steps.toFixed(2)} steps`);
  rows.push(
    `| ${name} | ${algorithm}, ${heads.length} heads | ${typeof meanReturn === "number" ? meanReturn.toFixed(1) : ""} | ${said} | ${error === undefined ? "" : `${error.toPrecision(2)} (${method})`} | ${Math.round(bytes / 1000)} | ${command ? `\`${String(command)}\`` : ""} | ${String(seed ?? "")} |`,
  );
}
const text = `# Critics that ship with the program

Written by \`npx tsx --conditions=vinverse-source scripts/zoo.ts\` from what each folder's critic.json says under \`made\`. Numbers are float16 where that loses nothing.
The return is the mean over 100 fresh episodes, where the critic acts. The error is of next states inferred from the critic alone: over the true change of a
step for networks (1: nothing moves), the share of wrong next states for tables. Critics of sparse goals are inverted together:
\`vinverse reproduce mountain-car\`, \`vinverse reproduce reacher\`.

| critic | learned by | return | what it says of next states | error | kB | command | seed |
|---|---|---|---|---|---|---|---|
${rows.join("\n")}

${(total / 1e6).toFixed(1)} MB together.
`;
writeFileSync(`${zoo}/README.md`, text);

/** Of a file, or of all files below a folder. */
function bytesOf(path: string): number {
  const stat = statSync(path);
  return stat.isDirectory() ? readdirSync(path).reduce((sum, name) => sum + bytesOf(`${path}/${name}`), 0) : stat.size;
}

function seedOf(command: unknown): string | undefined {
  return typeof command === "string" ? /--seed (\d+)/.exec(command)?.[1] : undefined;
}
