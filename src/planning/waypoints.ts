import type { Random } from "../numbers/random.ts";
import { PlanningError } from "./errors.ts";
import type { ContinuousPolicy } from "./policy.ts";
import type { StepCost } from "./shooting.ts";
import type { Simulator } from "./simulator.ts";

/**
 * How a waypoint is followed: a small feedback law that the plan runs inside the model as it will outside.
 * A waypoint has `size` numbers within `low` and `high`; of those in `switches` only the sign matters (an open or closed hand), and their bounds are ignored.
 */
export interface WaypointControl {
  /** q */
  readonly size: number;
  /** m */
  readonly actionSize: number;
  /** [q] */
  readonly low: ArrayLike<number>;
  readonly high: ArrayLike<number>;
  readonly switches: readonly boolean[];
  /** Write actions [n, m] that go from `states` [n, d] (d = states.length / n) towards `waypoints` [n, q]. */
  follow(states: Float64Array, waypoints: Float64Array, n: number, out: Float64Array): void;
}

/** What is wanted in one episode. Both functions see states as the model has them, [n, d] with d = states.length / n. */
export interface WaypointTask {
  readonly cost: StepCost;
  /** Places worth proposing from a state [d]: the entries of a waypoint that are no switches, one place after the other. May be empty. */
  proposals(state: Float64Array): ArrayLike<number>;
}

export interface WaypointOptions {
  readonly random: Random;
  readonly control: WaypointControl;
  /** Waypoints in a plan, and steps for which each is followed: the horizon is their product (3 of 4). */
  readonly knots?: number;
  readonly hold?: number;
  readonly population?: number;
  readonly iterations?: number;
  readonly elites?: number;
  /** Weight of the cost of step t: γ^t (0.9). */
  readonly discount?: number;
  /** First standard deviation of the search, its least, and that around proposals and the best plan, in the units of waypoints (0.06, 0.004, 0.006). */
  readonly spread?: number;
  readonly narrowest?: number;
  readonly jitter?: number;
}

/** Plans [E, knots, q] of E episodes and the cost [E] that the model expects of each. */
export interface WaypointPlans {
  readonly plans: Float64Array;
  readonly costs: Float64Array;
}

export interface WaypointPlanner {
  readonly control: WaypointControl;
  readonly knots: number;
  readonly hold: number;
  /** The model's. */
  readonly stateSize: number;
  /**
   * Plan E episodes at once: all their candidates are one batch of the model.
   * @param states flat [E, d] @param tasks one an episode
   * @param before plans [E, knots, q] to start from, see `advance`; without it the search starts at the first proposal
   */
  plan(states: Float64Array, tasks: readonly WaypointTask[], before?: Float64Array): Promise<WaypointPlans>;
  /** What is left of plans after their first `steps` steps, the last waypoint repeated. */
  advance(plans: Float64Array, steps: number): Float64Array;
  /** The actions [E, m] that plans take in `states` [E, d] at their first step. */
  act(states: Float64Array, plans: Float64Array): Float64Array;
  /** States that the model expects on the way: flat [E, knots · hold + 1, d]. */
  imagine(states: Float64Array, plans: Float64Array): Promise<Float64Array>;
}

const DEFAULTS = {
  knots: 3,
  hold: 4,
  population: 192,
  iterations: 3,
  elites: 16,
  discount: 0.9,
  spread: 0.06,
  narrowest: 0.004,
  jitter: 0.006,
};
/** Deviations of switches, whose size means nothing. */
const SWITCH = { spread: 1, narrowest: 0.3 };
/** Share of the first population that is drawn at proposals, and of later ones around the best plan so far. */
const PROPOSED = 5 / 8;
const NEAR_BEST = 1 / 4;

/**
 * The cross-entropy method (Rubinstein 1999) over waypoints instead of actions: a plan is a few places, each followed for several steps by a feedback law, so that
 * a search of a dozen numbers covers a long horizon and the hand does not jitter. Switches are never averaged into the half-open: only their sign acts.
 * Where the model ends an episode, the plan costs nothing more.
 */
export function planWaypoints(model: Simulator, options: WaypointOptions): WaypointPlanner {
  const { random, control, ...settings } = { ...DEFAULTS, ...options };
  const { knots, hold, population, iterations, elites, discount, spread, narrowest, jitter } = settings;
  const { size: q, actionSize: m, switches } = control;
  const d = model.stateSize;
  const size = knots * q;
  const places = switches.flatMap((flag, j) => (flag ? [] : [j]));
  const spreadOf = Float64Array.from({ length: size }, (_, i) => (switches[i % q] ? SWITCH.spread : spread));
  const leastOf = Float64Array.from({ length: size }, (_, i) => (switches[i % q] ? SWITCH.narrowest : narrowest));
  const confine = (x: number, j: number) => (switches[j] ? x : Math.min(control.high[j], Math.max(control.low[j], x)));
  let buffers = buffersFor(0);

  function buffersFor(episodes: number) {
    const n = episodes * population;
    return {
      n,
      plans: new Float64Array(n * size),
      waypoints: new Float64Array(n * q),
      actions: new Float64Array(n * m),
      costs: new Float64Array(n),
      step: new Float64Array(n),
      over: new Uint8Array(n),
    };
  }

  const firstMean = (proposals: readonly Float64Array[]) => {
    const mean = new Float64Array(proposals.length * size);
    for (let i = 0; i < mean.length; i++) {
      const j = i % q;
      const offered = proposals[Math.floor(i / size)];
      const middle = (control.low[j] + control.high[j]) / 2;
      mean[i] = switches[j] ? 0 : offered.length > 0 ? confine(offered[places.indexOf(j)], j) : middle;
    }
    return mean;
  };

  const draw = (
    e: number,
    iteration: number,
    mean: Float64Array,
    deviation: Float64Array,
    best: Float64Array,
    proposals: ArrayLike<number>,
  ) => {
    const { plans } = buffers;
    const offered = proposals.length / places.length;
    const firstProposed = iteration === 0 && offered > 0 ? Math.ceil(population * (1 - PROPOSED)) : population;
    const firstNear = iteration > 0 ? Math.ceil(population * (1 - NEAR_BEST)) : population;
    for (let b = 0; b < population; b++) {
      const at = (e * population + b) * size;
      for (let i = 0; i < size; i++) {
        const j = i % q;
        let x: number;
        // the first plan is the mean itself, the second the best so far
        if (b === 0) x = mean[e * size + i];
        else if (iteration > 0 && (b === 1 || b >= firstNear))
          x = best[e * size + i] + (b === 1 || switches[j] ? 0 : jitter * random.normal());
        else x = mean[e * size + i] + deviation[e * size + i] * random.normal();
        plans[at + i] = confine(x, j);
      }
      if (b < firstProposed) continue;
      for (let knot = 0; knot < knots; knot++) {
        const from = random.integer(offered) * places.length;
        for (let j = 0; j < q; j++) if (switches[j]) plans[at + knot * q + j] = random.normal();
        places.forEach((j, p) => {
          plans[at + knot * q + j] = confine(proposals[from + p] + jitter * random.normal(), j);
        });
      }
    }
  };

  const evaluate = async (states: Float64Array, tasks: readonly WaypointTask[]) => {
    const { n, plans, waypoints, actions, costs, step, over } = buffers;
    let now: Float64Array = new Float64Array(n * d);
    for (let b = 0; b < n; b++) {
      const from = Math.floor(b / population) * d;
      for (let j = 0; j < d; j++) now[b * d + j] = states[from + j];
    }
    costs.fill(0);
    over.fill(0);
    let weight = 1;
    for (let t = 0; t < knots * hold; t++) {
      const knot = Math.floor(t / hold);
      for (let b = 0; b < n; b++) for (let j = 0; j < q; j++) waypoints[b * q + j] = plans[b * size + knot * q + j];
      control.follow(now, waypoints, n, actions);
      const { nextStates, ended } = await model.step(now, actions, n);
      now = nextStates;
      step.fill(0);
      tasks.forEach((task, e) => {
        const [from, to] = [e * population, (e + 1) * population];
        task.cost(now.subarray(from * d, to * d), actions.subarray(from * m, to * m), population, t, step.subarray(from, to));
      });
      for (let b = 0; b < n; b++) if (!over[b]) costs[b] += weight * step[b];
      if (ended) for (let b = 0; b < n; b++) over[b] |= ended[b];
      weight *= discount;
    }
  };

  return {
    control,
    knots,
    hold,
    stateSize: d,
    async plan(states, tasks, before) {
      const episodes = tasks.length;
      if (states.length !== episodes * d)
        throw new PlanningError("OPTION", `plan: ${episodes} tasks need states [${episodes}, ${d}], got ${states.length} numbers`, {
          field: "states",
        });
      if (buffers.n !== episodes * population) buffers = buffersFor(episodes);
      const proposals = tasks.map((task, e) => Float64Array.from(task.proposals(states.slice(e * d, (e + 1) * d))));
      const mean = before?.slice() ?? firstMean(proposals);
      const deviation = Float64Array.from(mean, (_, i) => spreadOf[i % size]);
      const best = mean.slice();
      const least = new Float64Array(episodes).fill(Number.POSITIVE_INFINITY);
      const order = new Int32Array(population);
      for (let iteration = 0; iteration < iterations; iteration++) {
        for (let e = 0; e < episodes; e++) draw(e, iteration, mean, deviation, best, proposals[e]);
        await evaluate(states, tasks);
        const { plans, costs } = buffers;
        for (let e = 0; e < episodes; e++) {
          const own = costs.subarray(e * population, (e + 1) * population);
          for (let b = 0; b < population; b++) order[b] = b;
          order.sort((a, b) => own[a] - own[b] || a - b);
          const planAt = (b: number) => (e * population + b) * size;
          if (own[order[0]] < least[e]) {
            least[e] = own[order[0]];
            best.set(plans.subarray(planAt(order[0]), planAt(order[0]) + size), e * size);
          }
          for (let i = 0; i < size; i++) {
            let [sum, squares] = [0, 0];
            for (let r = 0; r < elites; r++) {
              const x = plans[planAt(order[r]) + i];
              sum += x;
              squares += x * x;
            }
            const centre = sum / elites;
            mean[e * size + i] = centre;
            deviation[e * size + i] = Math.max(leastOf[i], Math.sqrt(Math.max(0, squares / elites - centre * centre)));
          }
        }
      }
      return { plans: best, costs: least };
    },
    advance(plans, steps) {
      const out = new Float64Array(plans.length);
      for (let at = 0; at < plans.length; at += size)
        for (let knot = 0; knot < knots; knot++) {
          // the step that the knot now begins at
          const from = Math.min(knots - 1, Math.floor((knot * hold + steps) / hold));
          for (let j = 0; j < q; j++) out[at + knot * q + j] = plans[at + from * q + j];
        }
      return out;
    },
    act(states, plans) {
      const episodes = plans.length / size;
      const first = new Float64Array(episodes * q);
      for (let e = 0; e < episodes; e++) for (let j = 0; j < q; j++) first[e * q + j] = plans[e * size + j];
      const actions = new Float64Array(episodes * m);
      control.follow(states, first, episodes, actions);
      return actions;
    },
    async imagine(states, plans) {
      const episodes = plans.length / size;
      const steps = knots * hold;
      const path = new Float64Array(episodes * (steps + 1) * d);
      const waypoints = new Float64Array(episodes * q);
      const actions = new Float64Array(episodes * m);
      let now: Float64Array = states.slice();
      for (let t = 0; ; t++) {
        for (let e = 0; e < episodes; e++) path.set(now.subarray(e * d, (e + 1) * d), (e * (steps + 1) + t) * d);
        if (t === steps) return path;
        const knot = Math.floor(t / hold);
        for (let e = 0; e < episodes; e++) for (let j = 0; j < q; j++) waypoints[e * q + j] = plans[e * size + knot * q + j];
        control.follow(now, waypoints, episodes, actions);
        now = (await model.step(now, actions, episodes)).nextStates;
      }
    },
  };
}

/** A policy that plans anew every `every` steps (2) and follows its plan between, for one episode at a time. */
export function waypointPolicy(planner: WaypointPlanner, task: WaypointTask, every = 2): ContinuousPolicy {
  let plans: Float64Array | undefined;
  let age = 0;
  return {
    kind: "continuous",
    reset() {
      plans = undefined;
      age = 0;
    },
    async act(state) {
      const states = Float64Array.from(state);
      if (!plans || age % every === 0) {
        plans = (await planner.plan(states, [task], plans && planner.advance(plans, every))).plans;
        age = 0;
      }
      age++;
      return planner.act(states, plans);
    },
  };
}
