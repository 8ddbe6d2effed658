export type NumberType =
  | "float16"
  | "bfloat16"
  | "float32"
  | "float64"
  | "int8"
  | "int16"
  | "int32"
  | "int64"
  | "uint8"
  | "uint16"
  | "uint32"
  | "uint64"
  | "bool";

/** Bytes of one number. */
export const numberSize: Readonly<Record<NumberType, number>> = {
  float16: 2,
  bfloat16: 2,
  float32: 4,
  float64: 8,
  int8: 1,
  int16: 2,
  int32: 4,
  int64: 8,
  uint8: 1,
  uint16: 2,
  uint32: 4,
  uint64: 8,
  bool: 1,
};

/**
 * `count` numbers at `offset` as floats: Float32Array for the types that fit it exactly and are not wider, Float64Array for the rest.
 * The caller has checked that the bytes are there.
 */
export function decodeNumbers(
  bytes: Uint8Array,
  offset: number,
  count: number,
  type: NumberType,
  littleEndian = true,
): Float32Array | Float64Array {
  if ((type === "float32" || type === "float64") && littleEndian && hostIsLittle) {
    const copy = type === "float32" ? new Float32Array(count) : new Float64Array(count);
    new Uint8Array(copy.buffer).set(bytes.subarray(offset, offset + count * numberSize[type]));
    return copy;
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, count * numberSize[type]);
  const out = type === "float16" || type === "bfloat16" || type === "float32" ? new Float32Array(count) : new Float64Array(count);
  const get = reader(view, type, littleEndian);
  for (let i = 0; i < count; i++) out[i] = get(i);
  return out;
}

function reader(view: DataView, type: NumberType, little: boolean): (i: number) => number {
  switch (type) {
    case "float16":
      return (i) => half(view.getUint16(2 * i, little));
    case "bfloat16":
      return (i) => {
        scratch.setUint32(0, view.getUint16(2 * i, little) << 16);
        return scratch.getFloat32(0);
      };
    case "float32":
      return (i) => view.getFloat32(4 * i, little);
    case "float64":
      return (i) => view.getFloat64(8 * i, little);
    case "int8":
      return (i) => view.getInt8(i);
    case "int16":
      return (i) => view.getInt16(2 * i, little);
    case "int32":
      return (i) => view.getInt32(4 * i, little);
    case "int64":
      return (i) => Number(view.getBigInt64(8 * i, little));
    case "uint8":
      return (i) => view.getUint8(i);
    case "uint16":
      return (i) => view.getUint16(2 * i, little);
    case "uint32":
      return (i) => view.getUint32(4 * i, little);
    case "uint64":
      return (i) => Number(view.getBigUint64(8 * i, little));
    case "bool":
      return (i) => (view.getUint8(i) ? 1 : 0);
  }
}

const scratch = new DataView(new ArrayBuffer(4));
const hostIsLittle = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** IEEE 754 binary16. */
function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** Bits of the IEEE 754 binary16 nearest to a number, ties to even; infinite from 65520 on. */
export function toHalf(x: number): number {
  const sign = x < 0 || Object.is(x, -0) ? 0x8000 : 0;
  const size = Math.abs(x);
  if (Number.isNaN(size)) return 0x7e00;
  if (size >= 65520) return sign | 0x7c00;
  const exponent = Math.max(-14, Math.min(15, Math.floor(Math.log2(size))));
  // in units of the last place; a carry into the next exponent comes out right
  const units = nearestEven(size / 2 ** (exponent - 10));
  return sign | (units < 1024 ? units : units + ((exponent + 14) << 10));
}

function nearestEven(x: number): number {
  const below = Math.floor(x);
  const rest = x - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below;
}
