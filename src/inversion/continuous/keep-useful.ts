import type { BellmanSystem } from "../../bellman/system.ts";
import type { NetworkCritic, StateValueCritic } from "../../critics/critic.ts";
import { stack } from "../../critics/stack.ts";
import { type HeadEvidence, HOPELESS } from "../../identifiability/continuous.ts";
import { identifySolved } from "../identify-solved.ts";
import type { Problem, Solved } from "../solver.ts";

interface Judging<C> {
  open: Problem["open"];
  /** The answer of one critic alone. */
  solve(critic: C, system: BellmanSystem): Promise<Solved>;
  /** Whether all may be left out; else the best stays. */
  readonly orNone?: boolean;
}

interface Judged<C> {
  /** Those that stay, as one critic. */
  readonly kept: C;
  /** What the others' heads said. */
  readonly dropped: readonly HeadEvidence[];
}

/**
 * Each critic's own fit says whether it has anything to say: one that leaves more than `HOPELESS` of its signal is left out, unless none would be left.
 * One critic alone is not judged.
 * @returns undefined where `orNone` and none is useful
 */
export function keepUseful<C extends NetworkCritic | StateValueCritic>(critics: readonly C[], judging: Judging<C>): Promise<Judged<C>>;
export function keepUseful<C extends NetworkCritic | StateValueCritic>(
  critics: readonly C[],
  judging: Judging<C> & { readonly orNone: boolean },
): Promise<{ readonly kept?: C; readonly dropped: readonly HeadEvidence[] }>;
export async function keepUseful<C extends NetworkCritic | StateValueCritic>(
  critics: readonly C[],
  { open, solve, orNone = false }: Judging<C>,
): Promise<{ readonly kept?: C; readonly dropped: readonly HeadEvidence[] }> {
  if (critics.length === 1 && !orNone) return { kept: critics[0], dropped: [] };
  const judged: { readonly critic: C; readonly ratio: number; readonly heads: readonly HeadEvidence[] }[] = [];
  for (const critic of critics) {
    const system = await open(critic);
    try {
      const { heads, residualOverSignal } = await identifySolved(await solve(critic, system));
      const ratio = Number.isFinite(residualOverSignal) ? residualOverSignal : Infinity;
      judged.push({ critic, ratio, heads: heads.map((head) => ({ ...head, used: false })) });
    } finally {
      await system.release();
    }
  }
  const best = Math.min(...judged.map(({ ratio }) => ratio));
  const useful = judged.filter(({ ratio }) => ratio <= HOPELESS || (!orNone && ratio === best));
  const dropped = judged.filter((entry) => !useful.includes(entry)).flatMap(({ heads }) => heads);
  return { kept: useful.length === 0 ? undefined : (stack(useful.map(({ critic }) => critic) as readonly NetworkCritic[]) as C), dropped };
}
