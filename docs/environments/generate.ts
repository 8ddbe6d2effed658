import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { drawEnvironment } from "../../src/environments/draw.ts";
import type { Environment } from "../../src/environments/environment.ts";
import { environmentIds, make, prepare } from "../../src/environments/make.ts";
import { registrationOf } from "../../src/environments/registry.ts";
import type { Space } from "../../src/spaces/space.ts";

await Promise.all(environmentIds().map(prepare));

/** Every page and picture by file name. Pages are the docstrings of the sources. */
export function pages(): Map<string, string> {
  const docstrings = readDocstrings();
  const files = new Map<string, string>();
  const rows: string[] = [];
  for (const id of environmentIds()) {
    const [page] = registrationOf(id)!.ids;
    const environment = make(id);
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
  const { state, actions = [] } = registrationOf(environment.id)?.scene ?? {};
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
