export { fromOnnx, OnnxError } from "./from-onnx.ts";
export { toOnnx } from "./to-onnx.ts";
