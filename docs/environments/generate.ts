import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { drawEnvironment } from "../../src/environments/draw.ts";
import type { Environment } from "../../src/environments/environment.ts";
import { type EnvironmentId, environmentIds, make, prepare } from "../../src/environments/make.ts";
import type { Space } from "../../src/spaces/space.ts";

await Promise.all(environmentIds().map(prepare));

/** Ids that are another environment with other defaults: they share its page. */
const shared: Readonly<Record<string, EnvironmentId>> = {
  "FrozenLake8x8-v1": "FrozenLake-v1",
  "Taxi-v3": "Taxi-v4",
  "TicTacToePerfect-v0": "TicTacToe-v0",
};

/** A start that shows what the environment is about, and actions to take from there. */
const scenes: Readonly<Record<string, { readonly state?: readonly number[]; readonly actions?: readonly number[] }>> = {
  "Acrobot-v1": { state: [0.9, 0.7, 0, 0] },
  "Breakout-v0": { state: [6, 6, -1, 1, 7, 5, 4, ...Array.from("110111111111110111011111001011", Number)] },
  "CartPole-v1": { state: [0.4, 0, 0.15, 0] },
  "MountainCar-v0": { state: [-0.9, 0] },
  "MountainCarContinuous-v0": { state: [-0.75, 0] },
  "MountainCarGoal-v0": { state: [-0.2, 0] },
  "MountainCarReach-v0": { state: [-0.2, 0, 0.3] },
  "Pendulum-v1": { state: [0.6, 0] },
  "Reacher-v0": { state: [0.6, 1.9, 0, 0] },
  "TicTacToe-v0": { actions: [4, 0, 1] },
};

/** Every page and picture by file name. Pages are the docstrings of the sources. */
export function pages(): Map<string, string> {
  const docstrings = readDocstrings();
  const files = new Map<string, string>();
  const rows: string[] = [];
  for (const id of environmentIds()) {
    const page = shared[id] ?? id;
    const environment = make(id as string);
    rows.push(
      `| [${id}](${page}.md) | ${size(environment)} | ${spaceName(environment.actionSpace)} | ${Number.isFinite(environment.horizon) ? environment.horizon : "none"} |`,
    );
    if (page !== id) continue;
    const docstring = docstrings.get(id);
    if (!docstring) throw new Error(`${id} has no docstring that begins with '# ${id}'`);
    const [title, ...body] = docstring.split("\n");
    files.set(`${id}.svg`, picture(environment));
    files.set(`${id}.md`, `${title}\n\n![${id}](${id}.svg)\n\n${body.join("\n")}\n`);
  }
  const intro =
    "# Environments\n\nPages and pictures are made from the sources by `npx tsx --conditions=vinverse-source docs/environments/generate.ts`.\n";
  files.set("README.md", `${intro}\n| id | states or observations | actions | limit of steps |\n|---|---|---|---|\n${rows.join("\n")}\n`);
  return files;
}

function picture(environment: Environment): string {
  const { state, actions = [] } = scenes[environment.id] ?? {};
  let { info } = environment.reset({ seed: 3, options: state ? { state } : undefined });
  for (const action of actions) {
    const step = environment.step(action);
    info = step.info;
    if (step.terminated) break;
  }
  return drawEnvironment(environment, info);
}

function size({ tables, observationSpace }: Environment): string {
  return tables ? `${tables.states} states` : spaceName(observationSpace);
}

function spaceName(space: Space): string {
  if (space.kind === "box") return `Box(${space.shape.join(", ")})`;
  return space.kind === "discrete" ? `Discrete(${space.n})` : "Dict";
}

/** Docstrings that begin with '# Id', by id. */
function readDocstrings(): Map<string, string> {
  const folder = fileURLToPath(new URL("../../src/environments/", import.meta.url));
  const found = new Map<string, string>();
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
  for (const name of names.sort()) {
    for (const [, comment] of readFileSync(`${folder}${name}`, "utf8").matchAll(/\/\*\*\n((?: \*.*\n)+?) \*\//g)) {
      const lines = comment
        .trimEnd()
        .split("\n")
        .map((line) => line.replace(/^ \* ?/, ""));
      const id = lines[0].match(/^# (\S+-v\d+)$/)?.[1];
      if (id) found.set(id, lines.join("\n"));
    }
  }
  return found;
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  for (const [name, content] of pages()) writeFileSync(new URL(name, import.meta.url), content);
