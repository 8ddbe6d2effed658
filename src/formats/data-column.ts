/** A column as a file holds it: flat numbers, rows first. */
export interface DataColumn {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}
