/**
 * The first key that stands twice in one object of a JSON text, down to `depth` levels; JSON.parse keeps the last without a word.
 * The text has been parsed before: only keys are looked at here, in one pass.
 */
export function duplicateKey(json: string, depth = Number.POSITIVE_INFINITY): string | undefined {
  const open: (Set<string> | undefined)[] = [];
  for (let at = 0; at < json.length; at++) {
    const c = json[at];
    if (c === "{") open.push(open.length < depth ? new Set() : undefined);
    else if (c === "[") open.push(undefined);
    else if (c === "}" || c === "]") open.pop();
    else if (c === '"') {
      const start = at++;
      while (at < json.length && json[at] !== '"') at += json[at] === "\\" ? 2 : 1;
      const keys = open[open.length - 1];
      if (!keys || !isKey(json, at + 1)) continue;
      const key = JSON.parse(json.slice(start, at + 1)) as string;
      if (keys.has(key)) return key;
      keys.add(key);
    }
  }
  return undefined;
}

function isKey(json: string, at: number): boolean {
  let next = at;
  while (/\s/.test(json[next] ?? "")) next++;
  return json[next] === ":";
}
