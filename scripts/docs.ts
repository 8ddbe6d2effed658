import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { placingTask } from "../src/agents/arm/placing.ts";
import { recordArm } from "../src/agents/arm/recording.ts";
import { armStarts } from "../src/agents/arm/trials.ts";
import { commandReference } from "../src/cli/parts/reference.ts";
import { operatorNamed } from "../src/engine/graph.ts";
import { operatorNames } from "../src/engine/index.ts";
import { inferDynamics, loadCritic, loadWorldModel, make, prepare } from "../src/index.ts";
import type { InferredContinuous } from "../src/inversion/assemble.ts";
import { armPicture } from "../src/report/arm-picture.ts";
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

const arm = "ArmPickAndPlace-v0";
await prepare(arm);
const { simulation } = make(arm);
const inferred = await loadWorldModel(new URL(`../zoo/${arm}-seed-0/model`, import.meta.url).pathname);
if (!simulation || inferred.kind !== "continuous") throw new Error(`${arm} has no simulation, or its model is not continuous`);
const { states: begun, goals } = armStarts(simulation, 1, 2);
const episode = await recordArm(inferred, { simulation, start: begun, task: placingTask(goals[0]), seed: 0 });
write(
  "pictures/arm.svg",
  armPicture(
    { title: arm, ...episode },
    {
      title: "A robot arm picks up a cube, planning in dynamics inferred from value functions",
      description: "Blue: the way of the cube so far. Orange: the way that the present plan imagines. Ring: the goal.",
    },
  ),
);
