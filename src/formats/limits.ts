/** Bounds that every reader checks before it allocates. A file beyond one of them is refused by name. */
export const limits = {
  /** Bytes of a file as it lies on disk. */
  file: 2 ** 29,
  /** Bytes of one inflated member of an archive. */
  member: 2 ** 29,
  /** Bytes of all inflated members that a reader asks for. */
  archive: 2 ** 29,
  /** Members of an archive. */
  members: 65_536,
  /** Inflated over deflated bytes; DEFLATE itself cannot exceed 1032. Small members are exempt. */
  ratio: 200,
  /** Bytes below which the ratio is not looked at. */
  ratioFree: 2 ** 20,
  /** Opcodes of a pickle. */
  opcodes: 4_000_000,
  /** Numbers in all tensors of a file together. */
  numbers: 2 ** 26,
  /** Axes of an array. */
  rank: 16,
} as const;
