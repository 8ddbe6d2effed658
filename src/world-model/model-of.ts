import { continuousModel } from "./continuous.ts";
import type { ContinuousDefinition, DefinedModel } from "./definition.ts";
import { gaussianModel, isGaussian } from "./gaussian-model.ts";

/** The model of a definition: with a covariance of every answer where its solver says how next states scatter. */
export function modelOf(definition: ContinuousDefinition): DefinedModel {
  return isGaussian(definition) ? gaussianModel(definition) : continuousModel(definition);
}
