/** The same tables where threads can see them. */
export function share<T>(value: T): T {
  if (ArrayBuffer.isView(value)) return shared(value as unknown as Float64Array) as T;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, share(entry)])) as T;
}

function shared<T extends Float64Array | Int32Array>(array: T): T {
  const copy = new (array.constructor as new (buffer: SharedArrayBuffer) => T)(
    new SharedArrayBuffer(array.length * array.BYTES_PER_ELEMENT),
  );
  copy.set(array);
  return copy;
}
