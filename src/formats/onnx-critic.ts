import type { Head, NetworkCritic } from "../critics/critic.ts";
import { deepQ } from "../critics/deep-q.ts";
import { networkCritic } from "../critics/network-critic.ts";
import { concat, fromOnnx, type Graph, inline, type Value } from "../engine/index.ts";
import { nodesBehind } from "../engine/reference.ts";
import { box, discrete, type Space } from "../spaces/space.ts";
import { FormatError } from "./format-error.ts";
import { printable } from "./pickle.ts";
import { discountOf } from "./stable-baselines3.ts";
import type { CriticOptions } from "./stable-baselines3-critic.ts";

export interface OnnxCriticOptions extends CriticOptions {
  /** The output that holds the action values, where the model has several. */
  readonly output?: string;
}

const both =
  "export a module of (observation, action) whose outputs action_values [N, critics] and state_values [N, 1 or critics] are named so";
const actionName = /^(a|u|act|acts|action|actions)$/i;
const stateValueName = /^(v|values?|state_?values?)$/i;

/**
 * An ONNX model: from observations [N, o] to the values [N, A] of all actions, V(s) = max_a Q(s, a); or from observations [N, o] and actions
 * [N, m] to Q(s, a), each column a head, and V(s) as an output `state_values`. A batch of fixed size is taken as any size where every
 * output keeps one row an observation.
 * @throws FormatError where the model has other inputs or outputs, or an operator that cannot be differentiated
 */
export function onnxCritic(
  bytes: Uint8Array,
  file: string,
  options: OnnxCriticOptions,
): NetworkCritic & { readonly notes: readonly string[] } {
  const graph = readGraph(bytes, file);
  const name = `${graph.inputs.length === 2 ? "q(s, a)" : "dqn"} ${options.environment ?? file.slice(file.lastIndexOf("/") + 1)}`;
  const shared = { critic: name, discount: discountOf(options.gamma, file), rewardScale: options.rewardScale ?? 1, rewardOffset: 0 };
  return graph.inputs.length === 2 ? ofPairs(graph, file, options, name, shared) : ofStates(graph, file, options, name, shared);
}

function readGraph(bytes: Uint8Array, file: string): Graph {
  try {
    return fromOnnx(bytes, { freeBatch: true });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new FormatError(
      file,
      "the ONNX model",
      `cannot be read (${reason})`,
      readsAsItIs(bytes) ? "export it with dynamic_axes, for its batch has a fixed size" : "export the critic alone",
    );
  }
}

function readsAsItIs(bytes: Uint8Array): boolean {
  try {
    fromOnnx(bytes);
    return true;
  } catch {
    return false;
  }
}

type Shared = Omit<Head, "name">;

function ofStates(graph: Graph, file: string, options: OnnxCriticOptions, name: string, shared: Shared) {
  const outputName = chosen(graph, [...graph.outputs.keys()], file, options);
  const [input] = graph.inputs;
  const output = graph.outputs.get(outputName);
  const [observations, actions] = [input?.shape[1], output?.shape[1]];
  if (
    graph.inputs.length !== 1 ||
    input.shape.length !== 2 ||
    output?.shape.length !== 2 ||
    typeof observations !== "number" ||
    typeof actions !== "number"
  )
    throw new FormatError(
      file,
      "the ONNX model",
      "is not one function from observations [N, o] to action values [N, actions]",
      "export Q(s, ·) with those shapes",
    );
  expectRows(output, outputName, file);
  if (actions === 1)
    throw new FormatError(
      file,
      `output '${printable(outputName)}'`,
      `gives a single number of ${observations}, a state value V(s) or a pair's Q(s, a), and the actions are not said`,
      `export Q(s, ·) with a column an action, or ${both}`,
    );
  const q = (pieces: readonly Value[]): Value => {
    const whole = joined(pieces);
    return inline(graph, whole.graph, { [input.name]: whole }, [outputName])[outputName];
  };
  const critic = networkCritic({
    name,
    algorithm: "DQN",
    environment: options.environment,
    heads: [{ name: "Q", ...shared }],
    observationSpace: unbounded(observations),
    actionSpace: discrete(actions),
    ...deepQ({ online: q, target: q, actions, start: 0 }),
  });
  return Object.assign(critic, { notes: [] });
}

/** Q(s, a) of continuous actions. An output that the action does not enter is of the state alone. */
function ofPairs(graph: Graph, file: string, options: OnnxCriticOptions, name: string, shared: Shared) {
  const action = graph.inputs.filter((input) => actionName.test(input.name));
  const observation = graph.inputs.find((input) => !actionName.test(input.name));
  if (action.length !== 1 || !observation)
    throw new FormatError(
      file,
      "the ONNX model",
      `has the inputs ${graph.inputs.map((input) => printable(input.name)).join(" and ")}, which do not say which is the action`,
      "name them observation and action",
    );
  const [o, m] = [observation.shape[1], action[0].shape[1]];
  if (observation.shape.length !== 2 || action[0].shape.length !== 2 || typeof o !== "number" || typeof m !== "number")
    throw new FormatError(file, "the ONNX model", "does not take observations [N, o] and actions [N, m]", "export it with those shapes");
  const entered = ([, value]: readonly [string, Value]) =>
    value === action[0] || nodesBehind(graph, [value]).some((node) => node.inputs.includes(action[0]));
  const outputs = [...graph.outputs];
  const ofAction = outputs.filter(entered).map(([key]) => key);
  const named = options.output === undefined ? ofAction : [chosen(graph, ofAction, file, options)];
  const states = outputs.filter((entry) => !entered(entry) && stateValueName.test(entry[0])).map(([key]) => key);
  if (named.length === 0)
    throw new FormatError(file, "the ONNX model", "has no output that depends on the action, so it holds no Q(s, a)", both);
  const widths = named.map((key) => columns(graph.outputs.get(key)!, key, file));
  const heads = widths.reduce((sum, width) => sum + width, 0);
  const [state] = states;
  const width = state === undefined ? 0 : columns(graph.outputs.get(state)!, state, file);
  if (states.length > 1 || (state !== undefined && width !== 1 && width !== heads))
    throw new FormatError(
      file,
      `output '${printable(state)}'`,
      states.length > 1 ? `and '${printable(states[1])}' could both be V(s)` : `has ${width} columns for ${heads} critics`,
      both,
    );
  const critic = networkCritic({
    name,
    algorithm: "Q(s, a)",
    environment: options.environment,
    heads: Array.from({ length: heads }, (_, i) => ({ name: heads === 1 ? "Q" : `Q${i + 1}`, ...shared })),
    observationSpace: unbounded(o),
    actionSpace: unbounded(m),
    actionValues(observations, actions) {
      const found = inline(graph, actions.graph, { [observation.name]: joined(observations), [action[0].name]: actions }, named);
      return named.length === 1
        ? found[named[0]]
        : concat(
            named.map((key) => found[key]),
            1,
          );
    },
    stateValues(observations) {
      if (state === undefined)
        throw new FormatError(file, "the ONNX model", "has no output state_values, so V(s) is not known and nothing can be inferred", both);
      const whole = joined(observations);
      const v = inline(graph, whole.graph, { [observation.name]: whole }, [state])[state];
      return width === heads ? v : concat(Array<Value>(heads).fill(v), 1);
    },
  });
  const notes = [
    `'${printable(action[0].name)}' is read as ${m} continuous action${m === 1 ? "" : "s"} in the environment's units`,
    ...(state === undefined ? [`V(s) is not in the file, so no dynamics can be inferred: ${both}`] : []),
  ];
  return Object.assign(critic, { notes });
}

function chosen(graph: Graph, names: readonly string[], file: string, { output }: OnnxCriticOptions): string {
  const list = [...graph.outputs.keys()].map(printable).join(", ");
  if (output === undefined && names.length === 1) return names[0];
  if (output !== undefined && names.includes(output)) return output;
  throw output === undefined
    ? new FormatError(
        file,
        "the ONNX model",
        `has the outputs ${list}`,
        "say which holds the action values with --onnx-output NAME (option 'output')",
      )
    : new FormatError(file, `output '${printable(output)}'`, "gives no action values of this model", `choose one of ${list}`);
}

function columns(value: Value, name: string, file: string): number {
  expectRows(value, name, file);
  const width = value.shape[1];
  if (value.shape.length !== 2 || typeof width !== "number")
    throw new FormatError(file, `output '${printable(name)}'`, "does not have the shape [N, columns]", both);
  return width;
}

/** One row of floats an observation. */
function expectRows(value: Value, name: string, file: string): void {
  if (value.dtype !== "float32")
    throw new FormatError(
      file,
      `output '${printable(name)}'`,
      "holds whole numbers, which are a policy's choice and no values",
      "export the action values themselves",
    );
  if (value.shape[0] !== "N")
    throw new FormatError(
      file,
      `output '${printable(name)}'`,
      `has ${String(value.shape[0])} rows however many observations there are`,
      'export it with dynamic_axes={"obs": {0: "N"}, …} for every input and output',
    );
}

function joined(pieces: readonly Value[]): Value {
  return pieces.length === 1 ? pieces[0] : concat(pieces, pieces[0].shape.length - 1);
}

function unbounded(size: number): Space {
  return box(Array(size).fill(-Infinity), Array(size).fill(Infinity));
}
