import type * as Ort from "onnxruntime-common";
import type { Runtime, RuntimeTensor } from "./runtime.ts";

/** An optional dependency: a name in a variable, so that neither the compiler nor a bundler insists on it. */
const PACKAGE: string = "onnxruntime-node";

/**
 * ONNX Runtime's native build on the processor.
 * @throws the loader's error where onnxruntime-node is not installed, or not for this machine
 */
export async function openNative(): Promise<Runtime> {
  const { InferenceSession, Tensor } = (await import(PACKAGE)) as typeof Ort;
  const toNative = (t: RuntimeTensor) => new Tensor(t.dtype, t.data, t.dims);
  return {
    name: "native",
    async load(bytes, { threads, spin }) {
      const session = await InferenceSession.create(bytes, {
        executionProviders: ["cpu"],
        intraOpNumThreads: threads,
        interOpNumThreads: 1,
        executionMode: "sequential",
        logSeverityLevel: 3,
        extra: { session: { intra_op: { allow_spinning: spin ? "1" : "0" } } },
      });
      return {
        async run(feeds, fetches) {
          const given: Record<string, Ort.Tensor> = {};
          for (const name in feeds) given[name] = toNative(feeds[name]);
          const wanted: Record<string, Ort.Tensor | null> = {};
          for (const name in fetches) {
            const held = fetches[name];
            wanted[name] = held === null ? null : toNative(held);
          }
          const results = await session.run(given, wanted);
          const out: Record<string, RuntimeTensor> = {};
          for (const name in fetches) {
            const { type, dims, data } = results[name];
            out[name] = { dtype: type as RuntimeTensor["dtype"], dims, data: data as RuntimeTensor["data"] };
          }
          return out;
        },
        release: () => session.release(),
      };
    },
  };
}
