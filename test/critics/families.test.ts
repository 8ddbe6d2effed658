import { expect, test } from "vitest";
import { familyOf, savedPolicy, valuesProblem } from "../../src/critics/families.ts";
import { restoreCritic } from "../../src/critics/saved.ts";
import { box, discrete } from "../../src/spaces/space.ts";

const linear = (inputs: number, outputs: number) =>
  [{ kind: "linear", inputs, outputs, weight: Float32Array.from({ length: inputs * outputs }, (_, i) => (i % 5) - 2) }] as const;
const deepQ = { kind: "deep-q", online: linear(2, 3), target: linear(2, 3) } as const;
const general = {
  kind: "general-value-functions",
  discounts: [0.5],
  policy: { kind: "uniform" },
  continuation: linear(2, 6),
  centre: new Float32Array(2),
  scale: Float32Array.of(1, 1),
  weights: Float32Array.of(1, 0, 0, 1),
  phases: new Float32Array(2),
} as const;
const both = { kind: "with-cumulants", control: deepQ, general } as const;
const head = (name: string) => ({ name, critic: "test", discount: 0.5, rewardScale: 1, rewardOffset: 0 });
const identity = { name: "test", algorithm: "test", observationSpace: box([-1, -1], [1, 1]), actionSpace: discrete(3) };

test("values inside values are read by their own family", async () => {
  const alone = restoreCritic({ ...identity, heads: [head("Q")], values: deepQ });
  const signals = restoreCritic({ ...identity, heads: ["a", "b"].map(head), values: general });
  const joined = restoreCritic({ ...identity, heads: ["Q", "a", "b"].map(head), values: both });
  const observations = [0.5, -0.25];
  expect([...(await joined.actionValues(observations, [2]))]).toEqual([
    ...(await alone.actionValues(observations, [2])),
    ...(await signals.actionValues(observations, [2])),
  ]);
  expect([...(await joined.stateValues(observations))]).toEqual([
    ...(await alone.stateValues(observations)),
    ...(await signals.stateValues(observations)),
  ]);
});

test("the policy to value is the family's own, and that of values inside values", () => {
  expect(savedPolicy(both)).toEqual({ kind: "softmax", logits: deepQ.online });
  const actor = linear(2, 1);
  const critics = [linear(3, 1)];
  expect(savedPolicy({ kind: "deterministic-actor-critic", critics, targetCritics: critics, actor, targetActor: actor })).toEqual({
    kind: "actor",
    actor,
  });
  expect(savedPolicy(general)).toBeUndefined();
});

test("what a family cannot read is named by its path", () => {
  expect(valuesProblem(both)).toBeUndefined();
  expect(valuesProblem({ ...both, control: { ...deepQ, target: undefined } } as never)).toEqual({
    field: "values.control.target",
    problem: "is missing",
  });
  expect(valuesProblem({ ...both, general: { ...general, increments: [1] } } as never)).toEqual({
    field: "values.general.increments",
    problem: "is not a tensor of numbers",
  });
  expect(() => familyOf({ kind: "toString" })).toThrow(/^'toString' is not a family of critics; there are coordinate-values, deep-q, /);
});
