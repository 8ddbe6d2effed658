export { FormatError } from "./format-error.ts";
export { type LoadCriticOptions, loadCritic } from "./load-critic.ts";
export type { CheckpointCritic, CheckpointDetails } from "./stable-baselines3-critic.ts";
