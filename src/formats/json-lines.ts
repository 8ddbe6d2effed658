import type { DataColumn } from "./data-column.ts";
import { FormatError } from "./format-error.ts";

const fix = 'write one step a line: {"observations": […], "actions": […], "rewards": 0, "terminated": false}';

/** Columns out of JSON lines: every line a record with the same fields, each a number, true or false, or a list of numbers. @throws FormatError */
export function readJsonLines(bytes: Uint8Array, path: string): ReadonlyMap<string, DataColumn> {
  const lines = new TextDecoder()
    .decode(bytes)
    .split("\n")
    .map((text, i) => ({ text, line: `line ${i + 1}` }))
    .filter(({ text }) => text.trim() !== "");
  const columns = new Map<string, { readonly width: number; readonly data: number[]; readonly list: boolean }>();
  lines.forEach(({ text, line }, i) => {
    let record: unknown;
    try {
      record = JSON.parse(text);
    } catch {
      throw new FormatError(path, line, "is not JSON", fix);
    }
    if (typeof record !== "object" || record === null || Array.isArray(record)) throw new FormatError(path, line, "is no record", fix);
    for (const [name, value] of Object.entries(record)) {
      const numbers = (Array.isArray(value) ? (value as unknown[]) : [value]).map((x) => (typeof x === "boolean" ? Number(x) : x));
      if (!numbers.every((x): x is number => typeof x === "number"))
        throw new FormatError(path, line, `'${name}' is neither a number nor a list of numbers`, fix);
      const column = columns.get(name) ?? { width: numbers.length, data: [], list: Array.isArray(value) };
      if (column.data.length !== i * column.width) throw new FormatError(path, line, `has '${name}', which an earlier line has not`, fix);
      if (numbers.length !== column.width)
        throw new FormatError(path, line, `'${name}' has ${numbers.length} numbers, not ${column.width} as before`, fix);
      column.data.push(...numbers);
      columns.set(name, column);
    }
    for (const [name, { width, data }] of columns)
      if (data.length !== (i + 1) * width) throw new FormatError(path, line, `lacks '${name}'`, fix);
  });
  return new Map(
    [...columns].map(([name, { width, data, list }]) => [name, { shape: list ? [lines.length, width] : [lines.length], data }]),
  );
}
