import type { Critic, Head } from "../../critics/critic.ts";
import type { CheckpointDetails } from "../../formats/index.ts";
import { type Box, flatDimension, type Space } from "../../spaces/space.ts";
import { alignColumns } from "./columns.ts";
import { networkSizes } from "./network-sizes.ts";

/** Heads that differ only in a number or a goal. */
export interface HeadGroup {
  readonly name: string;
  readonly critic: string;
  readonly count: number;
  readonly discount: number;
  readonly rewardScale: number;
  readonly goals: number;
}

export interface CriticDescription {
  readonly file: string;
  readonly name: string;
  readonly algorithm: string;
  readonly kind: Critic["kind"];
  readonly form: "action-values" | "state-values";
  /** The policy that state values are of. */
  readonly policy: string | null;
  readonly environment: string | null;
  readonly heads: number;
  readonly headGroups: readonly HeadGroup[];
  readonly discounts: readonly number[];
  readonly observationSpace: Space;
  readonly actionSpace: Space;
  /** Widths of the layers, the input's first; null where they could not be told. */
  readonly networks: Readonly<Record<string, readonly number[] | null>>;
  readonly quantiles: number;
  readonly temperature: number | null;
  readonly normalization: { readonly observations: boolean; readonly rewardScale: number };
  readonly warnings: readonly string[];
}

export function describeCritic(file: string, critic: Critic): CriticDescription {
  const checkpoint = "checkpoint" in critic ? (critic.checkpoint as CheckpointDetails) : undefined;
  return {
    file,
    name: critic.name,
    algorithm: critic.algorithm,
    kind: critic.kind,
    form: critic.kind === "state-values" ? "state-values" : "action-values",
    policy: critic.kind === "state-values" ? critic.policy : null,
    environment: critic.environment ?? null,
    heads: critic.heads.length,
    headGroups: groupHeads(critic.heads),
    discounts: [...new Set(critic.heads.map((head) => head.discount))],
    observationSpace: critic.observationSpace,
    actionSpace: critic.actionSpace,
    networks: sizesOf(critic, checkpoint),
    quantiles: checkpoint?.quantiles ?? 1,
    temperature: checkpoint?.temperature ? checkpoint.temperature : null,
    normalization: { observations: checkpoint?.normalization !== undefined, rewardScale: critic.heads[0]?.rewardScale ?? 1 },
    warnings: warn(critic, checkpoint),
  };
}

/** For people: one fact a line. */
export function describeInWords(found: CriticDescription): string {
  const { normalization, headGroups } = found;
  const rows: [string, string][] = [
    ["file", found.file],
    ["algorithm", found.algorithm],
    ["environment", found.environment ?? "not said"],
    ["heads", headGroups.map((group) => (group.count === 1 ? group.name : `${group.count} × ${group.name}`)).join(", ")],
    ...(found.policy === null ? [] : [["values", `of states under its policy, a ${found.policy}`] as [string, string]]),
    ["discount γ", found.discounts.join(", ")],
    ["observations", describeSpace(found.observationSpace)],
    ["actions", describeSpace(found.actionSpace)],
  ];
  Object.entries(found.networks).forEach(([network, sizes], i) => {
    rows.push([i === 0 ? "networks" : "", sizes ? `${network} ${sizes.join("-")}` : network]);
  });
  if (found.temperature !== null) rows.push(["temperature α", short(found.temperature)]);
  if (found.kind !== "tabular") {
    const observations = normalization.observations ? "observations by running mean and deviation" : "observations as they are";
    const rewards = normalization.rewardScale === 1 ? "rewards as they are" : `rewards times ${short(normalization.rewardScale)}`;
    rows.push(["normalisation", `${observations}, ${rewards}`]);
  }
  found.warnings.forEach((warning, i) => {
    rows.push([i === 0 ? "note" : "", warning]);
  });
  return alignColumns(rows);
}

function sizesOf(critic: Critic, checkpoint: CheckpointDetails | undefined): Record<string, readonly number[] | null> {
  if (critic.kind === "tabular" || !checkpoint) return {};
  const observed = flatDimension(critic.observationSpace);
  const acted = observed + flatDimension(critic.actionSpace);
  const out: Record<string, readonly number[] | null> = {};
  let features = observed;
  for (const [name, network] of Object.entries(checkpoint.networks)) {
    // An actor's last layer takes what its trunk gives; it stands after it.
    const sizes = networkSizes(network, name.includes(".qf") ? [acted] : [observed, features]);
    if (sizes && name.endsWith("latent_pi")) features = sizes[sizes.length - 1];
    out[name] = sizes ?? null;
  }
  return out;
}

function groupHeads(heads: readonly Head[]): HeadGroup[] {
  const groups = new Map<string, { -readonly [K in keyof HeadGroup]: HeadGroup[K] }>();
  for (const { name, critic, discount, rewardScale, goal, cumulant } of heads) {
    const base = (cumulant ?? name).replace(/[\d[\](),./ −-]+$/, "") || name;
    const key = JSON.stringify([critic, base, discount, rewardScale]);
    const group = groups.get(key) ?? { name: base, critic, count: 0, discount, rewardScale, goals: 0 };
    group.count++;
    if (goal) group.goals++;
    groups.set(key, group);
  }
  for (const group of groups.values())
    if (group.count === 1) group.name = heads.find((head) => head.name.startsWith(group.name) && head.discount === group.discount)!.name;
  return [...groups.values()];
}

function warn(critic: Critic, checkpoint: CheckpointDetails | undefined): string[] {
  const { heads, observationSpace } = critic;
  const warnings: string[] = [];
  const conditioned = observationSpace.kind === "dict" && "desired_goal" in observationSpace.spaces;
  if (critic.kind !== "tabular" && critic.environment === undefined) warnings.push("the file does not name its environment: give --env");
  if (conditioned) warnings.push("goal-conditioned: each goal asked about is one more equation on the next state");
  else if (critic.kind === "state-values")
    warnings.push(
      "a value of a state is one equation on the next states of all its actions together: a model for all states can answer, no single pair can",
    );
  else if (heads.length === 1) warnings.push("one head is one equation: it sees the next state in one direction only");
  else if (critic.kind === "network" && heads.every((head) => head.goal === undefined && head.cumulant === undefined)) {
    warnings.push("all heads value the same reward, so they see nearly the same direction of the next state");
  }
  if (heads.some((head) => head.discount === 0)) warnings.push("a head with γ = 0 says nothing of the next state");
  warnings.push(...(checkpoint?.notes ?? ("notes" in critic ? (critic.notes as readonly string[]) : [])));
  if (checkpoint?.timeFeature) warnings.push("the last entry of the observation is the share of the episode that remains");
  return warnings;
}

export function describeSpace(space: Space): string {
  switch (space.kind) {
    case "box":
      return `Box [${space.shape.join(", ")}]${describeBounds(space)}`;
    case "discrete":
      return `Discrete ${space.n}${space.start === 0 ? "" : ` from ${space.start}`}`;
    case "dict":
      return Object.keys(space.spaces)
        .sort()
        .map((key) => `${key}: ${describeSpace(space.spaces[key])}`)
        .join("; ");
  }
}

function describeBounds({ low, high }: Box): string {
  const same = (values: Float64Array) => values.every((value) => value === values[0]);
  if (low.length === 0) return "";
  if (!low.some(Number.isFinite) && !high.some(Number.isFinite)) return ", unbounded";
  if (same(low) && same(high)) return `, ${short(low[0])} to ${short(high[0])}`;
  return low.length > 6 ? ", bounded" : `, ${Array.from(low, (value, i) => `${short(value)} to ${short(high[i])}`).join(", ")}`;
}

function short(value: number): string {
  // Gymnasium writes an open end as the largest float32.
  if (Math.abs(value) > 1e38) return value > 0 ? "∞" : "−∞";
  return String(Number(value.toPrecision(4))).replace("-", "−");
}
