import { readFileSync } from "node:fs";

/** As package.json says; src/cli and dist/cli lie equally deep. */
export const version = (JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8")) as { version: string }).version;
