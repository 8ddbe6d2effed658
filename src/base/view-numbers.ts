/** The numbers of a typed array of any kind; bigints where it holds those. A DataView has none. */
export function viewNumbers(view: ArrayBufferView): ArrayLike<number> {
  // every view but a DataView has a length and numbers, which the type of views does not say
  return view as unknown as ArrayLike<number>;
}
