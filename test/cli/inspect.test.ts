import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { describeSpace } from "../../src/cli/parts/describe-critic.ts";
import { box, discrete } from "../../src/spaces/space.ts";
import { run } from "./harness.ts";

const critics = fileURLToPath(new URL("../formats/fixtures/zoo", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "vinverse-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("spaces in words", () => {
  expect(describeSpace(box([-2], [2]))).toBe("Box [1], −2 to 2");
  expect(describeSpace(box([-1, -3.4028234663852886e38], [1, 3.4028234663852886e38]))).toBe("Box [2], −1 to 1, −∞ to ∞");
  expect(describeSpace({ kind: "dict", spaces: { b: discrete(3), a: discrete(2, 1) } })).toBe("a: Discrete 2 from 1; b: Discrete 3");
});

describe("agents in folders of RL Zoo", () => {
  test("a twin critic: algorithm, discount, sizes of its networks", async () => {
    const ran = await run("inspect", join(critics, "sac/Pendulum-v1_1"), "--json");
    expect(ran).toMatchObject({ code: 0, err: "" });
    expect(JSON.parse(ran.out)).toMatchObject({
      algorithm: "SAC",
      environment: "Pendulum-v1",
      heads: 2,
      headGroups: [{ name: "Q", count: 2, discount: 0.99 }],
      discounts: [0.99],
      networks: { "critic.qf0": [4, 8, 8, 1], "actor.latent_pi": [3, 8, 8], "actor.mu": [8, 1] },
      normalization: { observations: false, rewardScale: 1 },
    });
  });

  test("a goal-conditioned critic with running statistics", async () => {
    const found = JSON.parse((await run("inspect", join(critics, "her/PandaReach-v1_1"), "--json")).out);
    expect(found.normalization.observations).toBe(true);
    expect(found.warnings[0]).toContain("goal-conditioned");
  });

  test("in words, every fact on a line of its own", async () => {
    const { out } = await run("inspect", join(critics, "qrdqn/CartPole-v1_1"));
    expect(out).toContain("algorithm      QR-DQN\n");
    expect(out).toContain("heads          10 × Q quantile\n");
    expect(out).toContain("actions        Discrete 2\n");
    expect(out).not.toContain("e+38");
  });

  test("a zip cut short is told with file and fix, exit 1, and nothing is written", async () => {
    const whole = readFileSync(join(critics, "dqn/CartPole-v1_1/CartPole-v1.zip"));
    const file = join(folder, "cut.zip");
    for (const share of [0.2, 0.9, 0.999]) {
      writeFileSync(file, whole.subarray(0, Math.floor(share * whole.length)));
      const ran = await run("inspect", file, "--json");
      expect(ran.code).toBe(1);
      const { error } = JSON.parse(ran.out);
      expect(error).toMatchObject({ name: "FormatError" });
      expect(error.message).toContain("cut.zip");
      expect(ran.err.trim().split("\n").length).toBe(1);
    }
    expect(readdirSync(folder)).toEqual(["cut.zip"]);
  });
});

test("statistics that nobody claims are asked for; --normalization takes them, or says that there were none", async () => {
  const at = join(folder, "unclaimed");
  mkdirSync(at);
  const fixtures = fileURLToPath(new URL("../formats/fixtures/old-her", import.meta.url));
  const [agent, statistics] = [join(at, "agent.zip"), join(at, "my_vecnormalize_copy.pkl")];
  copyFileSync(join(fixtures, "old-her.zip"), agent);
  copyFileSync(join(fixtures, "old-her/vecnormalize.pkl"), statistics);
  expect(await run("inspect", agent)).toMatchObject({
    code: 1,
    err: `vinverse: ${statistics}: the statistics lie beside agent.zip, and their name does not say whose they are; give --normalization FILE, or --normalization none.\n`,
  });
  const observations = async (normalization: string) =>
    JSON.parse((await run("inspect", agent, "--normalization", normalization, "--json")).out).normalization.observations;
  expect([await observations(statistics), await observations("none")]).toEqual([true, false]);
  const converted = await run("convert", agent, "--normalization", statistics, "--to", "folder", "--out", join(at, "critic"));
  expect(converted).toMatchObject({ code: 0 });
});

test("what is not there, and what is no critic, is told in a sentence", async () => {
  expect(await run("inspect", join(folder, "none.zip"))).toMatchObject({ code: 1, out: "" });
  const ran = await run("inspect", fileURLToPath(new URL("../../package.json", import.meta.url)));
  expect(ran).toMatchObject({ code: 1, out: "" });
  expect(ran.err).toContain("not a critic");
});
