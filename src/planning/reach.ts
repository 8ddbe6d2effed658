import type { Random } from "../numbers/random.ts";
import type { ContinuousPolicy } from "./policy.ts";
import type { Simulator } from "./simulator.ts";

export interface ReachProblem {
  readonly model: Simulator;
  /** [choices, m] actions that a plan may hold: all of a Discrete space, corners and middle of a Box */
  readonly choices: Float64Array;
  /** m */
  readonly actionSize: number;
  /** Write to `out` [n] how far states [n, d] are from the goal: negative within it, and the deeper the more so. */
  distance(states: Float64Array, n: number, out: Float64Array): void;
  /** Write 1 to `out` [n] where all is lost in states [n, d], else 0: plans do not go through there. Where the model ends an episode, plans end without loss. */
  lost?(states: Float64Array, n: number, out: Uint8Array): void;
  /** Most steps of a plan. */
  readonly horizon: number;
  /** Depth within the goal that a plan must get to, for the errors of the model; 0 when absent. */
  readonly margin?: number;
}

export interface ReachOptions {
  readonly random: Random;
  /** Plans of a round. */
  readonly population?: number;
  /** Rounds of the first search, and of each after it, which begins with what is left of the last plan. */
  readonly rounds?: number;
  readonly later?: { readonly population: number; readonly rounds: number };
  /** Actions held one after another in a plan. */
  readonly segments?: number;
}

/** Share of plans that are drawn anew in each round, and of those that the others are drawn from. */
const [FRESH, KEPT] = [0.25, 0.1];

/**
 * Fewest steps into a goal. Time-optimal control of a system whose action enters linearly is bang-bang with few switches (Pontryagin's maximum principle), so plans hold an action, then another: a
 * (μ + λ) evolution strategy (Rechenberg 1973) over which, and for how long. A plan of T steps in hand, it looks for those that come nearest to the goal in fewer than T.
 */
export function reachGoal(problem: ReachProblem, options: ReachOptions): ContinuousPolicy {
  const { model, choices, actionSize: m, horizon, margin = 0 } = problem;
  const { random, population = 384, rounds = 8, later = { population: 96, rounds: 1 }, segments = 4 } = options;
  const d = model.stateSize;
  const count = choices.length / m;
  const most = Math.max(population, later.population);
  const width = 2 * segments;
  /** [most, segments] of (choice, steps) */
  let genes = new Int32Array(most * width);
  let kept = new Int32Array(most * width);
  const best = new Int32Array(width);
  let planned = false;
  const away = new Float64Array(most);
  const least = new Float64Array(most);
  const first = new Int32Array(most);
  const [lost, dead] = [new Uint8Array(most), new Uint8Array(most)];

  const steps = () => 1 + Math.floor(horizon ** random.uniform());
  const draw = (at: number) => {
    for (let g = at; g < at + width; g += 2) {
      genes[g] = random.integer(count);
      genes[g + 1] = steps();
    }
  };
  const mutate = (from: Int32Array, source: number, at: number) => {
    for (let g = 0; g < width; g++) genes[at + g] = from[source + g];
    for (let changes = 1 + random.integer(2); changes > 0; changes--) {
      const g = at + 2 * random.integer(segments);
      const kind = random.integer(4);
      if (kind === 0) genes[g] = random.integer(count);
      else if (kind === 1) genes[g + 1] = steps();
      else {
        const shift = (1 + Math.floor(6 ** random.uniform() - 1)) * (random.integer(2) === 0 ? 1 : -1);
        genes[g + 1] = Math.max(0, genes[g + 1] + shift);
        // the other switches stay where they are in time
        if (kind === 3 && g + 3 < at + width) genes[g + 3] = Math.max(0, genes[g + 3] - shift);
      }
    }
  };

  /** Follow n plans for at most `bound` steps, or until one is in the goal: `least` distances, and `first` steps into the goal. */
  const follow = async (state: ArrayLike<number>, n: number, bound: number): Promise<void> => {
    let states: Float64Array = new Float64Array(n * d);
    for (let b = 0; b < n; b++) for (let j = 0; j < d; j++) states[b * d + j] = state[j];
    const actions = new Float64Array(n * m);
    const [part, left] = [new Int32Array(n), Int32Array.from({ length: n }, (_, b) => genes[b * width + 1])];
    least.fill(Number.POSITIVE_INFINITY, 0, n);
    first.fill(bound + 1, 0, n);
    dead.fill(0, 0, n);
    let arrived = false;
    for (let t = 1; t <= bound && !arrived; t++) {
      for (let b = 0; b < n; b++) {
        while (left[b] === 0 && part[b] < segments - 1) left[b] = genes[b * width + 2 * ++part[b] + 1];
        if (left[b] > 0) left[b]--;
        const choice = genes[b * width + 2 * part[b]];
        for (let j = 0; j < m; j++) actions[b * m + j] = choices[choice * m + j];
      }
      const step = await model.step(states, actions, n);
      states = step.nextStates;
      problem.distance(states, n, away);
      problem.lost?.(states, n, lost);
      for (let b = 0; b < n; b++) {
        // the longer a plan lives, the better
        if (lost[b] && !dead[b]) least[b] = Number.MAX_VALUE / (1 + t);
        dead[b] |= lost[b];
        if (dead[b]) continue;
        if (away[b] < least[b]) least[b] = away[b];
        if (step.ended?.[b]) dead[b] = 1;
        if (away[b] >= -margin || first[b] <= bound) continue;
        first[b] = t;
        arrived = true;
      }
    }
  };

  const search = async (state: ArrayLike<number>, n: number, generations: number): Promise<void> => {
    const parents = Math.max(2, Math.round(KEPT * n));
    const order = Array.from({ length: n }, (_, b) => b);
    let bound = horizon;
    let nearest = Number.POSITIVE_INFINITY;
    let found = false;
    for (let b = 0; b < n; b++)
      if (!planned || b >= (1 - FRESH) * n) draw(b * width);
      else if (b === 0) genes.set(best, 0);
      else mutate(best, 0, b * width);
    for (let generation = 0; generation <= generations && bound > 0; generation++) {
      await follow(state, n, bound);
      order.sort((a, b) => first[a] - first[b] || least[a] - least[b] || a - b);
      const [winner] = order;
      const arrives = first[winner] <= bound;
      if (arrives || (!found && least[winner] < nearest)) {
        for (let g = 0; g < width; g++) best[g] = genes[winner * width + g];
        found ||= arrives;
        nearest = least[winner];
        if (arrives) bound = first[winner] - 1;
      }
      if (generation === generations) break;
      [genes, kept] = [kept, genes];
      for (let b = 0; b < n; b++)
        if (b < parents) for (let g = 0; g < width; g++) genes[b * width + g] = kept[order[b] * width + g];
        else if (b >= (1 - FRESH) * n) draw(b * width);
        else mutate(kept, order[random.integer(parents)] * width, b * width);
    }
    planned = true;
  };

  return {
    kind: "continuous",
    reset() {
      planned = false;
    },
    async act(state) {
      await (planned ? search(state, later.population, later.rounds) : search(state, population, rounds));
      let part = 0;
      while (best[2 * part + 1] === 0 && part < segments - 1) part++;
      if (best[2 * part + 1] > 0) best[2 * part + 1]--;
      return choices.slice(best[2 * part] * m, (best[2 * part] + 1) * m);
    },
  };
}
