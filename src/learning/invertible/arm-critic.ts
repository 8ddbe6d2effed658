import { coordinateHeads } from "../../critics/coordinate-values.ts";
import type { NetworkCritic } from "../../critics/critic.ts";
import { restoreCritic, type SavedCritic } from "../../critics/saved.ts";
import type { Environment } from "../../environments/environment.ts";
import { armEncoding, armImportance } from "./arm-encoding.ts";
import { type CoordinateTraining, type CoordinateTransitions, trainCoordinateValues } from "./coordinate-values.ts";

/** Numbers of the goals that an observation begins with: no value of a coordinate depends on them. */
const GOALS = 6;

export interface ArmCriticOptions extends Omit<CoordinateTraining, "encoding" | "importance"> {
  readonly discounts: readonly number[];
  /** Transitions that training does not see: what the critic leaves of Bellman's equation is measured there. */
  readonly held: CoordinateTransitions;
  /** For people: kept with the critic. */
  readonly made?: Readonly<Record<string, unknown>>;
}

/** Values of the 15 coordinates of ArmPickAndPlace-v0 under the behaviour that made the transitions. */
export async function trainArmCritic(environment: Environment, options: ArmCriticOptions): Promise<SavedCritic> {
  const { discounts, held, made } = options;
  const encoding = armEncoding();
  const networks = await trainCoordinateValues({ ...options, encoding, importance: armImportance });
  const { names } = environment.coordinates!;
  const name = `${environment.id} coordinates`;
  const critic: SavedCritic = {
    name,
    algorithm: "GVF",
    environment: environment.id,
    heads: coordinateHeads(name, names, discounts),
    observationSpace: environment.observationSpace,
    actionSpace: environment.actionSpace,
    values: { kind: "coordinate-values", encoding, indices: names.map((_, j) => GOALS + j), discounts, ...networks },
    made,
  };
  const residual = await residuals(restoreCritic(critic) as NetworkCritic, held);
  return { ...critic, heads: critic.heads.map((head, i) => ({ ...head, residual: residual[i] })) };
}

/** RMS over transitions of V_i(s') − (Q_i(s, a) − r_i(s))/γ_i, a head at a time. */
async function residuals(critic: NetworkCritic, { n, states, actions, nextStates }: CoordinateTransitions): Promise<Float64Array> {
  const d = states.length / n;
  const k = critic.heads.length;
  const observed = (of: Float32Array) => {
    const out = new Float64Array(n * (GOALS + d));
    for (let b = 0; b < n; b++) out.set(of.subarray(b * d, (b + 1) * d), b * (GOALS + d) + GOALS);
    return out;
  };
  const q = await critic.actionValues(observed(states), actions);
  const v = await critic.stateValues(observed(nextStates));
  const sums = new Float64Array(k);
  for (let at = 0; at < n * k; at++) {
    const { discount } = critic.heads[at % k];
    const reward = (1 - discount) * states[Math.floor(at / k) * d + ((at % k) % d)];
    sums[at % k] += (v[at] - (q[at] - reward) / discount) ** 2 / n;
  }
  return sums.map(Math.sqrt);
}
