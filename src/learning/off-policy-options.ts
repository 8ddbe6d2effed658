import type { LearnerOptions } from "./learner.ts";

/** What every learner with a replay memory takes. */
export interface OffPolicyOptions extends LearnerOptions {
  /** Transitions kept. */
  readonly capacity?: number;
  /** Steps before the first update. */
  readonly starts?: number;
  readonly updatesPerStep?: number;
  /** n of n-step returns. */
  readonly lookahead?: number;
  /** τ of the target networks' Polyak averaging. */
  readonly targetRate?: number;
  /** Between layers, by its class name in torch.nn (ReLU). */
  readonly activation?: string;
  /** Normalise before every activation (Ba et al. 2016). */
  readonly normalised?: boolean;
}

/** Of actors and critics; their own files add to it. */
export const ACTOR_CRITIC_DEFAULTS = {
  discount: 0.99,
  hidden: [128, 128],
  batch: 128,
  rate: 1e-3,
  lastRate: 0.3,
  copies: 1,
  threads: 1,
  capacity: 100_000,
  updatesPerStep: 1,
  lookahead: 1,
};
