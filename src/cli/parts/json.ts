/** One line of JSON. Typed arrays become arrays; what JSON cannot say (NaN, ±Infinity) becomes null. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, plain);
}

/** The same for a file that people read too. */
export function toPrettyJson(value: unknown): string {
  return `${JSON.stringify(value, plain, 2)}\n`;
}

function plain(_key: string, value: unknown): unknown {
  // every view but a DataView has a length and numbers, which the type of views does not say
  if (ArrayBuffer.isView(value) && !(value instanceof DataView))
    return Array.from(value as unknown as ArrayLike<number | bigint>, toNumber);
  if (typeof value === "bigint") return toNumber(value);
  return value;
}

function toNumber(value: number | bigint): number {
  return Number(value);
}
