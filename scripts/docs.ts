import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { commandReference } from "../src/cli/reference.ts";
import { operatorNamed, operatorNames } from "../src/engine/index.ts";
import { inferDynamics, loadCritic, make } from "../src/index.ts";
import type { InferredContinuous } from "../src/inversion/infer-continuous.ts";
import { continuousInference, standalone } from "../src/report/index.ts";

const docs = new URL("../docs/", import.meta.url);
const write = (path: string, text: string) => {
  const file = new URL(path, docs);
  mkdirSync(new URL(".", file), { recursive: true });
  writeFileSync(file, text);
};

write("reference/cli.md", await commandReference());

const mark = (rule: unknown) => (rule ? "yes" : "–");
const operators = operatorNames()
  .sort()
  .map((name) => `| ${name} | ${mark(operatorNamed(name).jvp)} | ${mark(operatorNamed(name).vjp)} |`);
const table = ["| operator | forward | reverse |", "|---|---|---|", ...operators].join("\n");
const engine = readFileSync(new URL("reference/engine.md", docs), "utf8");
write(
  "reference/engine.md",
  engine.replace(/<!-- operators -->[\s\S]*<!-- \/operators -->/, () => `<!-- operators -->\n${table}\n<!-- /operators -->`),
);

const environment = make("Pendulum-v1");
const critic = await loadCritic(new URL("../zoo/Pendulum-v1", import.meta.url).pathname);
const { model, identifiability, equations } = (await inferDynamics(critic, { environment, method: "pointwise" })) as InferredContinuous;
const sections = await continuousInference({ model, identifiability, states: equations.states, environment });
const pictures = { "Value surface": "pendulum-values", "One step, inferred and true": "pendulum-steps" };
for (const [title, name] of Object.entries(pictures)) {
  const [svg] = [sections.find((section) => section.title === title)?.svg ?? []].flat();
  if (svg === undefined) throw new Error(`the report has no section '${title}' to take a picture from`);
  write(`pictures/${name}.svg`, `${standalone(svg)}\n`);
}
