import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { make } from "../src/environments/make.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const run = (file: string) =>
  execFileSync(process.execPath, ["--import", "tsx", "--conditions=vinverse-source", `examples/${file}`], { cwd: root, encoding: "utf8" });

test("cart-pole: a usable verdict, a small error, a path of seven states", () => {
  const printed = run("cart-pole.ts");
  expect(printed).toMatch(/^Usable/);
  expect(Number(/error over true change: ([\d.]+)/.exec(printed)?.[1])).toBeLessThan(0.1);
  expect(printed).toContain("Float64Array(28)");
});

test("four-rooms: moves found, and the shortest way to a goal nobody was trained for", () => {
  const printed = run("four-rooms.ts");
  expect(printed).toMatch(/'found', 'found', 'found', 'found'/);
  expect(Number(/to the last: (\d+)/.exec(printed)?.[1])).toBe(distance(0, 103));
});

test("own-environment: the checks of ours find nothing, and its task is planned", () => {
  const printed = run("own-environment.ts");
  expect(printed).toContain("problems: []");
  // the line is 1.2 away at most, and the sled gains 0.05 a step: 0.05 (1 + 2 + … + n) ≥ 1.2 for n = 7, though it holds at 0.3
  expect(Number(/finished after steps: (\d+)/.exec(printed)?.[1])).toBeLessThanOrEqual(9);
});

test("own-critic: two signals written in code tell the next state exactly", () => {
  const printed = run("own-critic.ts");
  expect(printed).toMatch(/^Usable/);
  expect(printed).toContain("next state: 0.4650, -0.1550");
  expect(Number(/largest error: (\S+)/.exec(printed)?.[1])).toBeLessThan(1e-4);
});

/** Fewest moves between two cells of the true world, breadth first. */
function distance(from: number, to: number): number {
  const { tables } = make("FourRooms104-v0");
  const { offsets, nextStates, actions } = tables!;
  const steps = new Map([[from, 0]]);
  for (const cell of steps.keys()) {
    for (let move = 0; move < 4; move++) {
      const next = nextStates[offsets[cell * actions + move]];
      if (!steps.has(next)) steps.set(next, steps.get(cell)! + 1);
    }
  }
  return steps.get(to)!;
}

test("every example is run: programs here, folders by the page that tells of them", () => {
  const here = readFileSync(fileURLToPath(import.meta.url), "utf8");
  const pages = readFileSync(`${root}/test/experience/own-environment.test.ts`, "utf8");
  for (const entry of readdirSync(`${root}/examples`)) expect(entry.endsWith(".ts") ? here : pages).toContain(entry);
});
