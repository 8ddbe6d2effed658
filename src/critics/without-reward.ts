import { MismatchError } from "../base/mismatch-error.ts";
import { concat, matmul, type Value } from "../engine/index.ts";
import type { Head, NetworkCritic } from "./critic.ts";
import { networkCritic } from "./network-critic.ts";

/** Some heads of a critic whose heads have cumulants of their own. */
function only(critic: NetworkCritic, kept: readonly number[]): NetworkCritic {
  const { heads } = critic;
  const chosen = new Float64Array(heads.length * kept.length);
  kept.forEach((from, to) => {
    chosen[from * kept.length + to] = 1;
  });
  const choose = (values: Value) => matmul(values, values.graph.constant(chosen, [heads.length, kept.length]));
  const whole = (pieces: readonly Value[]) => (pieces.length === 1 ? pieces[0] : concat(pieces, pieces[0].shape.length - 1));
  return networkCritic({
    ...critic,
    form: "values",
    heads: kept.map((i) => heads[i]),
    actionValues: (observation, action) => choose(critic.actionValueGraph(whole(observation), action)),
    stateValues: (observation) => choose(critic.stateValueGraph(whole(observation))),
    rewards: (observation, action) => choose(critic.rewardGraph!(whole(observation), action)),
    policy: critic.policyGraph && ((observation) => critic.policyGraph!(whole(observation))),
  });
}

/**
 * Heads that share an unknown reward, compared with each other so that it cancels: with c_ij = δ_ij − 1/K over the K heads of one discount and reward scale,
 *     Σ_j c_ij Q_j(s, a) = γ Σ_j c_ij V_j(s').
 * Where some heads have cumulants of their own, which are known, these remain. Else K equations less one remain of every such group; heads alone in theirs say nothing and are left out.
 * @throws MismatchError where no two heads share discount and reward scale, or heads have cumulants of their own
 */
export function withoutReward(critic: NetworkCritic): NetworkCritic {
  const { heads } = critic;
  if (critic.rewardGraph) {
    const own = heads.flatMap(({ cumulant }, i) => (cumulant === undefined ? [] : [i]));
    if (own.length === 0 || own.length === heads.length)
      throw new MismatchError(`${critic.name}: its heads have cumulants of their own, which are known`);
    return only(critic, own);
  }
  const kindOf = ({ discount, rewardScale }: Head) => `${discount} ${rewardScale}`;
  const groups = [...new Set(heads.map(kindOf))]
    .map((kind) => heads.flatMap((head, i) => (kindOf(head) === kind ? [i] : [])))
    .filter((members) => members.length > 1);
  if (groups.length === 0)
    throw new MismatchError(
      `${critic.name}: an unknown reward cancels only between heads of one discount, and it has no two: give the reward, or another critic of it`,
    );
  const members = groups.flat();
  const width = members.length;
  const centring = new Float64Array(heads.length * width);
  members.forEach((to, column) => {
    const group = groups.find((list) => list.includes(to))!;
    for (const from of group) centring[from * width + column] = Number(from === to) - 1 / group.length;
  });
  const centre = (values: ReturnType<NetworkCritic["stateValueGraph"]>) =>
    matmul(values, values.graph.constant(centring, [heads.length, width]));
  const { policyGraph } = critic;
  const whole = (pieces: readonly Parameters<NetworkCritic["stateValueGraph"]>[0][]) => {
    if (pieces.length !== 1) throw new TypeError(`${critic.name}: takes its observation in one piece`);
    return pieces[0];
  };
  return networkCritic({
    name: `${critic.name} without its reward`,
    algorithm: critic.algorithm,
    environment: critic.environment,
    heads: members.map((i) => ({ ...heads[i], rewardScale: 0, rewardOffset: 0, residual: undefined })),
    observationSpace: critic.observationSpace,
    actionSpace: critic.actionSpace,
    actionValues: (observation, action) => centre(critic.actionValueGraph(whole(observation), action)),
    stateValues: (observation) => centre(critic.stateValueGraph(whole(observation))),
    policy: policyGraph && ((observation) => policyGraph.call(critic, whole(observation))),
  });
}
