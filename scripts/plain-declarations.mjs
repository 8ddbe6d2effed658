// TypeScript 5.7 gave typed arrays a type parameter, which older compilers refuse. The declarations go without it: any buffer.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const dist = fileURLToPath(new URL("../dist/", import.meta.url));
const generic = /\b((?:Float(?:32|64)|(?:Big)?U?[Ii]nt(?:8|16|32|64)|Uint8Clamped)Array)<ArrayBuffer(?:Like)?>/g;
for (const name of readdirSync(dist, { recursive: true })) {
  if (!name.endsWith(".d.ts")) continue;
  const text = readFileSync(dist + name, "utf8");
  const plain = text.replace(generic, "$1");
  if (plain !== text) writeFileSync(dist + name, plain);
}
