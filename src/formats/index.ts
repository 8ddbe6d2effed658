export { type SaveCriticOptions, saveCritic } from "./critic-folder.ts";
export { FormatError } from "./format-error.ts";
export { type CriticSource, type LoadCriticOptions, loadCritic, readCritic } from "./load-critic.ts";
export type { CheckpointCritic, CheckpointDetails } from "./stable-baselines3-critic.ts";
export type { StateDictOptions } from "./state-dict-critic.ts";
export { readTransitions, type TransitionFile } from "./transitions.ts";
export { criticNpz, criticOnnx, type OnnxOptions, savedForm } from "./write-critic.ts";
