import { viewNumbers } from "../../base/view-numbers.ts";

/** One line of JSON. Typed arrays become arrays; what JSON cannot say (NaN, ±Infinity) becomes null. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, plain);
}

/** The same for a file that people read too. */
export function toPrettyJson(value: unknown): string {
  return `${JSON.stringify(value, plain, 2)}\n`;
}

function plain(_key: string, value: unknown): unknown {
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) return Array.from(viewNumbers(value), toNumber);
  if (typeof value === "bigint") return toNumber(value);
  return value;
}

function toNumber(value: number | bigint): number {
  return Number(value);
}
