import { matmul, reshape, slice, unsqueeze, type Value } from "../engine/index.ts";
import { flatDimension, type Space, sortedKeys } from "../spaces/space.ts";
import type { Head, NetworkCritic } from "./critic.ts";
import { definitionOf, networkCritic } from "./network-critic.ts";

export interface WithGoalsOptions {
  /** "mean": one head a goal, the mean over the critic's own heads (twins, quantiles). "heads": goals × heads. Default "mean". */
  readonly combine?: "mean" | "heads";
}

/**
 * Ask one goal-conditioned critic about many goals at once: every goal is a head, hence an equation on the same next state.
 * Its observation is the Dict without `desired_goal` (sorted keys: achieved_goal, observation).
 * @param goals [G][g] in the units of achieved_goal
 * @throws TypeError for a critic that is not goal-conditioned
 */
export function withGoals(critic: NetworkCritic, goals: readonly (readonly number[])[], options: WithGoalsOptions = {}): NetworkCritic {
  const { combine = "mean" } = options;
  const definition = definitionOf(critic);
  const space = critic.observationSpace;
  if (!definition || space.kind !== "dict" || !("desired_goal" in space.spaces)) {
    throw new TypeError(`${critic.name} is not goal-conditioned: its observation has no 'desired_goal'`);
  }
  const width = flatDimension(space.spaces.desired_goal);
  if (goals.length === 0) throw new RangeError("withGoals needs at least one goal");
  goals.forEach((goal, i) => {
    if (goal.length !== width) throw new RangeError(`goal ${i} has ${goal.length} numbers, not ${width}`);
  });
  const spaces: Record<string, Space> = Object.fromEntries(Object.entries(space.spaces).filter(([key]) => key !== "desired_goal"));
  const flatGoals = Float64Array.from(goals.flat());
  const k = critic.heads.length;
  const average = new Float64Array(k).fill(1 / k);

  /** Pieces in the critic's own order; what comes from the state is [N, 1, o_i], the goals [1, G, g]. */
  const pieces = (observation: readonly Value[]): Value[] => {
    const flat = observation.length === 1 ? observation[0] : undefined;
    if (!flat) throw new TypeError("a critic with goals takes its observation in one piece");
    let at = 0;
    return sortedKeys(space).map((key) => {
      if (key === "desired_goal") return flat.graph.constant(flatGoals, [1, goals.length, width]);
      const size = flatDimension(space.spaces[key]);
      at += size;
      return unsqueeze(slice(flat, at - size, at, flat.shape.length - 1), [flat.shape.length - 1]);
    });
  };
  /** [N, G, k] → [N, heads] */
  const finish = (values: Value): Value => {
    const batch = values.shape.slice(0, -2);
    if (combine === "heads") return reshape(values, [...batch, goals.length * k]);
    const mean = k === 1 ? values : matmul(values, values.graph.constant(average, [k, 1]));
    return reshape(mean, [...batch, goals.length]);
  };

  return networkCritic({
    ...definition,
    name: `${definition.name} with ${goals.length} goals`,
    heads: goals.flatMap((goal, g) =>
      (combine === "heads" ? definition.heads : definition.heads.slice(0, 1)).map(
        (head): Head => ({
          ...head,
          name: combine === "heads" ? `goal ${g} ${head.name}` : `goal ${g}`,
          goal,
        }),
      ),
    ),
    observationSpace: { kind: "dict", spaces },
    actionValues: (observation, action) =>
      finish(definition.actionValues(pieces(observation), unsqueeze(action, [action.shape.length - 1]))),
    stateValues: (observation) => finish(definition.stateValues(pieces(observation))),
    rewards: undefined,
    policy: undefined,
  });
}
