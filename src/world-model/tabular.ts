import { files } from "#files";
import type { Tables } from "../environments/environment.ts";
import { FormatError } from "../formats/format-error.ts";
import { readSafetensors, type SafetensorsData, writeSafetensors } from "../formats/safetensors.ts";
import type { Answer, TabularPrediction, TabularWorldModel, TransitionOptions } from "./world-model.ts";

/** All that a tabular model holds: one sparse list of next states a (state, action) pair. */
export interface TabularAnswers {
  readonly method: "matching" | "projection";
  readonly states: number;
  readonly actions: number;
  /** Names of the critics it was inferred from. */
  readonly critics: readonly string[];
  /** [states · actions + 1] */
  readonly offsets: Int32Array;
  /** best first */
  readonly nextStates: Int32Array;
  readonly probabilities: Float64Array;
  /** [states · actions] 1 where another answer fits as well */
  readonly ambiguous: Uint8Array;
  /** [states · actions] */
  readonly residual: Float64Array;
  readonly margin: Float64Array;
}

const format = "vinverse tabular world model";
const answersOf: readonly Answer[] = ["none", "found", "ambiguous"];
const tensorTypes = {
  offsets: Int32Array,
  nextStates: Int32Array,
  probabilities: Float64Array,
  ambiguous: Uint8Array,
  residual: Float64Array,
  margin: Float64Array,
};

export function createTabularWorldModel(answers: TabularAnswers): TabularWorldModel {
  const { states, actions, offsets, nextStates, probabilities } = answers;
  const pairOf = (state: number, action: number, k: number): number => {
    if (!(Number.isInteger(state) && state >= 0 && state < states))
      throw new RangeError(`state ${k} is ${state}, expected an integer in 0 … ${states - 1}`);
    if (!(Number.isInteger(action) && action >= 0 && action < actions))
      throw new RangeError(`action ${k} is ${action}, expected an integer in 0 … ${actions - 1}`);
    return state * actions + action;
  };
  return {
    kind: "tabular",
    method: answers.method,
    states,
    actions,
    async predict(at, taken): Promise<TabularPrediction> {
      if (at.length !== taken.length) throw new RangeError(`predict: ${at.length} states and ${taken.length} actions`);
      const pairs = Int32Array.from({ length: at.length }, (_, k) => pairOf(at[k], taken[k], k));
      return {
        nextStates: pairs.map((pair) => (offsets[pair] < offsets[pair + 1] ? nextStates[offsets[pair]] : -1)),
        answers: Array.from(pairs, (pair) => answersOf[offsets[pair] === offsets[pair + 1] ? 0 : 1 + answers.ambiguous[pair]]),
        candidates: Array.from(pairs, (pair) => nextStates.slice(offsets[pair], offsets[pair + 1])),
        probabilities: Array.from(pairs, (pair) => probabilities.slice(offsets[pair], offsets[pair + 1])),
        residual: Float64Array.from(pairs, (pair) => answers.residual[pair]),
        margin: Float64Array.from(pairs, (pair) => answers.margin[pair]),
      };
    },
    async rollout(state, taken) {
      const visited = new Int32Array(taken.length + 1).fill(-1);
      visited[0] = state;
      for (let t = 0; t < taken.length; t++) {
        const pair = pairOf(visited[t], taken[t], t);
        if (offsets[pair] === offsets[pair + 1]) break;
        visited[t + 1] = nextStates[offsets[pair]];
      }
      return visited;
    },
    transitions: (options) => transitionTables(answers, options),
    async save(folder) {
      const tensors = Object.fromEntries(tensorNames.map((name) => [name, { shape: [answers[name].length], data: answers[name] }]));
      const { method, critics } = answers;
      const header = `${JSON.stringify({ format, version: 1, method, states, actions, critics }, undefined, 2)}\n`;
      await files.write(`${folder}/tensors.safetensors`, writeSafetensors(tensors));
      await files.write(`${folder}/model.json`, new TextEncoder().encode(header));
    },
  };
}

type TensorName = keyof typeof tensorTypes;
const tensorNames = Object.keys(tensorTypes) as TensorName[];

function transitionTables(answers: TabularAnswers, options: TransitionOptions = {}): Tables {
  const { states, actions, offsets } = answers;
  const pairs = states * actions;
  const starts = new Int32Array(pairs + 1);
  for (let k = 0; k < pairs; k++) starts[k + 1] = starts[k] + Math.max(1, offsets[k + 1] - offsets[k]);
  const nextStates = new Int32Array(starts[pairs]);
  const probabilities = new Float64Array(starts[pairs]).fill(1);
  const rewards = new Float64Array(starts[pairs]);
  const terminated = new Uint8Array(starts[pairs]);
  for (let k = 0; k < pairs; k++) {
    nextStates[starts[k]] = Math.floor(k / actions);
    for (let c = offsets[k]; c < offsets[k + 1]; c++) {
      nextStates[starts[k] + c - offsets[k]] = answers.nextStates[c];
      probabilities[starts[k] + c - offsets[k]] = answers.probabilities[c];
    }
    for (let o = starts[k]; o < starts[k + 1]; o++) {
      rewards[o] = options.rewards?.[k] ?? 0;
      terminated[o] = options.terminal?.[nextStates[o]] ? 1 : 0;
    }
  }
  const initial = options.initial ?? new Float64Array(states).fill(1 / states);
  return { states, actions, offsets: starts, nextStates, probabilities, rewards, terminated, initial };
}

/**
 * @param folder what `save` wrote
 * @throws FormatError naming the file and the field that does not fit
 */
export async function loadTabularWorldModel(folder: string): Promise<TabularWorldModel> {
  const path = `${folder}/model.json`;
  const refuse = (file: string, field: string, problem: string) => new FormatError(file, field, problem, "infer and save the model again");
  let header: Partial<Record<string, unknown>>;
  try {
    header = JSON.parse(new TextDecoder().decode(await files.read(path)));
  } catch (error) {
    if (error instanceof SyntaxError) throw refuse(path, "the file", "is not JSON");
    throw error;
  }
  const { method, states, actions, critics } = header;
  if (header.format !== format || header.version !== 1) throw refuse(path, "format", `is not "${format}", version 1`);
  if (method !== "matching" && method !== "projection") throw refuse(path, "method", "is neither matching nor projection");
  if (!isCount(states) || !isCount(actions)) throw refuse(path, "states or actions", "is not a positive integer");
  if (!Array.isArray(critics) || !critics.every((name) => typeof name === "string"))
    throw refuse(path, "critics", "is not a list of names");

  const file = `${folder}/tensors.safetensors`;
  const tensors = readSafetensors(await files.read(file), file);
  const read = <T extends SafetensorsData>(name: TensorName, type: { new (n: number): T }, length?: number): T => {
    const data = tensors[name]?.data;
    if (!(data instanceof type)) throw refuse(file, `tensor "${name}"`, "is missing or of another type");
    if (length !== undefined && data.length !== length)
      throw refuse(file, `tensor "${name}"`, `has ${data.length} entries, expected ${length}`);
    return data;
  };
  const pairs = states * actions;
  const offsets = read("offsets", Int32Array, pairs + 1);
  const outcomes = offsets[pairs];
  const nextStates = read("nextStates", Int32Array, outcomes);
  if (offsets[0] !== 0 || offsets.some((offset, k) => k > 0 && offset < offsets[k - 1]))
    throw refuse(file, `tensor "offsets"`, "does not rise from 0");
  if (nextStates.some((s) => s < 0 || s >= states)) throw refuse(file, `tensor "nextStates"`, `names a state outside 0 … ${states - 1}`);
  return createTabularWorldModel({
    method,
    states,
    actions,
    critics,
    offsets,
    nextStates,
    probabilities: read("probabilities", Float64Array, outcomes),
    ambiguous: read("ambiguous", Uint8Array, pairs),
    residual: read("residual", Float64Array, pairs),
    margin: read("margin", Float64Array, pairs),
  });
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0;
}
