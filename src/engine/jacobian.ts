import { showShape } from "./dims.ts";
import type { Value } from "./graph.ts";
import { jvp } from "./jvp.ts";
import { expandTo } from "./operators/build.ts";
import { transpose, unsqueeze } from "./operators/shape.ts";
import { concat } from "./operators/slicing.ts";
import { vjp } from "./vjp.ts";

/**
 * ∂output/∂wrt row by row, for outputs whose row n depends on row n of `wrt` only (a batch). Appends to the graph.
 * Costs about min(d, 2k) evaluations: forward mode pushes d directions at once, reverse mode pulls k columns one by one.
 * @param output [N, k] (or any shape that begins with N)
 * @param wrt [N, d], d a number
 * @returns [d, N, k]: entry (i, n, j) is ∂output[n, j]/∂wrt[n, i]
 */
export function jacobian(output: Value, wrt: Value): Value {
  const d = wrt.shape[1];
  if (wrt.shape.length !== 2 || typeof d !== "number")
    throw new Error(`jacobian: wrt must be [N, d] with d a number, got ${showShape(wrt.shape)}`);
  if (output.shape.length === 0 || output.shape[0] !== wrt.shape[0])
    throw new Error(`jacobian: output ${showShape(output.shape)} and wrt ${showShape(wrt.shape)} must share their batch`);
  const k = output.shape[1];
  if (output.shape.length === 2 && typeof k === "number" && 2 * k < d) return pulled(output, wrt, k);
  const eye = Float64Array.from({ length: d * d }, (_, i) => Number(i % (d + 1) === 0));
  return jvp(output, wrt, output.graph.constant(eye, [d, 1, d]));
}

function pulled(output: Value, wrt: Value, k: number): Value {
  const columns = Array.from({ length: k }, (_, j) => {
    const unit = output.graph.constant(
      Array.from({ length: k }, (_, i) => Number(i === j)),
      [1, k],
    );
    return unsqueeze(vjp(output, expandTo(unit, output.shape, [output]), [wrt])[0], [0]);
  });
  return transpose(concat(columns, 0), [2, 1, 0]);
}
