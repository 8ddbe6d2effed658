import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { restoreCritic } from "../../../src/critics/saved.ts";
import { make } from "../../../src/environments/make.ts";
import { inferDynamics } from "../../../src/inversion/infer.ts";
import { runTraining } from "../../../src/learning/deep/run.ts";
import { scoreModel } from "../../../src/world-model/score.ts";

const folder = mkdtempSync(join(tmpdir(), "vinverse-auxiliary-"));
afterAll(() => rmSync(folder, { recursive: true }));

const settings = { hidden: [16], batch: 16, learningStarts: 60 };

test("a critic of a few thousand updates gives up its dynamics pair by pair", async () => {
  const id = "Pendulum-v1";
  const { critic, identifiability } = await runTraining({
    environment: id,
    algorithm: "sac",
    seed: 4,
    steps: 1500,
    settings,
    out: join(folder, "whole"),
    identifiable: { targetSteps: 300, residualSteps: 1200, hidden: [48], asked: 50 },
  });
  expect(identifiability).toMatchObject({ visible: 2, dimensions: 2, usable: true });
  const { model } = await inferDynamics(restoreCritic(critic), { environment: id, method: "pointwise", samples: 300, seed: 31 });
  const score = await scoreModel(model, make(id), { n: 300, seed: 32 });
  expect(score.kind === "continuous" && score.error).toBeLessThan(0.2);
});
