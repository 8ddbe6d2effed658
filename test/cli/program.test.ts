import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { describeFailure, UsageError } from "../../src/cli/parts/errors.ts";
import { commandReference } from "../../src/cli/parts/reference.ts";
import { createProgram } from "../../src/cli/program.ts";
import { run } from "./harness.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const node = ["--conditions=vinverse-source", "--import", "tsx"];
const silent = { out: () => {}, err: () => {}, interactive: false };
const { commands } = await createProgram(silent);

describe("wrong usage", () => {
  test("nothing asked for: the help on stderr, exit 2", async () => {
    const ran = await run();
    expect(ran.code).toBe(2);
    expect(ran.out).toBe("");
    expect(ran.err).toContain("Usage: vinverse");
  });

  test.each([
    [["no-such-command"], "unknown command 'no-such-command'; see vinverse --help"],
    [["reproduce"], "missing required argument 'name'; see vinverse reproduce --help"],
    [["reproduce", "x", "--sed", "1"], "Did you mean --seed?"],
    [["reproduce", "x", "--seed", "-1"], "whole number from 0 on"],
    [["reproduce", "x", "--seed", "1.5"], "whole number from 0 on"],
    [["reproduce", "x", "--seed", "99999999999999999999"], "whole number from 0 on"],
    [["reproduce", "toString"], "there is no result 'toString'"],
    [["reproduce", "wvf", "more"], "too many arguments"],
  ])("%j is told in one sentence, exit 2", async (words, says) => {
    const ran = await run(...words);
    expect(ran.code).toBe(2);
    expect(ran.out).toBe("");
    expect(ran.err).toContain(says);
    expect(ran.err.trim().split("\n").length).toBe(1);
  });

  test("with --json the error is the one object on stdout", async () => {
    for (const words of [
      ["reproduce", "none", "--json"],
      ["no-such-command", "--json"],
      ["reproduce", "--json", "--seed", "x", "wvf"],
    ]) {
      const ran = await run(...words);
      expect(ran.code).toBe(2);
      const { error } = JSON.parse(ran.out);
      expect(error).toMatchObject({ name: "UsageError", exitCode: 2 });
      expect(ran.err).toContain(error.message);
    }
  });
});

describe("help", () => {
  test("--help and --version answer on stdout with exit 0", async () => {
    expect(await run("--help")).toMatchObject({ code: 0, err: "" });
    const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    expect(await run("--version")).toEqual({ code: 0, err: "", out: `${version}\n` });
  });

  test.each(commands.map((command) => command.name()))("%s has examples and the common options", async (name) => {
    const ran = await run(name, "--help");
    expect(ran).toMatchObject({ code: 0, err: "" });
    for (const part of ["Examples:", `vinverse ${name}`, "--json", "--seed", "--quiet"]) expect(ran.out).toContain(part);
    expect(await run("help", name)).toEqual(ran);
  });

  test("docs/reference/cli.md is what the program says (npm run docs)", async () => {
    expect(readFileSync(join(root, "docs/reference/cli.md"), "utf8")).toBe(await commandReference());
  });
});

describe("failures", () => {
  test("one sentence, its exit code, and whether it was foreseen", () => {
    expect(describeFailure(new UsageError("wrong."))).toMatchObject({ message: "wrong", exitCode: 2, expected: true });
    expect(describeFailure(new TypeError("x is\n undefined"))).toMatchObject({ message: "x is undefined", exitCode: 1, expected: false });
    const missing = Object.assign(new Error("ENOENT: no such file"), { code: "ENOENT", path: "a.zip" });
    expect(describeFailure(missing)).toMatchObject({ message: "a.zip does not exist", exitCode: 1, expected: true });
    class FormatError extends Error {
      override readonly name = "FormatError";
      readonly file = "a.zip";
      readonly fix = "download it again";
    }
    expect(describeFailure(new FormatError("a.zip: short"))).toMatchObject({
      file: "a.zip",
      fix: "download it again",
      exitCode: 1,
      expected: true,
    });
    expect(describeFailure("text")).toMatchObject({ message: "text", exitCode: 1 });
  });
});

describe("as a process", () => {
  test("a reader that leaves early is no error", () => {
    const script = `${process.execPath} ${node.join(" ")} src/cli/main.ts --help | true; exit \${PIPESTATUS[0]}`;
    const ran = spawnSync("bash", ["-c", script], { cwd: root, encoding: "utf8" });
    expect(ran.stderr).toBe("");
    expect(ran.status).toBe(0);
  });

  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("%s ends with %i and leaves nothing half-written", async (signal, expected) => {
    const folder = mkdtempSync(join(tmpdir(), "vinverse-"));
    try {
      const target = join(folder, "out");
      const child = spawn(process.execPath, [...node, "test/cli/fixtures/slow-writer.ts", target], {
        cwd: root,
        stdio: ["ignore", "pipe", "inherit"],
      });
      await new Promise<void>((resolve) => child.stdout.once("data", () => resolve()));
      expect(existsSync(target)).toBe(false);
      expect(readdirSync(folder).length).toBe(1);
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill(signal);
      expect(await ended).toBe(expected);
      expect(readdirSync(folder)).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
