import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { VinverseError } from "../base/error.ts";

/** The two modules of three.js, its licence kept, without comments and indentation. */
export interface ThreeSource {
  readonly core: string;
  /** Imports "./three.core.js". */
  readonly main: string;
}

/**
 * three.js as installed, to be put into a page.
 * @throws VinverseError where it is not installed: it is an optional dependency
 */
export function threeSource(): ThreeSource {
  const folder = dirname(pathOfThree());
  const read = (name: string) => shorten(readFileSync(join(folder, name), "utf8"));
  return { core: read("three.core.js"), main: read("three.module.js") };
}

function pathOfThree(): string {
  try {
    return createRequire(import.meta.url).resolve("three");
  } catch (cause) {
    const fix = "npm install three";
    throw new VinverseError("MISMATCH", `a page that shows the arm needs three.js, which is not installed: ${fix}`, { fix, cause });
  }
}

/** Only whole lines go: what they hold inside a shader's text is a comment or an indentation there too. */
function shorten(source: string): string {
  return source
    .replace(/^[ \t]*\/\*\*(?!\s*\*\s*@license)[\s\S]*?\*\/[ \t]*\n/gm, "")
    .replace(/^[ \t]*\/\/.*\n/gm, "")
    .replace(/^[ \t]+/gm, "")
    .replace(/\n{2,}/g, "\n");
}
