import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll } from "vitest";

/** A folder with WVF.npy, the world value function of four rooms that formats/fixtures/make-world-values.py solved; removed after the tests of the file. */
export function worldValues(): string {
  const folder = mkdtempSync(join(tmpdir(), "vinverse-world-values-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const packed = readFileSync(join(import.meta.dirname, "formats/fixtures/WVF.npy.gz"));
  writeFileSync(join(folder, "WVF.npy"), gunzipSync(packed));
  return folder;
}
