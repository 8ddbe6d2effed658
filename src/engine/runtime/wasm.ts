import type { Runtime, RuntimeDType, RuntimeSession, RuntimeTensor } from "./runtime.ts";

/**
 * What is used of the module `ort-wasm-simd-threaded.mjs` of onnxruntime-web: its C functions on 32-bit pointers into its memory.
 * A function that returns an error code returns 0 where all is well; one that returns a handle returns 0 where not.
 */
export interface OrtModule {
  readonly HEAPU8: Uint8Array;
  /** Reading any value also renews the views of a memory that has grown. */
  getValue(pointer: number, type: "i32" | "*"): number;
  setValue(pointer: number, value: number, type: "i32" | "*"): void;
  UTF8ToString(pointer: number): string;
  lengthBytesUTF8(text: string): number;
  stringToUTF8(text: string, pointer: number, room: number): void;
  stackSave(): number;
  stackRestore(pointer: number): void;
  stackAlloc(bytes: number): number;
  _malloc(bytes: number): number;
  _free(pointer: number): void;
  _OrtInit(threads: number, logLevel: number): number;
  _OrtGetLastError(code: number, message: number): void;
  _OrtCreateSessionOptions(
    optimisation: number,
    arena: boolean,
    memoryPattern: boolean,
    executionMode: number,
    profiling: boolean,
    profilePrefix: number,
    logId: number,
    logSeverity: number,
    logVerbosity: number,
    optimisedPath: number,
  ): number;
  _OrtReleaseSessionOptions(options: number): number;
  _OrtCreateSession(bytes: number, length: number, options: number): number;
  _OrtReleaseSession(session: number): number;
  _OrtCreateTensor(type: number, data: number, bytes: number, dims: number, rank: number, location: number): number;
  _OrtGetTensorData(tensor: number, type: number, data: number, dims: number, rank: number): number;
  _OrtReleaseTensor(tensor: number): number;
  _OrtFree(pointer: number): void;
  _OrtRun(
    session: number,
    inputNames: number,
    inputs: number,
    inputCount: number,
    outputNames: number,
    outputCount: number,
    outputs: number,
    options: number,
  ): number;
}

/** ONNX's numbers of the element types. */
const TYPES = { float32: 1, int64: 7, bool: 9 } as const satisfies Record<RuntimeDType, number>;
const POINTER = 4;
const [ALL_OPTIMISATIONS, SEQUENTIAL, LOG_ERRORS, IN_MEMORY] = [99, 0, 3, 1];

/** ONNX Runtime's WebAssembly build, whose module the host has instantiated with `threads` threads. */
export function wasmRuntime(ort: OrtModule, threads: number): Runtime {
  if (ort._OrtInit(threads, LOG_ERRORS) !== 0) throw lastError(ort, "ONNX Runtime (WebAssembly) does not start");
  return { name: "wasm", load: async (bytes) => createSession(ort, bytes) };
}

function createSession(ort: OrtModule, bytes: Uint8Array): RuntimeSession {
  const options = ort._OrtCreateSessionOptions(ALL_OPTIMISATIONS, true, true, SEQUENTIAL, false, 0, 0, LOG_ERRORS, 0, 0);
  if (options === 0) throw lastError(ort, "ONNX Runtime takes no session options");
  const graph = toHeap(ort, bytes);
  const session = ort._OrtCreateSession(graph, bytes.byteLength, options);
  ort._free(graph);
  ort._OrtReleaseSessionOptions(options);
  if (session === 0) throw lastError(ort, "ONNX Runtime does not take the graph");
  const names = new Map<string, number>();
  const nameOf = (name: string) => {
    let pointer = names.get(name);
    if (pointer === undefined) {
      const room = ort.lengthBytesUTF8(name) + 1;
      pointer = ort._malloc(room);
      ort.stringToUTF8(name, pointer, room);
      names.set(name, pointer);
    }
    return pointer;
  };
  return {
    async run(feeds, fetches) {
      return runOnce(ort, session, nameOf, feeds, fetches);
    },
    async release() {
      for (const pointer of names.values()) ort._free(pointer);
      if (ort._OrtReleaseSession(session) !== 0) throw lastError(ort, "ONNX Runtime does not release the graph");
    },
  };
}

function runOnce(
  ort: OrtModule,
  session: number,
  nameOf: (name: string) => number,
  feeds: Readonly<Record<string, RuntimeTensor>>,
  fetches: Readonly<Record<string, RuntimeTensor | null>>,
): Record<string, RuntimeTensor> {
  const given = Object.keys(feeds);
  const wanted = Object.keys(fetches);
  const stack = ort.stackSave();
  const held: number[] = [];
  const tensors: number[] = [];
  try {
    const [inputNames, inputs, outputNames, outputs] = [given, given, wanted, wanted].map((list) => ort.stackAlloc(list.length * POINTER));
    for (const [i, name] of given.entries()) {
      const { data, dims, dtype } = feeds[name];
      const bytes = toHeap(ort, data);
      held.push(bytes);
      const shape = ort.stackAlloc(dims.length * POINTER);
      for (const [axis, length] of dims.entries()) ort.setValue(shape + axis * POINTER, length, "i32");
      const tensor = ort._OrtCreateTensor(TYPES[dtype], bytes, data.byteLength, shape, dims.length, IN_MEMORY);
      if (tensor === 0) throw lastError(ort, `ONNX Runtime does not take the input '${name}'`);
      tensors.push(tensor);
      ort.setValue(inputNames + i * POINTER, nameOf(name), "*");
      ort.setValue(inputs + i * POINTER, tensor, "*");
    }
    for (const [i, name] of wanted.entries()) {
      ort.setValue(outputNames + i * POINTER, nameOf(name), "*");
      ort.setValue(outputs + i * POINTER, 0, "*");
    }
    const failed = ort._OrtRun(session, inputNames, inputs, given.length, outputNames, wanted.length, outputs, 0);
    if (failed !== 0) throw lastError(ort, "ONNX Runtime does not run the graph");
    const made = wanted.map((_, i) => ort.getValue(outputs + i * POINTER, "*"));
    tensors.push(...made);
    return Object.fromEntries(wanted.map((name, i) => [name, read(ort, name, made[i], fetches[name])]));
  } finally {
    for (const tensor of tensors) ort._OrtReleaseTensor(tensor);
    for (const pointer of held) ort._free(pointer);
    ort.stackRestore(stack);
  }
}

/** Copy an output out of the runtime's memory, into `into` where it is given. */
function read(ort: OrtModule, name: string, tensor: number, into: RuntimeTensor | null): RuntimeTensor {
  const place = ort.stackAlloc(4 * POINTER);
  if (ort._OrtGetTensorData(tensor, place, place + POINTER, place + 2 * POINTER, place + 3 * POINTER) !== 0)
    throw lastError(ort, `ONNX Runtime does not give the output '${name}'`);
  const [type, data, shape, rank] = [0, 1, 2, 3].map((i) => ort.getValue(place + i * POINTER, "*"));
  const dims = Array.from({ length: rank }, (_, axis) => ort.getValue(shape + axis * POINTER, "*"));
  ort._OrtFree(shape);
  const dtype = (Object.keys(TYPES) as RuntimeDType[]).find((known) => TYPES[known] === type);
  if (dtype === undefined) throw new Error(`output '${name}' has elements of ONNX's type ${type}, which the engine does not read`);
  const size = dims.reduce((a, b) => a * b, 1);
  const out = into ?? { dtype, dims, data: allocate(dtype, size) };
  if (out.data.length !== size)
    throw new Error(`output '${name}' of shape [${dims}] needs ${size} numbers, got room for ${out.data.length}`);
  bytesOf(out.data).set(ort.HEAPU8.subarray(data, data + out.data.byteLength));
  return out;
}

function allocate(dtype: RuntimeDType, size: number): RuntimeTensor["data"] {
  return dtype === "float32" ? new Float32Array(size) : dtype === "int64" ? new BigInt64Array(size) : new Uint8Array(size);
}

const bytesOf = (data: RuntimeTensor["data"]) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

/** A copy in the runtime's memory, to be freed by the caller. */
function toHeap(ort: OrtModule, data: RuntimeTensor["data"]): number {
  const pointer = ort._malloc(data.byteLength);
  if (pointer === 0 && data.byteLength > 0) throw new Error(`ONNX Runtime (WebAssembly) has no room for ${data.byteLength} more bytes`);
  ort.getValue(pointer, "i32");
  ort.HEAPU8.set(bytesOf(data), pointer);
  return pointer;
}

function lastError(ort: OrtModule, what: string): Error {
  const stack = ort.stackSave();
  const place = ort.stackAlloc(2 * POINTER);
  ort._OrtGetLastError(place, place + POINTER);
  const message = ort.getValue(place + POINTER, "*");
  const reason = message === 0 ? "no reason given" : ort.UTF8ToString(message);
  ort.stackRestore(stack);
  return new Error(`${what}: ${reason}`);
}
