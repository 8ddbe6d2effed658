export type { Critic, Head, NetworkCritic, Numbers, TabularCritic } from "./critic.ts";
export { type WithGoalsOptions, withGoals } from "./goal-conditioned.ts";
export { type NetworkDefinition, networkCritic } from "./network-critic.ts";
export { stack } from "./stack.ts";
export { type TabularValues, tabularCritic } from "./tabular.ts";
