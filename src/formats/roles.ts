/** What part a network of a state dict plays. "ignored" takes no part in the values. */
export const roles = ["online", "target", "actor", "critic", "value", "advantage", "ignored"] as const;
export type Role = (typeof roles)[number];

/** Words of a name (split at dots, underscores, capitals and digits) that tell a role. The first row that holds one of them decides. */
export const roleWords: readonly { readonly role: Role; readonly words: readonly string[]; readonly seen: string }[] = [
  {
    role: "target",
    words: ["target", "targ", "tgt", "old", "next", "lagged", "ema", "slow"],
    seen: "target_net, q_target, model_old, q_next",
  },
  { role: "value", words: ["value", "values", "val", "v"], seen: "dueling heads: value, val, V, value_stream" },
  { role: "advantage", words: ["advantage", "advantages", "adv", "a"], seen: "dueling heads: advantage, adv, A, advantage_stream" },
  { role: "actor", words: ["actor", "pi", "mu"], seen: "actor, pi, mu, fc_mu" },
];

/** Tensors without a part in the values: a closed list. Whatever is on no layer and not here is refused by name. */
export const harmless: readonly { readonly pattern: RegExp; readonly reason: string }[] = [
  { pattern: /(^|[._])optim[a-z]*([._]|$)/i, reason: "state of an optimiser" },
  { pattern: /(^|\.)(exp_avg|exp_avg_sq|momentum_buffer|square_avg)$/, reason: "state of an optimiser" },
  { pattern: /(^|[._])(lr_)?scheduler([._]|$)/i, reason: "schedule of a learning rate" },
  { pattern: /(^|\.)(log_alpha|log_ent_coef|ent_coef)$/, reason: "temperature of an entropy term, which these values do not have" },
  { pattern: /(^|\.)num_batches_tracked$/, reason: "counter of a batch normalisation" },
  { pattern: /(^|\.)(rng_state|cuda_rng_state|epsilon|eps_threshold)$/, reason: "state of training" },
  {
    pattern: /(^|\.)(rewards|scores|losses|returns|episode_rewards|episode_returns|loss|best_reward|best_score)(\.\d+)?$/,
    reason: "record of training",
  },
];

/** Parameters of Stable-Baselines3 policies that the values do not need; all others must have been read. */
export const harmlessInPolicies: readonly { readonly pattern: RegExp; readonly reason: string }[] = [
  { pattern: /(^|\.)num_batches_tracked$/, reason: "counter of a batch normalisation" },
  { pattern: /^pi_features_extractor\.$|^vf_features_extractor\.$/, reason: "an extractor without parameters" },
];

/** Members of a Stable-Baselines3 zip besides data and policy.pth. */
export const harmlessMembers: readonly { readonly pattern: RegExp; readonly reason: string }[] = [
  { pattern: /optimizer[^/]*\.pth$/, reason: "state of an optimiser" },
  { pattern: /^(pytorch_variables|tensors)\.pth$/, reason: "read for the temperature" },
  { pattern: /^(_stable_baselines3_version|system_info\.txt)$/, reason: "versions of libraries" },
  { pattern: /(^|\/)(\.DS_Store|Thumbs\.db)$|^__MACOSX\/|\/$/, reason: "of the archiver" },
  { pattern: /^(README\.md|config\.json|args\.yml|results\.json|replay\.mp4|\.gitattributes)$/, reason: "for people" },
];

/** A policy's own state dict, saved without its agent: what its names betray. */
export const policiesAlone: readonly { readonly pattern: RegExp; readonly what: string }[] = [
  { pattern: /^(mlp_extractor\.|action_net\.)/, what: "the policy of a Stable-Baselines3 PPO, A2C or TRPO (action_net, value_net)" },
  { pattern: /^actor\.latent_pi\./, what: "the policy of a Stable-Baselines3 SAC or TQC (actor, critic)" },
  { pattern: /^critic\.qf0\./, what: "the policy of a Stable-Baselines3 TD3 or DDPG (actor, critic)" },
];

export function reasonOf(list: typeof harmless, name: string): string | undefined {
  return list.find(({ pattern }) => pattern.test(name))?.reason;
}

/** Words of a name in lower case: "qTargetNet2.fc_1" → q, target, net, fc. */
export function wordsOf(name: string): string[] {
  return name
    .slice(0, 512)
    .replace(/([a-z])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^a-z]+/)
    .filter((word) => word !== "");
}

export function roleOf(name: string): Role {
  const words = wordsOf(name);
  const joined = words.some((word) => word.startsWith("target") || word.endsWith("target"));
  if (joined) return "target";
  return roleWords.find((row) => words.some((word) => row.words.includes(word)))?.role ?? "online";
}
