import type { State } from "./adam.ts";
import type { Graph } from "./graph.ts";
import { type CompileOptions, compile, type RuntimeTensor } from "./session.ts";

/** A graph that is run again and again: what it gives as "new NAME" it takes as NAME the next time. */
export interface Recurrence {
  /** The tensors as they are now: views that the next but one run overwrites. */
  readonly state: State;
  /** The same, to feed to other graphs. */
  readonly tensors: Readonly<Record<string, RuntimeTensor>>;
  /**
   * Run once.
   * @param feeds the other inputs, exactly of their shapes
   * @returns the other outputs, written into the same arrays each time
   */
  run(feeds: Readonly<Record<string, RuntimeTensor>>): Promise<Readonly<Record<string, Float32Array>>>;
  /** Put other numbers in; copied. */
  restore(state: State): void;
  release(): Promise<void>;
}

/**
 * Two sets of tensors take turns, so nothing is copied or allocated from one run to the next.
 * @param initial a tensor for every input NAME that has an output "new NAME"; copied
 * @throws TypeError where an output beside the state has a length known only when the graph runs
 */
export async function recur(graph: Graph, initial: State, options?: CompileOptions): Promise<Recurrence> {
  const names = Object.keys(initial);
  const unfed = names.find((name) => !graph.outputs.has(`new ${name}`));
  if (unfed !== undefined) throw new TypeError(`recurrence: the graph gives no 'new ${unfed}'`);
  const others = [...graph.outputs].filter(([name]) => !(name.startsWith("new ") && name.slice(4) in initial));
  const session = await compile(graph, options);
  const tensor = (shape: readonly number[], data: Float32Array): RuntimeTensor => ({ dtype: "float32", dims: shape, data });
  let now = Object.fromEntries(names.map((name) => [name, tensor(initial[name].shape, initial[name].data.slice())]));
  let next = Object.fromEntries(names.map((name) => [name, tensor(initial[name].shape, new Float32Array(initial[name].data.length))]));
  const results: Record<string, RuntimeTensor> = {};
  for (const [name, { shape }] of others) {
    if (shape.some((dim) => typeof dim === "string")) throw new TypeError(`recurrence: output '${name}' has shape [${shape}]`);
    const dims = shape as readonly number[];
    results[name] = tensor(dims, new Float32Array(dims.reduce((a, b) => a * b, 1)));
  }
  const given = Object.fromEntries(others.map(([name]) => [name, results[name].data as Float32Array]));
  return {
    get state() {
      return Object.fromEntries(names.map((name) => [name, { shape: now[name].dims, data: now[name].data as Float32Array }]));
    },
    get tensors() {
      return now;
    },
    restore(state) {
      for (const name of names) {
        if (state[name]?.data.length !== now[name].data.length) throw new RangeError(`recurrence: '${name}' does not fit`);
        (now[name].data as Float32Array).set(state[name].data);
      }
    },
    async run(feeds) {
      const into: Record<string, RuntimeTensor> = { ...results };
      for (const name of names) into[`new ${name}`] = next[name];
      await session.runInto({ ...feeds, ...now }, into);
      [now, next] = [next, now];
      return given;
    },
    release: () => session.release(),
  };
}
