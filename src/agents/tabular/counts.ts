/** Transitions counted, with rewards and ends told by the state that is reached. */
export class Counts {
  readonly states: number;
  readonly actions: number;
  /** [pairs] */
  readonly visits: Float64Array;
  /** Next states of each pair, and how often each came. */
  readonly next: number[][];
  readonly times: number[][];
  /** [states] what arriving pays where that ends an episode, NaN elsewhere */
  readonly arrival: Float64Array;

  constructor(states: number, actions: number) {
    this.states = states;
    this.actions = actions;
    this.visits = new Float64Array(states * actions);
    this.next = Array.from({ length: states * actions }, () => []);
    this.times = Array.from({ length: states * actions }, () => []);
    this.arrival = new Float64Array(states).fill(Number.NaN);
  }

  add(pair: number, reward: number, next: number, ended: boolean): void {
    this.visits[pair]++;
    const at = this.next[pair].indexOf(next);
    if (at < 0) {
      this.next[pair].push(next);
      this.times[pair].push(1);
    } else this.times[pair][at]++;
    if (ended) this.arrival[next] = reward;
  }

  /** Σ_s' n(s')/n [T(s') or γ V(s')] */
  value(pair: number, v: Float64Array, discount: number): number {
    const next = this.next[pair];
    const times = this.times[pair];
    let sum = 0;
    for (let j = 0; j < next.length; j++) {
      const end = this.arrival[next[j]];
      sum += times[j] * (!Number.isNaN(end) ? end : discount * v[next[j]]);
    }
    return sum / this.visits[pair];
  }
}

/**
 * Gauss–Seidel sweeps in both directions over V(s) = max_a Q(s, a) from V = 0 up.
 * @param q value of a pair under v
 */
export function sweepUp(
  v: Float64Array,
  actions: number,
  q: (pair: number, v: Float64Array) => number,
  tolerance = 1e-6,
  sweeps = 2000,
): void {
  v.fill(0);
  for (let n = 0; n < sweeps; n++) {
    let change = 0;
    for (let i = 0; i < v.length; i++) {
      const s = n % 2 ? v.length - 1 - i : i;
      let most = 0;
      for (let k = s * actions; k < (s + 1) * actions; k++) {
        const x = q(k, v);
        if (x > most) most = x;
      }
      const moved = Math.abs(most - v[s]);
      if (moved > change) change = moved;
      v[s] = most;
    }
    if (change < tolerance) return;
  }
}
