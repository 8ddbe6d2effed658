import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { pages } from "../../docs/environments/generate.ts";

const sections = ["Action space", "Observation space", "Rewards", "Starting state", "Episode end", "Arguments"];

test.each([...pages()])("docs/environments/%s is what the sources say", (name, content) => {
  const file = `docs/environments/${name}`;
  expect(existsSync(file) && readFileSync(file, "utf8"), "run docs/environments/generate.ts").toBe(content);
  if (name.endsWith(".md") && name !== "README.md") expect(content.match(/^## .+$/gm)).toEqual(sections.map((section) => `## ${section}`));
  if (name.endsWith(".svg")) expect(content).not.toMatch(/NaN|undefined|Infinity/);
});
