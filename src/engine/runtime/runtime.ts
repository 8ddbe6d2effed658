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
  readonly threads: number;
  /** Idle threads wait busily. */
  readonly spin: boolean;
}

/** What executes ONNX graphs: ONNX Runtime, native in Node, WebAssembly in the browser. Imported as `#runtime`. */
export interface Runtime {
  readonly name: string;
  /** Threads that can run at once on this machine. */
  readonly cores: number;
  load(bytes: Uint8Array, options: LoadOptions): Promise<RuntimeSession>;
}
