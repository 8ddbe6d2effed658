import { viewNumbers } from "../view-numbers.ts";

/** Moves tables to where threads can see them, one array after another in the object itself, so that no more than one is held twice. */
export function share<T>(value: T): T {
  // views of every kind have what `shared` asks of these two
  if (ArrayBuffer.isView(value)) return shared(viewNumbers(value) as Float64Array) as T;
  if (typeof value !== "object" || value === null) return value;
  const fields = value as Record<string, unknown>;
  for (const [key, entry] of Object.entries(fields)) fields[key] = share(entry);
  return value;
}

function shared<T extends Float64Array | Int32Array>(array: T): T {
  const copy = new (array.constructor as new (buffer: SharedArrayBuffer) => T)(
    new SharedArrayBuffer(array.length * array.BYTES_PER_ELEMENT),
  );
  copy.set(array);
  return copy;
}
