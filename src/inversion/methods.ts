/** How next states are solved for: tables by the first two, networks by the others. */
export const methods = ["matching", "projection", "amortised", "network", "pointwise"] as const;

export type Method = (typeof methods)[number];
