export type RuntimeDType = "float32" | "int64" | "bool";

/** A tensor as the runtime takes and gives it: row-major; bool is a byte an element. */
export interface RuntimeTensor {
  readonly dtype: RuntimeDType;
  readonly dims: readonly number[];
  readonly data: Float32Array | BigInt64Array | Uint8Array;
}

export interface RuntimeSession {
  /**
   * Run once. `fetches` names the outputs wanted; a tensor given for one is written in place and must have its exact shape,
   * `null` lets the runtime allocate. Data is read and written without a copy where the runtime can.
   */
  run(
    feeds: Readonly<Record<string, RuntimeTensor>>,
    fetches: Readonly<Record<string, RuntimeTensor | null>>,
  ): Promise<Record<string, RuntimeTensor>>;
  release(): Promise<void>;
}

export interface LoadOptions {
  /** Threads inside one operator. The WebAssembly build has one pool for all sessions, as large as the machine, and takes no other number. */
  readonly threads: number;
  /** Idle threads wait busily. The WebAssembly build decides by itself. */
  readonly spin: boolean;
}

/** What executes ONNX graphs: a build of ONNX Runtime. */
export interface Runtime {
  /** `native`: onnxruntime-node; `wasm`: the WebAssembly build. */
  readonly name: "native" | "wasm";
  load(bytes: Uint8Array, options: LoadOptions): Promise<RuntimeSession>;
}
