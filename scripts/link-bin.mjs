// npm links the bins of dependencies, not the project's own. With this link `npx vinverse` finds it at once, without npm's cache or the network.
import { chmodSync, mkdirSync, rmSync, symlinkSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = new URL("../", import.meta.url);
chmodSync(new URL("dist/cli/main.js", root), 0o755);
if (process.platform !== "win32") {
  const link = fileURLToPath(new URL("node_modules/.bin/vinverse", root));
  mkdirSync(new URL("node_modules/.bin/", root), { recursive: true });
  rmSync(link, { force: true });
  symlinkSync("../../dist/cli/main.js", link);
}
