import { join } from "node:path";
import { expect, test } from "vitest";
import { make } from "../../src/environments/index.ts";
import { loadCritic } from "../../src/formats/index.ts";
import { identifyTabular } from "../../src/identifiability/tabular.ts";
import { inferTabular } from "../../src/inversion/tabular/infer-tabular.ts";
import { onlySuccessors, tabularInference } from "../../src/report/index.ts";
import { worldValues } from "../world-values.ts";

const wvf = join(worldValues(), "WVF.npy");

test("the report of a world value function draws every move, unique", async () => {
  const critic = await loadCritic(wvf);
  if (critic.kind !== "tabular") throw new Error("a table was expected");
  const sections = await tabularInference({ critic, model: inferTabular(critic), identifiability: identifyTabular(critic) });
  expect(sections.map((section) => section.title)).toEqual(["Values", "Successors", "Answers", "What the heads can see"]);
  expect(sections[1].svg).toContain("416 moves of 104 states: 416 right, 0 wrong, 0 ambiguous");
});

test("only pairs with one successor that goes on have a truth to be held against", () => {
  const { tables } = make("FrozenLake-v1", { is_slippery: true });
  const slippery = onlySuccessors(tables!);
  const { tables: dry } = make("FrozenLake-v1", { is_slippery: false });
  const certain = onlySuccessors(dry!);
  // State 0 is a corner: to the left it stays, to the right it moves; slipping spreads both.
  expect(Array.from(certain.slice(0, 4))).toEqual([0, 4, 1, 0]);
  expect(slippery[0 * 4 + 2]).toBe(-1);
  // From 14 to the goal at 15 the episode ends.
  expect(certain[14 * 4 + 2]).toBe(-1);
});
