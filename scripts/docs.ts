import { mkdirSync, writeFileSync } from "node:fs";
import { commandReference } from "../src/cli/reference.ts";

const folder = new URL("../docs/reference/", import.meta.url);
mkdirSync(folder, { recursive: true });
writeFileSync(new URL("cli.md", folder), commandReference());
