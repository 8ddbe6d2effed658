export { FormatError } from "./format-error.ts";
export { type CriticSource, type LoadCriticOptions, loadCritic, readCritic } from "./load-critic.ts";
export type { CheckpointCritic, CheckpointDetails } from "./stable-baselines3-critic.ts";
