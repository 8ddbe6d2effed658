import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { evaluate, Graph } from "../../src/engine/index.ts";
import type { Coordinates } from "../../src/environments/environment.ts";
import { createRandom } from "../../src/numbers/random.ts";
import { box, type Space } from "../../src/spaces/space.ts";
import { featureGraph } from "../../src/world-model/feature-graph.ts";
import { createFeatures, featureKinds } from "../../src/world-model/features.ts";
import { loadWorldModel } from "../../src/world-model/load.ts";
import { plainCoordinates } from "../planted-critic.ts";

const home = mkdtempSync(join(tmpdir(), "vinverse-dynamics-"));
afterAll(() => rmSync(home, { recursive: true }));
const released = fileURLToPath(new URL("fixtures/0.1.0", import.meta.url));

/** A position within bounds, its rate, and an angle. */
const coordinates: Coordinates = { ...plainCoordinates(3, [1, null, null]), angular: [false, false, true] };
const spaces: readonly Space[] = [box([-1, 0], [3, 0.5]), box([-Infinity], [Infinity]), { kind: "discrete", n: 3, start: 2 }];
const pairs = spaces.flatMap((space) => featureKinds.map((kind) => [kind, space.kind, space] as const));

test.each(pairs)("%s features of %s actions are the same in numbers and as a graph", (kind, _name, space) => {
  const random = createRandom(6);
  const n = 20;
  const m = space.kind === "box" ? space.low.length : 1;
  const states = Float64Array.from({ length: 3 * n }, () => 2 * random.uniform() - 1);
  const actions = Float64Array.from({ length: m * n }, () => (space.kind === "discrete" ? 2 + random.integer(3) : random.normal()));
  const [centre, scale] = [Float64Array.of(0.1, -0.2, 0), Float64Array.of(0.5, 2, 1)];
  const features = createFeatures(kind, coordinates, space, centre, scale);
  const graph = new Graph();
  const phi = featureGraph(kind, coordinates, space, centre, scale, graph.input("states", ["N", 3]), graph.input("actions", ["N", m]));
  graph.output("phi", phi);
  const { data, shape } = evaluate(graph, {
    states: { shape: [n, 3], data: states },
    actions: { shape: [n, m], data: actions },
  }).phi;
  expect(shape).toEqual([n, features.names.length]);
  expect(new Set(features.names).size).toBe(features.names.length);
  features.matrix(states, actions, n).forEach((x, i) => {
    expect(data[i], features.names[i % features.names.length]).toBeCloseTo(x, 12);
  });
});

/** A folder of 0.1.0 with another kind or setting of its dynamics. */
function damaged(name: string, change: (dynamics: { kind: string; settings: Record<string, unknown> }) => void): string {
  const folder = mkdtempSync(join(home, "model-"));
  cpSync(join(released, name), folder, { recursive: true });
  const json = JSON.parse(readFileSync(join(folder, "model.json"), "utf8"));
  change(json.dynamics);
  writeFileSync(join(folder, "model.json"), JSON.stringify(json));
  return folder;
}

test.each([
  ["structured", "kind", "tree", "dynamics.kind is 'tree', not one of structured, network"],
  ["structured", "kind", "toString", "dynamics.kind is 'toString', not one of structured, network"],
  ["structured", "integrator", "leapfrog", 'dynamics.settings.integrator is "leapfrog", not one of free, explicit, semi-implicit'],
  ["structured", "features", 3, "dynamics.settings.features is 3, not one of linear, quadratic, additive, chebyshev"],
  ["hybrid", "contacts", "wall", "dynamics.settings.contacts is not a list"],
  ["network", "hidden", [8, "wide"], "dynamics.settings.hidden is not a list of widths"],
  ["network", "activation", "Step", 'dynamics.settings.activation is "Step", which is unknown'],
  ["network", "integrator", undefined, "dynamics.settings.integrator is undefined, not one of free, explicit, semi-implicit"],
  ["noise-linear", "noise", "cubic", 'dynamics.settings.noise is "cubic", not constant or linear'],
])("a %s model whose %s is %j is refused by that name", async (name, field, value, sentence) => {
  const folder = damaged(name, (dynamics) => {
    if (field === "kind") dynamics.kind = String(value);
    else dynamics.settings[field] = value;
  });
  await expect(loadWorldModel(folder)).rejects.toThrow(`${folder}/model.json: ${sentence}; infer the model again.`);
});
