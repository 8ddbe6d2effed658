import type { Attributes, Value } from "../graph.ts";
import { defineOperator } from "../graph.ts";
import { attribute, axisOf, integers, knownIntegers, ops, required } from "./build.ts";
import { gatherTangent, scatterInto } from "./indexing.ts";
import { front, given, sizeOf } from "./kernels.ts";

// y = x[σ(1..k)], σ the order of x: dy = dx[σ]
defineOperator({
  name: "TopK",
  infer(inputs, attributes) {
    const x = required("TopK", inputs, 0);
    const axis = axisOf({ operator: "TopK", inputs, attributes }, -1);
    const [k] = knownIntegers("TopK", "k", required("TopK", inputs, 1));
    const length = x.shape[axis];
    if (!(k >= 1) || (typeof length === "number" && k > length)) throw new Error(`TopK: k = ${k} of axis ${axis} of length ${length}`);
    const shape = x.shape.map((dim, i) => (i === axis ? k : dim));
    return [
      { dtype: x.dtype, shape },
      { dtype: "int64", shape },
    ];
  },
  evaluate(inputs, attributes) {
    const x = given(inputs, 0);
    const k = given(inputs, 1).data[0];
    const axis = front(attribute(attributes, "axis", -1), x.shape.length);
    const direction = attribute(attributes, "largest", 1) === 1 ? 1 : -1;
    const shape = x.shape.map((dim, i) => (i === axis ? k : dim));
    const [values, places] = [new Float64Array(sizeOf(shape)), new Float64Array(sizeOf(shape))];
    const stride = sizeOf(x.shape.slice(axis + 1));
    const length = x.shape[axis];
    for (let outer = 0; outer * length * stride < x.data.length; outer++)
      for (let inner = 0; inner < stride; inner++) {
        const at = (i: number) => x.data[(outer * length + i) * stride + inner];
        const order = Array.from({ length }, (_, i) => i).sort((a, b) => direction * (at(b) - at(a)) || a - b);
        for (let i = 0; i < k; i++) {
          values[(outer * k + i) * stride + inner] = at(order[i]);
          places[(outer * k + i) * stride + inner] = order[i];
        }
      }
    return [
      { shape, data: values },
      { shape, data: places },
    ];
  },
  jvp(node, [t]) {
    return [t && gatherTangent(t, node.inputs[0] as Value, node.outputs[1], axisOf(node, -1)), null];
  },
  vjp(node, [cotangent]) {
    return [cotangent && scatterInto(node.inputs[0] as Value, node.outputs[1], cotangent, axisOf(node, -1)), null];
  },
});

/** The k greatest (or least) along an axis, in order, and their places: [values, indices]. */
export function topK(x: Value, k: number, axis = -1, { largest = true }: { largest?: boolean } = {}): [Value, Value] {
  const attributes: Attributes = { axis, largest: Number(largest), sorted: 1 };
  const [values, indices] = ops("TopK", [x, integers(x.graph, [k])], attributes);
  return [values, indices];
}

/** x in order along an axis of known length, and the places the numbers came from: [values, indices]. */
export function sort(x: Value, axis = -1, { descending = false }: { descending?: boolean } = {}): [Value, Value] {
  const length = x.shape[axisOf({ operator: "sort", inputs: [x], attributes: { axis } }, -1)];
  if (typeof length !== "number") throw new Error(`sort: the length '${length}' of axis ${axis} must be a number`);
  return topK(x, length, axis, { largest: descending });
}
