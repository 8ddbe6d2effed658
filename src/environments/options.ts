/** What an option of an environment may be. */
export interface OptionRule {
  /** In words, after "is": "a number from 0 to 1". */
  readonly is: string;
  holds(value: unknown): boolean;
}

const isReal = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value);
const areFinite = (value: unknown): value is ArrayLike<number> =>
  (Array.isArray(value) || ArrayBuffer.isView(value)) && Array.prototype.every.call(value, isReal);

export const finite: OptionRule = { is: "a finite number", holds: isReal };
export const flag: OptionRule = { is: "true or false", holds: (value) => typeof value === "boolean" };

/** @param unit "a length in metres" */
export function above0(unit: string): OptionRule {
  return { is: `${unit} above 0`, holds: (value) => isReal(value) && value > 0 };
}

export function fromTo(low: number, high: number, unit = ""): OptionRule {
  const words = high === Math.PI ? "π" : high;
  return { is: `${unit}from ${low} to ${words}`, holds: (value) => isReal(value) && value >= low && value <= high };
}

export function wholeFrom(low: number): OptionRule {
  return { is: `a whole number from ${low} on`, holds: (value) => Number.isInteger(value) && (value as number) >= low };
}

export function oneOf(...names: readonly string[]): OptionRule {
  return { is: names.map((name) => `"${name}"`).join(" or "), holds: (value) => typeof value === "string" && names.includes(value) };
}

/** @param is "a place [x, y, z] in metres" */
export function tuple(count: number, is: string): OptionRule {
  return { is, holds: (value) => areFinite(value) && value.length === count };
}

/** Lines of text. @param also says what else may be given */
export function textRows(also: string): OptionRule {
  const isRow = (row: unknown) => typeof row === "string";
  return { is: `rows of text${also}`, holds: (value) => isRow(value) || (Array.isArray(value) && value.length > 0 && value.every(isRow)) };
}

/** @param is "a list of cells" */
export function list(is: string, holds: (entry: unknown) => boolean): OptionRule {
  return { is, holds: (value) => Array.isArray(value) && value.every(holds) };
}

/** @param fields each may be there or not; others may not */
export function record(is: string, fields: Readonly<Record<string, (value: unknown) => boolean>>): OptionRule {
  return {
    is,
    holds: (value) =>
      typeof value === "object" &&
      value !== null &&
      !Array.isArray(value) &&
      Object.keys(value).length > 0 &&
      Object.entries(value).every(([key, part]) => Object.hasOwn(fields, key) && fields[key](part)),
  };
}

/** A value in an error message. */
export function shown(value: unknown): string {
  if (typeof value === "string") return `'${value}'`;
  return Array.isArray(value) || (typeof value === "object" && value !== null) ? (JSON.stringify(value) ?? String(value)) : String(value);
}
