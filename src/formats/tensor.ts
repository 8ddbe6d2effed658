import { FormatError } from "./format-error.ts";
import { limits } from "./limits.ts";

/** A dense tensor, row-major. */
export interface CheckpointTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array | Float64Array;
  /** Its file stores whole numbers: a counter or a state of a generator, never a weight. */
  readonly integer?: boolean;
}

/** Named tensors, as PyTorch's state dicts and safetensors hold them. */
export type StateDict = ReadonlyMap<string, CheckpointTensor>;

/** Product of a shape that came out of a file, refused when it is not a shape or exceeds the bound. */
export function countNumbers(shape: readonly unknown[], file: string, field: string): number {
  if (shape.length > limits.rank)
    throw new FormatError(file, field, `has ${shape.length} axes, more than ${limits.rank}`, "check what was saved");
  let count = 1;
  for (const length of shape) {
    if (typeof length !== "number" || !Number.isSafeInteger(length) || length < 0)
      throw new FormatError(file, field, "has a shape that is none", "save the file again");
    count *= length;
    if (count > limits.numbers)
      throw new FormatError(file, field, `has more than ${limits.numbers} numbers`, "give the critic's networks alone");
  }
  return count;
}
