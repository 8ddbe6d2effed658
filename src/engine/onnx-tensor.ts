import { type ErrorDetails, VinverseError } from "../base/error.ts";
import type { ConstantData, DType } from "./graph.ts";
import { ELEMENT, type TensorMessage } from "./onnx-schema.ts";

/** Bytes that are not an ONNX model, or one that says something impossible. */
/** An ONNX file that is not a model, or not one that the engine can run. */
export class OnnxError extends VinverseError {
  override readonly name = "OnnxError";

  constructor(message: string, details?: ErrorDetails) {
    super("ONNX", message, details);
  }
}

/** Which of our three types holds an ONNX element type; double and half become float32, int32 becomes int64. */
export function dtypeOf(element: number | undefined, what: string): DType {
  switch (element) {
    case ELEMENT.float32:
    case ELEMENT.float64:
    case ELEMENT.float16:
      return "float32";
    case ELEMENT.int64:
    case ELEMENT.int32:
      return "int64";
    case ELEMENT.bool:
      return "bool";
    default:
      throw new OnnxError(`${what} has element type ${element ?? "unknown"}: only float, double, float16, int32, int64 and bool are read`);
  }
}

export interface DecodedTensor {
  readonly dtype: DType;
  readonly dims: readonly number[];
  readonly data: ConstantData;
}

export function decodeTensor(message: TensorMessage, what: string): DecodedTensor {
  const dims = message.dims ?? [];
  if (message.dataLocation === 1 || (message.externalData?.length ?? 0) > 0) {
    throw new OnnxError(`${what} keeps its numbers in another file: save the model with its weights inside`);
  }
  const size = dims.reduce((a, b) => a * b, 1);
  const dtype = dtypeOf(message.dataType, what);
  const data = message.rawData?.length ? fromRaw(message.rawData, message.dataType!) : fromFields(message);
  if (data.length !== size || dims.some((length) => length < 0)) {
    throw new OnnxError(`${what} of shape [${dims}] needs ${size} numbers, the file holds ${data.length}`);
  }
  return { dtype, dims, data };
}

function fromRaw(raw: Uint8Array, element: number): ConstantData {
  // the bytes lie anywhere in the file, typed arrays need their own alignment; slice() of a Node Buffer would not copy
  const bytes = new Uint8Array(raw);
  const count = (width: number) => Math.floor(bytes.length / width);
  switch (element) {
    case ELEMENT.float32:
      return new Float32Array(bytes.buffer, 0, count(4));
    case ELEMENT.float64:
      return new Float64Array(bytes.buffer, 0, count(8));
    case ELEMENT.float16:
      return Float32Array.from(new Uint16Array(bytes.buffer, 0, count(2)), halfToNumber);
    case ELEMENT.int32:
      return new Int32Array(bytes.buffer, 0, count(4));
    case ELEMENT.int64:
      return Int32Array.from(new BigInt64Array(bytes.buffer, 0, count(8)), (v) => clampInt32(Number(v)));
    default:
      return bytes;
  }
}

function fromFields(message: TensorMessage): ConstantData {
  switch (message.dataType) {
    case ELEMENT.float32:
      return Float32Array.from(message.floatData ?? []);
    case ELEMENT.float64:
      return Float64Array.from(message.doubleData ?? []);
    case ELEMENT.float16:
      return Float32Array.from(message.int32Data ?? [], halfToNumber);
    case ELEMENT.int32:
      return Int32Array.from(message.int32Data ?? []);
    case ELEMENT.int64:
      return Int32Array.from(message.int64Data ?? [], clampInt32);
    default:
      return Uint8Array.from(message.int32Data ?? []);
  }
}

/** Exporters write ±2^63 for "to the end": any length beyond 2^31 means the same. */
export function clampInt32(value: number): number {
  return Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, value));
}

/** IEEE 754 binary16. */
function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
