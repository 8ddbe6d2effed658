export { type Algorithm, algorithms } from "./deep/algorithms.ts";
export { type DqnOptions, dqn } from "./deep/dqn.ts";
export { type QrDqnOptions, qrDqn } from "./deep/qr-dqn.ts";
export { type SacOptions, sac } from "./deep/sac.ts";
export { ddpg, type Td3Options, td3 } from "./deep/td3.ts";
export { LearningError } from "./errors.ts";
export type { Learner, LearnerOptions } from "./learner.ts";
