/** r(s, a) of n transitions that do not end the episode, in the environment's units; states [n, d], actions [n, m]. */
export type Rewards = (states: Float64Array, actions: Float64Array, n: number, out: Float64Array) => void;
