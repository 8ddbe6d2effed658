import { type GeneralValueFunctions, type GeneralValueParts, generalValueFunctions } from "../../critics/general-value-functions.ts";
import { follow } from "../../engine/adam.ts";
import { adam, Graph, mul, reduceMean, type State, sub, type Value } from "../../engine/index.ts";
import { packedInput } from "../../engine/pack.ts";
import { apply, type Layers } from "../layers.ts";

/** All of general value functions but their network. */
export type GeneralValueSettings = Omit<GeneralValueParts, "continuation">;

export interface GeneralValueGraphOptions {
  readonly layers: Layers;
  readonly parameters: State;
  readonly parts: GeneralValueSettings;
  readonly batch: number;
  readonly actionSize: number;
  /** Towards a copy, "slow", that follows "online"; otherwise the gradient goes through both sides (Baird's residual gradient, 1995). */
  readonly slowly: boolean;
}

/** Part of the way that the slow copy goes at every step. */
const POLYAK = 0.02;

export function valuesWith(parts: GeneralValueSettings, layers: Layers, inputs: Readonly<Record<string, Value>>): GeneralValueFunctions {
  return generalValueFunctions({ ...parts, continuation: (x) => apply(layers, inputs, x) });
}

/**
 * One update: "observations", "actions", "next observations" and "rate" in; "loss" and what moved out.
 * The loss is mean_i (1 − γ_i)(N_i(s, a) − V_i(s'))², N the value to come: long sums are larger, and so are their errors. With increments each head's
 * error counts in their unit.
 */
export function generalValueGraph({ layers, parameters, parts, batch, actionSize, slowly }: GeneralValueGraphOptions): Graph {
  const o = parts.centre.length;
  const cumulants = parts.phases.length;
  const graph = new Graph();
  const observations = graph.input("observations", [batch, o]);
  const actions = graph.input("actions", [batch, actionSize]);
  const next = graph.input("next observations", [batch, o]);
  const packed = packedInput(graph, "online", parameters);
  const slow = slowly ? packedInput(graph, "slow", parameters) : undefined;
  const online = valuesWith(parts, layers, packed.parts);
  const target = slow ? valuesWith(parts, layers, slow.parts) : online;
  const error = sub(online.continuation(observations, actions), target.stateValues([next]));
  const importance = parts.increments
    ? Array.from(parts.increments, (sigma) => 1 / sigma)
    : parts.discounts.flatMap((discount) => Array<number>(cumulants).fill(Math.sqrt(1 - discount)));
  const weighted = mul(error, graph.constant(importance));
  const loss = graph.output("loss", reduceMean(mul(weighted, weighted), null));
  const moved = adam(loss, { online: packed.vector }, graph.input("rate", [1]));
  if (slow) follow({ slow: slow.vector }, moved, () => "online", POLYAK);
  return graph;
}
