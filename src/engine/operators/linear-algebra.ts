import { broadcastShapes, showShape } from "../dims.ts";
import type { Node, Shape, Value } from "../graph.ts";
import { defineOperator } from "../graph.ts";
import { add } from "./arithmetic.ts";
import { align, attribute, expectDType, full, integers, op, required, unbroadcast } from "./build.ts";
import { scale } from "./elementwise.ts";
import { fill, given, offset, stretchedShape } from "./kernels.ts";
import { reshape, transpose } from "./shape.ts";

/** Matrices behind any other axes: the last two swapped. */
function swapped(x: Value): Value {
  const rank = x.shape.length;
  return transpose(x, [...Array(rank - 2).keys(), rank - 1, rank - 2]);
}

const insert = (x: Value, axis: number): Value => op("Unsqueeze", [x, integers(x.graph, [axis])]);
const drop = (x: Value, axes: readonly number[]): Value => (axes.length === 0 ? x : op("Squeeze", [x, integers(x.graph, axes)]));

defineOperator({
  name: "MatMul",
  infer(inputs) {
    const [a, b] = [required("MatMul", inputs, 0), required("MatMul", inputs, 1)];
    expectDType("MatMul", a, "float32");
    expectDType("MatMul", b, "float32");
    const refused = new Error(`MatMul: shapes ${showShape(a.shape)} and ${showShape(b.shape)} do not fit`);
    if (a.shape.length === 0 || b.shape.length === 0) throw refused;
    if (a.shape[a.shape.length - 1] !== b.shape[Math.max(0, b.shape.length - 2)]) throw refused;
    const batch = broadcastShapes("MatMul", a.shape.slice(0, -2), b.shape.slice(0, -2));
    const rows = a.shape.length > 1 ? [a.shape[a.shape.length - 2]] : [];
    const columns = b.shape.length > 1 ? [b.shape[b.shape.length - 1]] : [];
    return [{ dtype: "float32", shape: [...batch, ...rows, ...columns] }];
  },
  evaluate(inputs) {
    const [a, b] = [given(inputs, 0), given(inputs, 1)];
    const aShape = a.shape.length === 1 ? [1, ...a.shape] : a.shape;
    const bShape = b.shape.length === 1 ? [...b.shape, 1] : b.shape;
    const batch = stretchedShape([aShape.slice(0, -2), bShape.slice(0, -2)]);
    const [rows, inner, columns] = [aShape[aShape.length - 2], aShape[aShape.length - 1], bShape[bShape.length - 1]];
    const data = new Float64Array(batch.reduce((x, y) => x * y, 1) * rows * columns);
    fill(batch, (index, at) => {
      const aStart = offset(aShape.slice(0, -2), index) * rows * inner;
      const bStart = offset(bShape.slice(0, -2), index) * inner * columns;
      for (let i = 0; i < rows; i++)
        for (let k = 0; k < inner; k++) {
          const x = a.data[aStart + i * inner + k];
          const row = (at * rows + i) * columns;
          for (let j = 0; j < columns; j++) data[row + j] += x * b.data[bStart + k * columns + j];
        }
      return 0;
    });
    return [{ shape: [...batch, ...(a.shape.length > 1 ? [rows] : []), ...(b.shape.length > 1 ? [columns] : [])], data }];
  },
  // d(AB) = dA·B + A·dB, vectors as matrices of one row or column
  jvp(node, [ta, tb]) {
    const { a, b, rank, dropped } = matrices(node);
    const [left, right] = node.inputs as Value[];
    let sum: Value | null = null;
    if (ta) {
      const t = full(ta, left, [left.shape.length - 1]);
      sum = op("MatMul", [align(left.shape.length === 1 ? insert(t, -2) : t, a.shape.length, rank), b]);
    }
    if (tb) {
      const t = full(tb, right, [Math.max(0, right.shape.length - 2)]);
      const product = op("MatMul", [a, align(right.shape.length === 1 ? insert(t, -1) : t, b.shape.length, rank)]);
      sum = sum ? op("Add", [sum, product]) : product;
    }
    return [sum && drop(sum, dropped)];
  },
  // Ā = C̄·Bᵀ, B̄ = Aᵀ·C̄
  vjp(node, [cotangent], needed) {
    if (!cotangent) return [null, null];
    const { a, b, dropped } = matrices(node);
    const [left, right] = node.inputs as Value[];
    const c = dropped.length === 0 ? cotangent : op("Unsqueeze", [cotangent, integers(cotangent.graph, dropped)]);
    const leftward = () => {
      const sum = unbroadcast(op("MatMul", [c, swapped(b)]), a.shape);
      return left.shape.length === 1 ? drop(sum, [0]) : sum;
    };
    const rightward = () => {
      const sum =
        b.shape.length === 2
          ? op("Gemm", [reshape(a, [-1, a.shape[a.shape.length - 1]]), reshape(c, [-1, c.shape[c.shape.length - 1]])], { transA: 1 })
          : unbroadcast(op("MatMul", [swapped(a), c]), b.shape);
      return right.shape.length === 1 ? drop(sum, [-1]) : sum;
    };
    return [needed[0] ? leftward() : null, needed[1] ? rightward() : null];
  },
});

/** A product's operands as matrices, the rank of their product, and the axes of it that its vectors do not have (from the back). */
function matrices(node: Node): { a: Value; b: Value; rank: number; dropped: number[] } {
  const [a, b] = node.inputs as Value[];
  const dropped = [...(a.shape.length === 1 ? [-2] : []), ...(b.shape.length === 1 ? [-1] : [])];
  const [left, right] = [a.shape.length === 1 ? insert(a, 0) : a, b.shape.length === 1 ? insert(b, -1) : b];
  return { a: left, b: right, rank: Math.max(left.shape.length, right.shape.length), dropped };
}

interface Gemm {
  readonly a: Value;
  readonly b: Value;
  readonly c: Value | null;
  readonly alpha: number;
  readonly beta: number;
  readonly transA: number;
  readonly transB: number;
}

function gemmOf({ inputs, attributes }: Pick<Node, "inputs" | "attributes">): Gemm {
  return {
    a: required("Gemm", inputs, 0),
    b: required("Gemm", inputs, 1),
    c: inputs[2] ?? null,
    alpha: attribute(attributes, "alpha", 1),
    beta: attribute(attributes, "beta", 1),
    transA: attribute(attributes, "transA", 0),
    transB: attribute(attributes, "transB", 0),
  };
}

defineOperator({
  name: "Gemm",
  infer(inputs, attributes) {
    const { a, b, c, transA, transB } = gemmOf({ inputs, attributes });
    for (const x of [a, b, c]) if (x) expectDType("Gemm", x, "float32");
    if (a.shape.length !== 2 || b.shape.length !== 2)
      throw new Error(`Gemm: takes matrices, got shapes ${showShape(a.shape)} and ${showShape(b.shape)}`);
    const [rows, inner] = transA ? [a.shape[1], a.shape[0]] : a.shape;
    const [depth, columns] = transB ? [b.shape[1], b.shape[0]] : b.shape;
    if (inner !== depth) {
      const flags = `${transA ? " (transposed)" : ""} and ${showShape(b.shape)}${transB ? " (transposed)" : ""}`;
      throw new Error(`Gemm: shapes ${showShape(a.shape)}${flags} do not fit`);
    }
    const shape = [rows, columns];
    if (c && showShape(broadcastShapes("Gemm", shape, c.shape)) !== showShape(shape))
      throw new Error(`Gemm: a bias of shape ${showShape(c.shape)} does not broadcast to ${showShape(shape)}`);
    return [{ dtype: "float32", shape }];
  },
  evaluate(inputs, attributes) {
    const [a, b] = [given(inputs, 0), given(inputs, 1)];
    const c = inputs[2];
    const [transA, transB] = [attribute(attributes, "transA", 0), attribute(attributes, "transB", 0)];
    const [alpha, beta] = [attribute(attributes, "alpha", 1), attribute(attributes, "beta", 1)];
    const [rows, inner] = transA ? [a.shape[1], a.shape[0]] : a.shape;
    const columns = transB ? b.shape[0] : b.shape[1];
    return [
      fill([rows, columns], (index) => {
        const [i, j] = index;
        let sum = 0;
        for (let k = 0; k < inner; k++)
          sum += a.data[transA ? k * rows + i : i * inner + k] * b.data[transB ? j * inner + k : k * columns + j];
        return alpha * sum + (c ? beta * c.data[offset(c.shape, index)] : 0);
      }),
    ];
  },
  jvp(node, [ta, tb, tc]) {
    const { a, b, c, alpha, beta, transA, transB } = gemmOf(node);
    const parts: Value[] = [];
    const oriented = (t: Value, transposed: number) => (transposed ? transpose(t, [0, 2, 1]) : t);
    if (ta) {
      const t = full(ta, a, [transA ? 0 : 1]);
      parts.push(scale(op("MatMul", [oriented(t, transA), transB ? transpose(b, [1, 0]) : b]), alpha));
    }
    if (tb) {
      const t = full(tb, b, [transB ? 1 : 0]);
      parts.push(scale(op("MatMul", [transA ? transpose(a, [1, 0]) : a, oriented(t, transB)]), alpha));
    }
    if (tc && c) parts.push(scale(align(tc, c.shape.length, 2), beta));
    return [parts.length === 0 ? null : parts.reduce((x, y) => op("Add", [x, y]))];
  },
  vjp(node, [cotangent], needed) {
    if (!cotangent) return [null, null, null];
    const { a, b, c, alpha, beta, transA, transB } = gemmOf(node);
    const product = (x: Value, y: Value, tx: number, ty: number) => op("Gemm", [x, y], { alpha, transA: tx, transB: ty });
    const toA = () => (transA ? product(b, cotangent, transB, 1) : product(cotangent, b, 0, 1 - transB));
    const toB = () => (transB ? product(cotangent, a, 1, transA) : product(a, cotangent, 1 - transA, 0));
    return [needed[0] ? toA() : null, needed[1] ? toB() : null, c && needed[2] ? scale(toBias(cotangent, c.shape), beta) : null];
  },
});

/** Rows summed to the shape of a bias. A row of ones times a matrix runs several times faster than ONNX Runtime's sum over rows. */
function toBias(cotangent: Value, shape: Shape): Value {
  const [rows, columns] = cotangent.shape;
  if (typeof rows !== "number" || rows === 1 || shape.length !== 1 || shape[0] !== columns) return unbroadcast(cotangent, shape);
  const ones = cotangent.graph.constant(new Float32Array(rows).fill(1), [1, rows]);
  return reshape(op("Gemm", [ones, cotangent]), shape as number[]);
}

/** The matrix product, with NumPy's broadcasting of leading axes. */
export const matmul = (a: Value, b: Value): Value => op("MatMul", [a, b]);

/** alpha·A·B + beta·C of two matrices, each transposed if asked, and a bias that broadcasts. */
export function gemm(
  a: Value,
  b: Value,
  c: Value | null = null,
  { alpha = 1, beta = 1, transA = false, transB = false }: { alpha?: number; beta?: number; transA?: boolean; transB?: boolean } = {},
): Value {
  return op("Gemm", c ? [a, b, c] : [a, b], { alpha, beta, transA: Number(transA), transB: Number(transB) });
}

/** x·Wᵀ + b with PyTorch's layout of the weight, [out, in], and a bias [out]. */
export function linear(x: Value, weight: Value, bias: Value | null = null): Value {
  if (weight.shape.length !== 2) throw new Error(`linear: its weight must be [out, in], got ${showShape(weight.shape)}`);
  if (x.shape.length === 2) return gemm(x, weight, bias, { transB: true });
  const product = matmul(x, transpose(weight, [1, 0]));
  return bias ? add(product, bias) : product;
}
