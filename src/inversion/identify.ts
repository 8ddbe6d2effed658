import type { Critic, NetworkCritic, StateValueCritic, TabularCritic } from "../critics/critic.ts";
import type { ContinuousIdentifiability } from "../identifiability/continuous.ts";
import type { TabularIdentifiability } from "../identifiability/tabular.ts";
import { inferDynamics } from "./infer.ts";
import type { ContinuousInferOptions, InferOptions, TabularInferOptions } from "./options.ts";

/**
 * What critics can and cannot say of the next state, before anybody relies on an answer: rank, residual against signal, ties, bounds, and a verdict in words.
 * A network has to be solved to be judged, as its residual is known only at an answer.
 * @throws as `inferDynamics` does
 */
export function identify(critics: TabularCritic | readonly TabularCritic[], options?: TabularInferOptions): Promise<TabularIdentifiability>;
export function identify(
  critics: NetworkCritic | StateValueCritic | readonly (NetworkCritic | StateValueCritic)[],
  options?: ContinuousInferOptions,
): Promise<ContinuousIdentifiability>;
export function identify(
  critics: Critic | readonly Critic[],
  options?: InferOptions,
): Promise<ContinuousIdentifiability | TabularIdentifiability>;
export async function identify(
  critics: Critic | readonly Critic[],
  options: InferOptions = {},
): Promise<ContinuousIdentifiability | TabularIdentifiability> {
  const { model, identifiability } = await inferDynamics(critics, options);
  if (model.kind === "continuous") await model.release();
  return identifiability;
}
