import { applyNetwork } from "../../critics/network.ts";
import type { SavedCritic } from "../../critics/saved.ts";
import { stepsAfter } from "../../critics/steps-to-go.ts";
import { compile, Graph } from "../../engine/index.ts";
import type { Physics } from "../../environments/environment.ts";
import { SPARSE_DISCOUNT } from "../sparse-goals.ts";

/** How far states are from what is wanted, and where all is lost. */
export interface GoalOfStates {
  /** Write to `out` [n], negative within the goal. @param states [n, d] */
  distance(states: Float64Array, n: number, out: Float64Array): void;
  /** Write 1 to `out` [n] where the episode ends and pays nothing, else 0. */
  end?(states: Float64Array, n: number, out: Uint8Array): void;
}

/** Steps that an old policy is followed for before it counts as missing the goal. */
const FOLLOWED = 80;

/**
 * Returns [n] of generalised policy improvement (Barreto et al. 2017), argmax_a max_i Q^{π_i}(s, a), over a critic's greedy policies π_i for its old goals. Successor features would estimate Q^{π_i} of the
 * new goal; here it is what the true laws give, the most that features could.
 * @param starts [n, d]
 */
export async function improvedReturns(
  saved: SavedCritic,
  physics: Physics,
  goal: GoalOfStates,
  starts: Float64Array,
  n: number,
): Promise<Float64Array> {
  const { values } = saved;
  if (values.kind !== "steps-to-go") throw new TypeError(`${saved.name} is no critic of steps to go`);
  const { start, n: actions } = physics.actionSpace as { readonly start: number; readonly n: number };
  const { encoding, goals, network } = values;
  const [o, d, g] = [encoding.centre.length, physics.coordinates.names.length, goals.length];
  const graph = new Graph();
  graph.output(
    "k",
    stepsAfter({ encoding, goals, actions, network: (x) => applyNetwork(network, x) }, graph.input("observations", ["N", o])),
  );
  const session = await compile(graph, { chunk: 1024, threads: 1 });

  /** Action of policy i for each row. */
  const act = async (states: Float64Array, policy: Int32Array): Promise<Float64Array> => {
    const rows = policy.length;
    const observations = new Float64Array(rows * o);
    physics.observations(states, rows, observations);
    const k = (await session.run({ observations })).k.data as Float32Array;
    return Float64Array.from(policy, (i, b) => {
      let best = 0;
      for (let a = 1; a < actions; a++) if (k[(b * actions + a) * g + i] < k[(b * actions + best) * g + i]) best = a;
      return start + best;
    });
  };
  const move = (states: Float64Array, moves: Float64Array) => {
    const rows = moves.length;
    const nextStates = new Float64Array(rows * d);
    physics.step(states, moves, rows, { nextStates, rewards: new Float64Array(rows), terminated: new Uint8Array(rows) });
    const [away, ended] = [new Float64Array(rows), new Uint8Array(rows)];
    goal.distance(nextStates, rows, away);
    goal.end?.(nextStates, rows, ended);
    return { nextStates, lost: ended, arrived: Uint8Array.from(away, (x, b) => (x < 0 && !ended[b] ? 1 : 0)) };
  };

  const returns = new Float64Array(n);
  let alive = Array.from({ length: n }, (_, b) => b);
  let states = starts.slice(0, n * d);
  for (let t = 0; t < 1.5 * FOLLOWED && alive.length > 0; t++) {
    // every action, then every old policy, from every state
    const fan = actions * g;
    const rows = alive.length * fan;
    const steps = new Int32Array(rows).fill(2 * FOLLOWED);
    let following = Array.from({ length: rows }, (_, row) => row);
    let places: Float64Array = Float64Array.from({ length: rows * d }, (_, i) => states[Math.floor(i / (fan * d)) * d + (i % d)]);
    let moves = Float64Array.from(following, (row) => start + (Math.floor(row / g) % actions));
    for (let step = 1; step <= FOLLOWED && following.length > 0; step++) {
      const { nextStates, arrived, lost } = move(places, moves);
      const going: number[] = [];
      following.forEach((row, b) => {
        if (arrived[b]) steps[row] = step;
        else if (!lost[b]) going.push(b);
      });
      places = Float64Array.from({ length: going.length * d }, (_, i) => nextStates[going[Math.floor(i / d)] * d + (i % d)]);
      following = going.map((b) => following[b]);
      if (following.length > 0)
        moves = (await act(
          places,
          Int32Array.from(following, (row) => row % g),
        )) as Float64Array<ArrayBuffer>;
    }
    const chosen = Float64Array.from(alive, (_, b) => {
      let best = b * fan;
      for (let row = b * fan; row < (b + 1) * fan; row++) if (steps[row] < steps[best]) best = row;
      return start + (Math.floor(best / g) % actions);
    });
    const { nextStates, arrived, lost } = move(states, chosen);
    const going: number[] = [];
    alive.forEach((start, b) => {
      if (arrived[b]) returns[start] = SPARSE_DISCOUNT ** t;
      else if (!lost[b]) going.push(b);
    });
    states = Float64Array.from({ length: going.length * d }, (_, i) => nextStates[going[Math.floor(i / d)] * d + (i % d)]);
    alive = going.map((b) => alive[b]);
  }
  await session.release();
  return returns;
}
