export { type AdamOptions, adam, adamState, type State } from "./adam.ts";
export { fromOnnx } from "./from-onnx.ts";
export {
  type Attribute,
  type Attributes,
  type ConstantData,
  type Dim,
  type DType,
  Graph,
  type Node,
  OPSET,
  operatorNames,
  type Reference,
  type Shape,
  UnsupportedOperatorError,
  type Value,
} from "./graph.ts";
export { inline } from "./inline.ts";
export { jacobian } from "./jacobian.ts";
export { jvp } from "./jvp.ts";
export {
  type Evaluation,
  type LeastSquaresProblem,
  type LeastSquaresSolution,
  type LevenbergMarquardtOptions,
  levenbergMarquardt,
} from "./levenberg-marquardt.ts";
export { OnnxError } from "./onnx-tensor.ts";
export {
  clip,
  elu,
  gelu,
  hardSigmoid,
  huber,
  leakyRelu,
  mish,
  relu,
  selu,
  sigmoid,
  silu,
  softplus,
  softsign,
  tanh,
} from "./operators/activations.ts";
export { add, div, max, min, mod, mul, pow, sub } from "./operators/arithmetic.ts";
export type { Operand } from "./operators/build.ts";
export { and, cast, equal, greater, greaterOrEqual, less, lessOrEqual, not, or, where, xor } from "./operators/comparison.ts";
export {
  abs,
  acos,
  asin,
  atan,
  atan2,
  ceil,
  cos,
  erf,
  exp,
  floor,
  log,
  neg,
  reciprocal,
  round,
  sign,
  sin,
  sqrt,
  tan,
} from "./operators/functions.ts";
export { gather, gatherElements, oneHot, scatterElements, shapeOf } from "./operators/indexing.ts";
export { gemm, linear, matmul } from "./operators/linear-algebra.ts";
export { cumSum, layerNormalization, logSoftmax, softmax } from "./operators/normalization.ts";
export type { ReductionAxes } from "./operators/reduction.ts";
export { argMax, argMin, logSumExp, reduceMax, reduceMean, reduceMin, reduceSum } from "./operators/reduction.ts";
export { expand, flatten, identity, pad, reshape, squeeze, transpose, unsqueeze } from "./operators/shape.ts";
export { concat, slice, split } from "./operators/slicing.ts";
export { sort, topK } from "./operators/sort.ts";
export { type Recurrence, recur } from "./recurrence.ts";
export { evaluate } from "./reference.ts";
export type { RuntimeDType } from "./runtime/runtime.ts";
export {
  type CompileOptions,
  compile,
  FeedError,
  type Port,
  type RuntimeTensor,
  type Session,
  type Tensor,
  type TensorData,
} from "./session.ts";
export { toOnnx } from "./to-onnx.ts";
export { gradient, vjp } from "./vjp.ts";
