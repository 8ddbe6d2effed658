import { availableParallelism } from "node:os";
import type { Tensor } from "onnxruntime-node";
import type { Runtime, RuntimeTensor } from "./runtime.ts";

/** onnxruntime-node on the CPU, loaded with the first session: a program that runs none starts without it. */
export const runtime: Runtime = {
  name: "onnxruntime-node",
  cores: availableParallelism(),
  async load(bytes, { threads, spin }) {
    const { InferenceSession, Tensor } = await import("onnxruntime-node");
    const toNative = (t: RuntimeTensor) => new Tensor(t.dtype, t.data, t.dims);
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
        const given: Record<string, Tensor> = {};
        for (const name in feeds) given[name] = toNative(feeds[name]);
        const wanted: Record<string, Tensor | null> = {};
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
