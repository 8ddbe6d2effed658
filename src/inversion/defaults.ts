/** What options are where they are not given. */
export const defaults = {
  /** States that are visited with the critic's policy, and the share of random actions meanwhile. */
  visiting: { samples: 2000, epsilon: 0.3 },
  /** The linear structure: Huber's bound in scales of the residuals, the ridge on standardised weights, rounds of Gauss-Newton. */
  structured: { huber: 2, ridge: 0.01, iterations: 40 },
  /** Pair by pair; `reach` is calibrated. */
  pointwise: { starts: 3, iterations: 20, huber: 3 },
  /** Pair by pair with a covariance each; `reach` and `noise` are calibrated. */
  pointwiseNoise: { starts: 1, iterations: 60, huber: 3 },
  /** An ensemble of networks, trained by Adam. */
  network: { members: 3, steps: 1500, batch: 256, rate: 5e-3, huber: 2, decay: 1e-4 },
  /** The network of a critic that values coordinates, which starts as the critic's own. */
  coordinates: { members: 1, steps: 5000, batch: 512, rate: 1e-3, huber: 1, decay: 0 },
} as const;
