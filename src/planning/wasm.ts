/** The few instructions of WebAssembly (W3C core specification 2.0, section 5.4) that sweeps are made of. */
export const opcode = {
  block: [0x02, 0x40],
  loop: [0x03, 0x40],
  end: [0x0b],
  select: [0x1b],
  i32: { eqz: [0x45], less: [0x49], greaterOrEqual: [0x4f], add: [0x6a], sub: [0x6b], mul: [0x6c], shl: [0x74] },
  f64: { greater: [0x64], abs: [0x99], add: [0xa0], sub: [0xa1], mul: [0xa2], max: [0xa5] },
} as const;

export const I32 = 0x7f;
export const F64 = 0x7c;

/** LEB128 */
const unsigned = (n: number): number[] => (n < 0x80 ? [n] : [(n & 0x7f) | 0x80, ...unsigned(n >>> 7)]);
const signed = (n: number): number[] => {
  const low = n & 0x7f;
  const rest = n >> 7;
  return (rest === 0 && !(low & 0x40)) || (rest === -1 && low & 0x40) ? [low] : [low | 0x80, ...signed(rest)];
};

export const get = (local: number): number[] => [0x20, ...unsigned(local)];
export const set = (local: number): number[] => [0x21, ...unsigned(local)];
export const whole = (n: number): number[] => [0x41, ...signed(n)];
export const real = (x: number): number[] => [0x44, ...new Uint8Array(new Float64Array([x]).buffer)];
export const branch = (depth: number): number[] => [0x0c, ...unsigned(depth)];
export const branchIf = (depth: number): number[] => [0x0d, ...unsigned(depth)];
export const loadI32 = (offset = 0): number[] => [0x28, 2, ...unsigned(offset)];
export const loadF64 = (offset = 0): number[] => [0x2b, 3, ...unsigned(offset)];
export const storeI32 = [0x36, 2, 0];
export const storeF64 = [0x39, 3, 0];

export interface WasmFunction {
  readonly name: string;
  /** How many i32 it takes; it gives one f64. */
  readonly parameters: number;
  /** Locals after the parameters: i32 first, then f64. */
  readonly locals: readonly [number, number];
  readonly body: readonly number[];
}

/** A module over the memory "memory" of "env". */
export function wasmModule(
  functions: readonly WasmFunction[],
  memory: { readonly shared: boolean; readonly pages: number },
): Uint8Array<ArrayBuffer> {
  const list = (items: readonly (readonly number[])[]) => [...unsigned(items.length), ...items.flat()];
  const section = (id: number, content: readonly number[]) => [id, ...unsigned(content.length), ...content];
  const text = (name: string) => [...unsigned(name.length), ...Array.from(name, (c) => c.charCodeAt(0))];
  const limits = memory.shared ? [3, ...unsigned(memory.pages), ...unsigned(memory.pages)] : [0, ...unsigned(memory.pages)];
  const code = functions.map(({ locals: [integers, reals], body }) => {
    const content = [2, ...unsigned(integers), I32, ...unsigned(reals), F64, ...body, ...opcode.end];
    return [...unsigned(content.length), ...content];
  });
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, list(functions.map(({ parameters }) => [0x60, ...list(Array.from({ length: parameters }, () => [I32])), 1, F64]))),
    ...section(2, list([[...text("env"), ...text("memory"), 2, ...limits]])),
    ...section(3, list(functions.map((_, i) => unsigned(i)))),
    ...section(7, list(functions.map(({ name }, i) => [...text(name), 0, ...unsigned(i)]))),
    ...section(10, list(code)),
  ]);
}
