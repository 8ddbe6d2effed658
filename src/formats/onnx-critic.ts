import type { NetworkCritic } from "../critics/critic.ts";
import { deepQ } from "../critics/deep-q.ts";
import { networkCritic } from "../critics/network-critic.ts";
import { concat, fromOnnx, type Graph, inline, type Value } from "../engine/index.ts";
import { box, discrete } from "../spaces/space.ts";
import { FormatError } from "./format-error.ts";
import { discountOf } from "./stable-baselines3.ts";
import type { CriticOptions } from "./stable-baselines3-critic.ts";

/**
 * An ONNX model from observations [N, o] to the values [N, A] of all actions: V(s) = max_a Q(s, a).
 * @throws FormatError where the model has other inputs or outputs, or an operator that cannot be differentiated
 */
export function onnxCritic(bytes: Uint8Array, file: string, options: CriticOptions): NetworkCritic {
  let graph: Graph;
  try {
    graph = fromOnnx(bytes);
  } catch (error) {
    throw new FormatError(
      file,
      "the ONNX model",
      `cannot be read (${error instanceof Error ? error.message : String(error)})`,
      "export the critic alone",
    );
  }
  const [input] = graph.inputs;
  const [outputName, output] = [...graph.outputs][0] ?? [];
  const observations = input?.shape[1];
  const actions = output?.shape[1];
  if (
    graph.inputs.length !== 1 ||
    graph.outputs.size !== 1 ||
    input.shape.length !== 2 ||
    output?.shape.length !== 2 ||
    typeof observations !== "number" ||
    typeof actions !== "number"
  ) {
    throw new FormatError(
      file,
      "the ONNX model",
      "is not one function from observations [N, o] to action values [N, actions]",
      "export Q(s, ·) with those shapes",
    );
  }
  const name = `dqn ${options.environment ?? file.slice(file.lastIndexOf("/") + 1)}`;
  const q = (pieces: readonly Value[]): Value => {
    const whole = pieces.length === 1 ? pieces[0] : concat(pieces, pieces[0].shape.length - 1);
    return inline(graph, whole.graph, { [input.name]: whole })[outputName!];
  };
  return networkCritic({
    name,
    algorithm: "DQN",
    environment: options.environment,
    heads: [{ name: "Q", critic: name, discount: discountOf(options.gamma, file), rewardScale: options.rewardScale ?? 1, rewardOffset: 0 }],
    observationSpace: box(Array(observations).fill(-Infinity), Array(observations).fill(Infinity)),
    actionSpace: discrete(actions),
    ...deepQ({ online: q, target: q, actions, start: 0 }),
  });
}
