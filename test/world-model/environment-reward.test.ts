import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { bellmanSystem } from "../../src/bellman/system.ts";
import type { NetworkCritic } from "../../src/critics/critic.ts";
import { type NetworkDefinition, networkCritic } from "../../src/critics/network-critic.ts";
import { linear, tanh, type Value } from "../../src/engine/index.ts";
import { make } from "../../src/environments/make.ts";
import type { InferredContinuous } from "../../src/inversion/assemble.ts";
import { inferDynamics } from "../../src/inversion/infer.ts";
import { createRandom } from "../../src/numbers/random.ts";
import { loadWorldModel } from "../../src/world-model/load.ts";

const folder = mkdtempSync(join(tmpdir(), "vinverse-reward-"));
afterAll(() => rmSync(folder, { recursive: true }));

const ID = "Pendulum-v1";
const { physics } = make(ID);

/** Random smooth values of what a pendulum shows: whatever they say, a folder must say the same. */
function smooth(seed: number): NetworkCritic {
  const random = createRandom(seed);
  const normals = (n: number) => Float64Array.from({ length: n }, () => random.normal());
  const [first, second, byAction] = [normals(8 * 3), normals(4 * 8), normals(4)];
  const value = (x: Value) => linear(tanh(linear(x, x.graph.constant(first, [8, 3]))), x.graph.constant(second, [4, 8]));
  const definition: NetworkDefinition = {
    name: "smooth",
    algorithm: "planted",
    environment: ID,
    heads: [0, 1, 2, 3].map((i) => ({ name: `${i}`, critic: "smooth", discount: 0.5 + i / 10, rewardScale: 0.1, rewardOffset: 0 })),
    observationSpace: physics!.observationSpace,
    actionSpace: physics!.actionSpace,
    stateValues: ([x]) => value(x),
    actionValues: ([x], action) => linear(action, x.graph.constant(byAction, [4, 1]), undefined) as Value,
  };
  return networkCritic(definition);
}

describe.each(["pointwise", "amortised"] as const)("a %s model of an environment's reward", (method) => {
  test("has that reward again when it is loaded: equations, answers and residuals are the same", async () => {
    const at = join(folder, method);
    const random = createRandom(5);
    const n = 40;
    const states = Float64Array.from({ length: 2 * n }, () => 2 * random.normal());
    const actions = Float64Array.from({ length: n }, () => 4 * random.uniform() - 2);
    const { model } = (await inferDynamics(smooth(1), {
      environment: ID,
      method,
      samples: { n, states, actions },
      ...(method === "amortised" ? { features: "linear" as const } : {}),
    })) as InferredContinuous;
    await model.save(at);
    const loaded = await loadWorldModel(at);
    if (loaded.kind !== "continuous") throw new Error("a pendulum's model is continuous");
    expect(await loaded.predict(states, actions)).toEqual(await model.predict(states, actions));

    // the reward that both must use is not nothing: without it the equations are others
    const paid = new Float64Array(n);
    physics!.rewards(states, actions, n, paid);
    expect(Math.max(...paid.map(Math.abs))).toBeGreaterThan(1);
    const { definition } = loaded as typeof loaded & Pick<typeof model, "definition">;
    const found = await definition.system.targets(states, actions);
    const silent = await bellmanSystem(smooth(1), physics!.coordinates, (_s, _a, rows, out) => void out.fill(0, 0, rows));
    const without = await silent.targets(states, actions);
    found.forEach((y, i) => {
      const { discount, rewardScale } = definition.system.heads[i % 4];
      expect(y).toBeCloseTo(without[i] - (rewardScale * paid[Math.floor(i / 4)]) / discount, 4);
    });
    await Promise.all([model.release(), loaded.release(), silent.release()]);
  });
});
