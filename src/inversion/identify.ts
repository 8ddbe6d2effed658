import type { Critic } from "../critics/critic.ts";
import type { ContinuousIdentifiability } from "../identifiability/continuous.ts";
import type { TabularIdentifiability } from "../identifiability/tabular.ts";
import { type InferOptions, inferDynamics } from "./infer.ts";

/**
 * What critics can and cannot say of the next state, before anybody relies on an answer: rank, residual against signal, ties, bounds, and a verdict in words.
 * A network has to be solved to be judged, as its residual is known only at an answer.
 */
export async function identify(
  critics: Critic | readonly Critic[],
  options: InferOptions = {},
): Promise<ContinuousIdentifiability | TabularIdentifiability> {
  return (await inferDynamics(critics, options)).identifiability;
}
