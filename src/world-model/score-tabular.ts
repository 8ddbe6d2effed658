import type { Tables } from "../environments/environment.ts";
import type { TabularWorldModel } from "./world-model.ts";

export interface TabularScore {
  readonly kind: "tabular";
  /** (state, action) pairs scored: those that the environment has an outcome for and that the model was asked about. */
  readonly pairs: number;
  /** Pairs whose best next state is the most likely true one, and the same for "nothing moves". */
  readonly correct: number;
  readonly correctOfNothing: number;
  /** Pairs with several answers, and with none. */
  readonly ambiguous: number;
  readonly none: number;
  /** Pairs whose candidates do not hold the most likely true next state. */
  readonly misses: number;
  /** Mean squared error over the entries of P, and the same for "nothing moves". */
  readonly mse: number;
  readonly mseOfNothing: number;
}

/** Every pair of a finite model against the true tables. Pairs of states where nothing can be done (all outcomes end in the state itself, terminated) are left out. */
export async function scoreTabular(model: TabularWorldModel, truth: Tables): Promise<TabularScore> {
  if (truth.states !== model.states) throw new RangeError(`score: the model has ${model.states} states, the environment ${truth.states}`);
  const actions = Math.min(truth.actions, model.actions);
  const pairs = Array.from({ length: truth.states * actions }, (_, i) => [Math.floor(i / actions), i % actions] as const).filter(
    ([s, a]) => !isAbsorbing(truth, s, a),
  );
  const prediction = await model.predict(
    pairs.map(([s]) => s),
    pairs.map(([, a]) => a),
  );
  let correct = 0;
  let stays = 0;
  let misses = 0;
  let squared = 0;
  let squaredOfNothing = 0;
  pairs.forEach(([s, a], i) => {
    const chances = new Map<number, number>();
    const at = s * truth.actions + a;
    for (let o = truth.offsets[at]; o < truth.offsets[at + 1]; o++)
      chances.set(truth.nextStates[o], (chances.get(truth.nextStates[o]) ?? 0) + truth.probabilities[o]);
    const most = Math.max(...chances.values());
    const likely = [...chances].filter(([, p]) => p > most - 1e-12).map(([next]) => next);
    if (likely.includes(prediction.nextStates[i])) correct++;
    if (likely.includes(s)) stays++;
    const answers = prediction.candidates[i];
    if (!likely.some((next) => answers.includes(next))) misses++;
    const said = new Map<number, number>();
    for (let c = 0; c < answers.length; c++) said.set(answers[c], (said.get(answers[c]) ?? 0) + prediction.probabilities[i][c]);
    for (const next of new Set([...chances.keys(), ...said.keys(), s])) {
      const p = chances.get(next) ?? 0;
      squared += ((said.get(next) ?? 0) - p) ** 2;
      squaredOfNothing += ((next === s ? 1 : 0) - p) ** 2;
    }
  });
  const entries = pairs.length * truth.states;
  return {
    kind: "tabular",
    pairs: pairs.length,
    correct,
    correctOfNothing: stays,
    ambiguous: prediction.answers.filter((answer) => answer === "ambiguous").length,
    none: prediction.answers.filter((answer) => answer === "none").length,
    misses,
    mse: squared / entries,
    mseOfNothing: squaredOfNothing / entries,
  };
}

function isAbsorbing({ offsets, nextStates, terminated, actions }: Tables, s: number, a: number): boolean {
  const at = s * actions + a;
  for (let o = offsets[at]; o < offsets[at + 1]; o++) if (nextStates[o] !== s || !terminated[o]) return false;
  return true;
}
