import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Sources by their path from src, as in "numbers/random.ts". */
export function readSources(): Map<string, string> {
  const names = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
  return new Map(names.sort().map((name) => [name.replaceAll("\\", "/"), readFileSync(join(root, "src", name), "utf8")]));
}

/** What `#name` stands for while sources are run. */
function readConditions(): Map<string, string> {
  const { imports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    imports: Readonly<Record<string, Readonly<Record<string, string>>>>;
  };
  return new Map(Object.entries(imports).map(([name, conditions]) => [name, relative("src", conditions["vinverse-source"])]));
}

/** File → files that it imports: at run time, as types, dynamically, and by `new URL(…, import.meta.url)`, as threads are started. */
export function importGraph(sources: ReadonlyMap<string, string>): Map<string, Set<string>> {
  const conditions = readConditions();
  const graph = new Map<string, Set<string>>();
  for (const [file, text] of sources) {
    const found = new Set<string>();
    for (const [, name] of text.matchAll(/\b(?:from|import|import\(|new URL\()\s*"([^"]+)"/g)) {
      const target = name.startsWith(".") ? normalize(join(dirname(file), name)).replaceAll("\\", "/") : conditions.get(name);
      if (target !== undefined && sources.has(target)) found.add(target);
    }
    graph.set(file, found);
  }
  return graph;
}

/** Groups of files each of which imports every other, by some way (Tarjan 1972). */
export function circles(graph: ReadonlyMap<string, ReadonlySet<string>>): string[][] {
  const order = new Map<string, number>();
  const lowest = new Map<string, number>();
  const stack: string[] = [];
  const found: string[][] = [];
  const visit = (file: string): number => {
    order.set(file, order.size);
    let low = order.get(file)!;
    stack.push(file);
    for (const next of graph.get(file) ?? []) {
      if (!order.has(next)) low = Math.min(low, visit(next));
      else if (stack.includes(next)) low = Math.min(low, order.get(next)!);
    }
    lowest.set(file, low);
    if (low !== order.get(file)) return low;
    const group = stack.splice(stack.indexOf(file));
    if (group.length > 1 || graph.get(file)?.has(file)) found.push(group.sort());
    return low;
  };
  for (const file of graph.keys()) if (!order.has(file)) visit(file);
  return found.sort();
}

/** Exported name → files that declare it. A name that is exported again from elsewhere is no declaration. */
export function declarations(sources: ReadonlyMap<string, string>): Map<string, string[]> {
  const names = new Map<string, Set<string>>();
  const declared = /^export (?:declare |abstract |async )*(?:type|interface|class|function\*?|const|let) (\w+)/gm;
  for (const [file, text] of sources)
    for (const [, name] of text.matchAll(declared)) names.set(name, (names.get(name) ?? new Set()).add(file));
  return new Map([...names].map(([name, files]) => [name, [...files]]));
}
