import { cores, openRuntime } from "#runtime";
import { type ErrorDetails, VinverseError } from "../base/error.ts";
import type { DType, Graph, Shape } from "./graph.ts";
import type { LoadOptions, RuntimeSession, RuntimeTensor } from "./runtime/runtime.ts";
import { toOnnx } from "./to-onnx.ts";

export type { RuntimeTensor } from "./runtime/runtime.ts";

export type TensorData = Float32Array | Float64Array | Int32Array | BigInt64Array | Uint8Array;

/** Row-major. `run` gives float32 as Float32Array, int64 as Int32Array, bool as Uint8Array. */
export interface Tensor {
  readonly dims: readonly number[];
  readonly data: TensorData;
}

export interface Port {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
}

export interface CompileOptions {
  /** Threads inside one operator; the machine's cores where not given. */
  readonly threads?: number;
  /** Let idle threads wait busily: about a tenth faster where one session runs alone, several times slower where sessions take turns. Off where not given. */
  readonly spin?: boolean;
  /** Run this many rows of the batch "N" at a time. Only for graphs in which each row of every output depends on its own row of the inputs. */
  readonly chunk?: number;
}

export interface Session {
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  /**
   * Run the graph. A bare typed array takes its one unknown length (the batch "N") from its size; a Tensor says its dims.
   * Numbers are converted to the input's type; Float32Array for float32 is passed without a copy.
   * @throws FeedError naming the input that is missing, unknown, of the wrong size or of the wrong type
   */
  run(feeds: Readonly<Record<string, TensorData | Tensor>>, outputs?: readonly string[]): Promise<Record<string, Tensor>>;
  /** The same without checks, conversions or chunks: outputs are written into the tensors given. For inner loops. */
  runInto(feeds: Readonly<Record<string, RuntimeTensor>>, fetches: Readonly<Record<string, RuntimeTensor>>): Promise<void>;
  /** Free the native session once every holder of the same graph has released it. */
  release(): Promise<void>;
}

export class FeedError extends VinverseError {
  override readonly name = "FeedError";

  constructor(message: string, details?: ErrorDetails) {
    super("MISMATCH", message, details);
  }
}

/** One native session, shared by everybody who compiles the same bytes in the same way. */
interface Held {
  readonly key: string;
  readonly native: RuntimeSession;
  users: number;
}

const byBytes = new Map<string, Promise<Held>>();
const byGraph = new WeakMap<Graph, Map<string, Promise<Held>>>();

let live = 0;

/** Sessions that were compiled and not released yet: tests hold that none is forgotten. */
export function liveSessions(): number {
  return live;
}

/** Make a graph runnable: any batch size, cached by graph and by bytes. */
export async function compile(graph: Graph, options: CompileOptions = {}): Promise<Session> {
  const threads = options.threads ?? cores;
  if (!Number.isInteger(threads) || threads < 1) throw new RangeError(`threads must be a positive integer, got ${threads}`);
  const { chunk } = options;
  if (chunk !== undefined && (!Number.isInteger(chunk) || chunk < 1))
    throw new RangeError(`chunk must be a positive integer, got ${chunk}`);
  const held = await acquire(graph, { threads, spin: options.spin ?? false });
  return createSession(graph, held, chunk);
}

async function acquire(graph: Graph, options: LoadOptions): Promise<Held> {
  // a graph only grows, so its counts say whether it is still the one compiled
  const version = `${options.threads} ${options.spin} ${graph.inputs.length} ${graph.nodes.length} ${graph.constants.size} ${[...graph.outputs.keys()].join()}`;
  const versions = byGraph.get(graph) ?? new Map<string, Promise<Held>>();
  byGraph.set(graph, versions);
  const known = versions.get(version);
  if (known) {
    const held = await known;
    if (held.users > 0) {
      held.users++;
      return held;
    }
  }
  const made = acquireBytes(toOnnx(graph), options);
  versions.set(version, made);
  try {
    return await made;
  } catch (error) {
    versions.delete(version);
    throw error;
  }
}

async function acquireBytes(bytes: Uint8Array, options: LoadOptions): Promise<Held> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>));
  const key = `${options.threads} ${options.spin} ${Array.from(digest, (b) => b.toString(16).padStart(2, "0")).join("")}`;
  let pending = byBytes.get(key);
  if (!pending) {
    pending = openRuntime()
      .then((runtime) => runtime.load(bytes, options))
      .then((native) => ({ key, native, users: 0 }));
    byBytes.set(key, pending);
    pending.catch(() => byBytes.delete(key));
  }
  const held = await pending;
  // its last user may have released it while we waited
  if (byBytes.get(key) !== pending) return acquireBytes(bytes, options);
  held.users++;
  return held;
}

async function releaseHeld(held: Held): Promise<void> {
  if (--held.users > 0) return;
  byBytes.delete(held.key);
  await held.native.release();
}

function createSession(graph: Graph, held: Held, chunk: number | undefined): Session {
  const port = ({ name, dtype, shape }: Port): Port => ({ name, dtype, shape });
  const inputs = graph.inputs.map(port);
  const outputs = [...graph.outputs].map(([name, value]) => ({ name, dtype: value.dtype, shape: value.shape }));
  let released = false;
  live++;
  const assertHeld = () => {
    if (released) throw new Error("this session has been released");
  };
  return {
    inputs,
    outputs,
    async run(feeds, wanted) {
      assertHeld();
      const { tensors, lengths } = bindFeeds(inputs, feeds);
      const ports = wanted === undefined ? outputs : wanted.map((name) => portNamed(outputs, name));
      const n = lengths.get("N");
      if (chunk !== undefined && n !== undefined && n > chunk) return runChunks(held.native, inputs, ports, tensors, n, chunk);
      const results = await held.native.run(tensors, Object.fromEntries(ports.map((p) => [p.name, null])));
      return Object.fromEntries(ports.map((p) => [p.name, { dims: results[p.name].dims, data: fromRuntime(results[p.name].data) }]));
    },
    async runInto(feeds, fetches) {
      assertHeld();
      await held.native.run(feeds, fetches);
    },
    async release() {
      if (released) return;
      released = true;
      live--;
      await releaseHeld(held);
    },
  };
}

function portNamed(ports: readonly Port[], name: string): Port {
  const port = ports.find((p) => p.name === name);
  if (!port) throw new FeedError(`the graph has no output '${name}'; it has ${ports.map((p) => `'${p.name}'`).join(", ")}`);
  return port;
}

function bindFeeds(inputs: readonly Port[], feeds: Readonly<Record<string, TensorData | Tensor>>) {
  for (const name of Object.keys(feeds)) {
    if (!inputs.some((p) => p.name === name)) {
      throw new FeedError(`the graph has no input '${name}'; it has ${inputs.map((p) => `'${p.name}'`).join(", ")}`);
    }
  }
  const lengths = new Map<string, number>();
  const origin = new Map<string, string>();
  const bind = (symbol: string, length: number, name: string) => {
    const before = lengths.get(symbol);
    if (before !== undefined && before !== length) {
      throw new FeedError(`input '${name}' has ${symbol} = ${length}, but input '${origin.get(symbol)}' has ${symbol} = ${before}`);
    }
    lengths.set(symbol, length);
    origin.set(symbol, name);
  };
  for (const { name, shape } of inputs) {
    const feed = feeds[name];
    if (feed === undefined) throw new FeedError(`input '${name}' of shape [${shape}] is missing`);
    if (ArrayBuffer.isView(feed)) continue;
    const fits = feed.dims.length === shape.length && shape.every((dim, i) => typeof dim === "string" || dim === feed.dims[i]);
    if (!fits) throw new FeedError(`input '${name}' must have shape [${shape}], got [${feed.dims}]`);
    if (feed.data.length !== feed.dims.reduce((a, b) => a * b, 1)) {
      throw new FeedError(
        `input '${name}' of shape [${feed.dims}] needs ${feed.dims.reduce((a, b) => a * b, 1)} numbers, got ${feed.data.length}`,
      );
    }
    shape.forEach((dim, i) => {
      if (typeof dim === "string") bind(dim, feed.dims[i], name);
    });
  }
  const tensors: Record<string, RuntimeTensor> = {};
  for (const { name, shape, dtype } of inputs) {
    const feed = feeds[name];
    if (!ArrayBuffer.isView(feed)) {
      tensors[name] = { dtype, dims: feed.dims, data: toRuntime(feed.data, dtype, name) };
      continue;
    }
    let known = 1;
    const unknown = new Set<string>();
    for (const dim of shape) {
      if (typeof dim === "number") known *= dim;
      else if (lengths.has(dim) && shape.filter((other) => typeof other === "string").length > 1) known *= lengths.get(dim)!;
      else unknown.add(dim);
    }
    if (unknown.size > 1)
      throw new FeedError(`input '${name}' has ${unknown.size} unknown lengths in [${shape}]: give a tensor with its dims`);
    for (const symbol of unknown) {
      const length = feed.length / known;
      if (!Number.isInteger(length)) {
        throw new FeedError(`input '${name}' of shape [${shape}] needs a multiple of ${known} numbers, got ${feed.length}`);
      }
      bind(symbol, length, name);
    }
    const dims = shape.map((dim) => (typeof dim === "number" ? dim : lengths.get(dim)!));
    const size = dims.reduce((a, b) => a * b, 1);
    if (size !== feed.length) throw new FeedError(`input '${name}' of shape [${shape}] needs ${size} numbers, got ${feed.length}`);
    tensors[name] = { dtype, dims, data: toRuntime(feed, dtype, name) };
  }
  return { tensors, lengths };
}

function toRuntime(data: TensorData, dtype: DType, name: string): RuntimeTensor["data"] {
  if (dtype === "float32") {
    if (data instanceof Float32Array) return data;
    if (data instanceof BigInt64Array) throw new FeedError(`input '${name}' holds float32: give a Float32Array or Float64Array`);
    return Float32Array.from(data);
  }
  if (data instanceof Float32Array || data instanceof Float64Array) {
    throw new FeedError(`input '${name}' holds ${dtype}: give ${dtype === "int64" ? "an Int32Array" : "a Uint8Array"}`);
  }
  if (dtype === "bool") {
    if (data instanceof Uint8Array) return data;
    return Uint8Array.from(data as Int32Array, (v) => (Number(v) === 0 ? 0 : 1));
  }
  return data instanceof BigInt64Array ? data : BigInt64Array.from(data, (v: number) => BigInt(v));
}

function fromRuntime(data: RuntimeTensor["data"]): TensorData {
  return data instanceof BigInt64Array ? Int32Array.from(data, Number) : data;
}

/** Rows [from, to) along `axis` of a tensor, a view where the rows are contiguous. */
function takeRows(tensor: RuntimeTensor, axis: number, from: number, to: number): RuntimeTensor {
  const { data, dims, dtype } = tensor;
  const outer = dims.slice(0, axis).reduce((a, b) => a * b, 1);
  const inner = dims.slice(axis + 1).reduce((a, b) => a * b, 1);
  const rows = dims.map((length, i) => (i === axis ? to - from : length));
  if (outer === 1) return { dtype, dims: rows, data: data.subarray(from * inner, to * inner) as RuntimeTensor["data"] };
  const taken = allocate(dtype, outer * (to - from) * inner);
  for (let o = 0; o < outer; o++) {
    taken.set(data.subarray((o * dims[axis] + from) * inner, (o * dims[axis] + to) * inner) as never, o * (to - from) * inner);
  }
  return { dtype, dims: rows, data: taken };
}

function allocate(dtype: DType, size: number): RuntimeTensor["data"] {
  return dtype === "float32" ? new Float32Array(size) : dtype === "int64" ? new BigInt64Array(size) : new Uint8Array(size);
}

async function runChunks(
  native: RuntimeSession,
  inputs: readonly Port[],
  ports: readonly Port[],
  tensors: Readonly<Record<string, RuntimeTensor>>,
  n: number,
  chunk: number,
): Promise<Record<string, Tensor>> {
  const whole: Record<string, RuntimeTensor> = {};
  for (let from = 0; from < n; from += chunk) {
    const to = Math.min(n, from + chunk);
    const feeds: Record<string, RuntimeTensor> = {};
    for (const { name, shape } of inputs) {
      const axis = shape.indexOf("N");
      feeds[name] = axis < 0 ? tensors[name] : takeRows(tensors[name], axis, from, to);
    }
    const fetches: Record<string, RuntimeTensor | null> = {};
    for (const { name, shape } of ports) {
      fetches[name] = whole[name] !== undefined && shape[0] === "N" ? takeRows(whole[name], 0, from, to) : null;
    }
    const results = await native.run(feeds, fetches);
    for (const { name, shape, dtype } of ports) {
      const { dims, data } = results[name];
      const axis = shape.indexOf("N");
      if (axis < 0) throw new Error(`output '${name}' of shape [${shape}] has no batch axis 'N', so the graph cannot run in chunks`);
      if (whole[name] === undefined) {
        const all = dims.map((length, i) => (i === axis ? n : length));
        whole[name] = {
          dtype,
          dims: all,
          data: allocate(
            dtype,
            all.reduce((a, b) => a * b, 1),
          ),
        };
      } else if (axis === 0) continue;
      const outer = dims.slice(0, axis).reduce((a, b) => a * b, 1);
      const inner = dims.slice(axis + 1).reduce((a, b) => a * b, 1);
      const rows = to - from;
      for (let o = 0; o < outer; o++) {
        whole[name].data.set(data.subarray(o * rows * inner, (o + 1) * rows * inner) as never, (o * n + from) * inner);
      }
    }
  }
  return Object.fromEntries(ports.map((p) => [p.name, { dims: whole[p.name].dims, data: fromRuntime(whole[p.name].data) }]));
}
