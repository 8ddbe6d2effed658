export type { Critic, Head, NetworkCritic, Numbers, StateValueCritic, TabularCritic } from "./critic.ts";
export { type WithGoalsOptions, withGoals } from "./goal-conditioned.ts";
export { type NetworkDefinition, networkCritic } from "./network-critic.ts";
export type { PolicyDistribution } from "./policy-distribution.ts";
export { stack } from "./stack.ts";
export { type StateValueDefinition, stateValueCritic } from "./state-value.ts";
export { type TabularValues, tabularCritic } from "./tabular.ts";
