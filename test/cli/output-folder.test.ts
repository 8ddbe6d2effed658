import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { UsageError } from "../../src/cli/parts/errors.ts";
import { checkOutputFolder, writeOutputFolder } from "../../src/cli/parts/output-folder.ts";

let parent: string;
let target: string;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), "vinverse-"));
  target = join(parent, "deep", "out");
});
afterEach(() => rmSync(parent, { recursive: true, force: true }));

function write(mark: string) {
  return async (folder: string) => {
    writeFileSync(join(folder, "summary.json"), JSON.stringify({ vinverse: "0", mark }));
    writeFileSync(join(folder, "model.json"), mark);
  };
}

const read = (file: string) => readFileSync(join(target, file), "utf8");
const siblings = () => readdirSync(join(parent, "deep"));

test("a new folder, its parents too, an empty one, and ours again", async () => {
  await writeOutputFolder(target, false, write("first"));
  expect(read("model.json")).toBe("first");
  await writeOutputFolder(target, false, write("second"));
  expect(read("model.json")).toBe("second");
  rmSync(target, { recursive: true });
  mkdirSync(target);
  await writeOutputFolder(target, false, write("third"));
  expect(read("model.json")).toBe("third");
  expect(siblings()).toEqual(["out"]);
});

test("a failure half-way leaves what was there, and nothing beside it", async () => {
  await writeOutputFolder(target, false, write("first"));
  const failing = writeOutputFolder(target, false, async (folder) => {
    writeFileSync(join(folder, "model.json"), "half");
    throw new Error("disk");
  });
  await expect(failing).rejects.toThrow("disk");
  expect(read("model.json")).toBe("first");
  expect(siblings()).toEqual(["out"]);
});

test("files of others are refused without --force, and kept with it", async () => {
  mkdirSync(target, { recursive: true });
  writeFileSync(join(target, "thesis.tex"), "years of work");
  writeFileSync(join(target, "model.json"), "theirs");
  expect(() => checkOutputFolder(target, false, "model")).toThrow(UsageError);
  await expect(writeOutputFolder(target, false, write("ours"))).rejects.toThrow("--force");
  expect(read("model.json")).toBe("theirs");
  await writeOutputFolder(target, true, write("ours"));
  expect(read("model.json")).toBe("ours");
  expect(read("thesis.tex")).toBe("years of work");
  expect(siblings()).toEqual(["out"]);
});

test("a folder of ours with a user's file in it is not replaced whole", async () => {
  await writeOutputFolder(target, false, write("first"));
  writeFileSync(join(target, "notes.txt"), "mine");
  await expect(writeOutputFolder(target, false, write("second"))).rejects.toThrow("did not write");
  expect(read("notes.txt")).toBe("mine");
});

test("a file in the way is refused even with --force", () => {
  mkdirSync(join(parent, "deep"));
  writeFileSync(target, "a file");
  expect(() => checkOutputFolder(target, true, "model")).toThrow("is a file");
});

const page = (mark: string) => async (folder: string) =>
  writeFileSync(join(folder, "report.html"), `<meta name="generator" content="vinverse 0">${mark}`);

test("a report does not replace a model; with --force it goes beside it", async () => {
  await writeOutputFolder(target, false, write("first"));
  expect(() => checkOutputFolder(target, false, "report")).toThrow("inferred model");
  await expect(writeOutputFolder(target, false, page("curves"))).rejects.toThrow("inferred model");
  expect(readdirSync(target)).not.toContain("report.html");
  await writeOutputFolder(target, true, page("curves"));
  expect(read("model.json")).toBe("first");
  expect(read("report.html")).toContain("curves");
  expect(siblings()).toEqual(["out"]);
});

test("a page of ours is replaced, a page of others is not", async () => {
  await writeOutputFolder(target, false, page("first"));
  await writeOutputFolder(target, false, page("second"));
  expect(read("report.html")).toContain("second");
  writeFileSync(join(target, "report.html"), "<p>theirs");
  await expect(writeOutputFolder(target, false, page("third"))).rejects.toThrow("did not write");
  expect(read("report.html")).toBe("<p>theirs");
});
