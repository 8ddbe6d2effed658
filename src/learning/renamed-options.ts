/** Options of learners by their names in 0.1.0, and what they are now. */
export const renamedOptions: Readonly<Record<string, string>> = {
  rate: "learningRate",
  lookahead: "nSteps",
  starts: "learningStarts",
  copies: "numEnvs",
  targetRate: "tau",
  capacity: "bufferSize",
  lastEpsilon: "explorationFinalEps",
  explorationPart: "explorationFraction",
  relabel: "nSampledGoal",
  normalised: "layerNorm",
  delay: "policyDelay",
  batch: "batchSize",
  rates: "learningRates",
  lastRate: "finalLearningRate",
};

/** Where a kept configuration holds options of learners; other parts have a `starts` of their own. */
const HOLDERS = ["settings", "phases", "training"];

/** Names that mean the same wherever they stand. */
const ANYWHERE = ["batch", "rates", "lastRate"];

/** A configuration that 0.1.0 kept, in today's names; what is in them already stays as it is. Keys keep their order. */
export function inTodaysNames(configuration: unknown, within = false): unknown {
  if (Array.isArray(configuration)) return configuration.map((entry) => inTodaysNames(entry, within));
  if (typeof configuration !== "object" || configuration === null) return configuration;
  return Object.fromEntries(
    Object.entries(configuration).map(([name, value]) => [
      (within || ANYWHERE.includes(name)) && Object.hasOwn(renamedOptions, name) ? renamedOptions[name] : name,
      inTodaysNames(value, within || HOLDERS.includes(name)),
    ]),
  );
}
