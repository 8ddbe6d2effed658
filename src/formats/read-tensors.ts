import { FormatError } from "./format-error.ts";
import { printable } from "./pickle.ts";
import { harmlessInPolicies, reasonOf } from "./roles.ts";
import type { CheckpointTensor, StateDict } from "./tensor.ts";

/** A state dict that knows which of its tensors were read, so that none is passed over in silence. */
export class ReadTensors extends Map<string, CheckpointTensor> {
  private readonly read = new Set<string>();

  constructor(tensors: StateDict) {
    super();
    for (const [name, tensor] of tensors) this.set(name, tensor);
  }

  override get(name: string): CheckpointTensor | undefined {
    this.read.add(name);
    return super.get(name);
  }

  /** @throws FormatError naming the first floating tensor that nothing read and that is not known to be harmless */
  expectAllRead(file: string): void {
    for (const [name, tensor] of this) {
      if (this.read.has(name) || tensor.integer || tensor.data.length === 0 || reasonOf(harmlessInPolicies, name) !== undefined) continue;
      throw new FormatError(
        file,
        `'${printable(name)}'`,
        "is a tensor of policy.pth that no layer uses, so the values would not be the agent's",
        "export the critic as ONNX",
      );
    }
  }
}
