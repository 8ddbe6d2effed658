import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { files } from "../../src/formats/files/node.ts";
import { FormatError } from "../../src/formats/index.ts";
import { yamlEntry } from "../../src/formats/rl-zoo.ts";

const folder = mkdtempSync(join(tmpdir(), "vinverse-files-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe("files", () => {
  test("are written whole or not at all", async () => {
    const path = join(folder, "new", "model.json");
    await files.write(path, Uint8Array.of(1, 2));
    await files.write(path, Uint8Array.of(3));
    expect([...readFileSync(path)]).toEqual([3]);
    mkdirSync(join(folder, "new", "taken"));
    await expect(files.write(join(folder, "new", "taken"), Uint8Array.of(1))).rejects.toThrow();
    expect(readdirSync(join(folder, "new")).sort()).toEqual(["model.json", "taken"]);
  });

  test("that are missing are named", async () => {
    await expect(files.read(join(folder, "none"))).rejects.toBeInstanceOf(FormatError);
    expect(await files.kind(join(folder, "none"))).toBe("none");
    expect(await files.kind(folder)).toBe("folder");
  });
});

test("entries of the Zoo's YAML, in both its forms", () => {
  const pairs =
    "!!python/object/apply:collections.OrderedDict\n- - - algo\n    - sac\n  - - env\n    - Pendulum-v1\n  - - env_kwargs\n    - null\n";
  expect([yamlEntry(pairs, "algo"), yamlEntry(pairs, "env")]).toEqual(["sac", "Pendulum-v1"]);
  expect(yamlEntry("algo: sac\nenv: 'Pendulum-v1'\n", "env")).toBe("Pendulum-v1");
  expect(yamlEntry(pairs, "missing")).toBeUndefined();
});
