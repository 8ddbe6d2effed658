import { describe, expect, test } from "vitest";
import type { TabularCritic } from "../../src/critics/critic.ts";
import { tabularCritic } from "../../src/critics/tabular.ts";
import { headScale } from "../../src/identifiability/column-index.ts";
import { identifyTabular, targetError } from "../../src/identifiability/tabular.ts";
import { inferTabular, tabularAnswers } from "../../src/inversion/tabular/infer-tabular.ts";
import { createRandom } from "../../src/numbers/random.ts";
import { disturb, exactCritic, randomTables } from "../random-mdp.ts";

const worlds = 1000;

describe("the discrete bound", () => {
  test(`below it every next state is right, in ${worlds} random worlds; well above it not`, () => {
    const random = createRandom(11);
    let right = 0;
    let pairs = 0;
    let wrongAbove = 0;
    for (let world = 0; world < worlds; world++) {
      const states = 2 + random.integer(20);
      const actions = 1 + random.integer(4);
      const tables = randomTables(random, states, actions);
      const discounts = Array.from({ length: 1 + random.integer(4) }, () => 0.2 + 0.79 * random.uniform());
      const truth = exactCritic(random, tables, { discounts });
      const weights = discounts.map(() => 0.2 + random.uniform());
      const { leastGap, errorBound } = identifyTabular(truth, { weights });
      // one ε for all heads, or a different one each: in both cases 2‖((1 + γ_i) ε_i)‖ falls short of δ by a hair
      const shape = discounts.map(() => (world % 2 ? 1 : random.uniform()));
      const unit = 2 * targetError(discounts, shape, headScale(discounts.length, weights));
      const errors = shape.map((x) => (x * (leastGap - 1e-9)) / unit);
      if (world % 2) expect(errors[0]).toBeCloseTo(errorBound, 8);
      const answers = tabularAnswers(disturb(random, truth, errors), { weights, tolerance: 0 });
      const beyond = tabularAnswers(
        disturb(
          random,
          truth,
          errors.map((x) => 10 * x),
        ),
        { weights, tolerance: 0 },
      );
      for (let k = 0; k < states * actions; k++) {
        pairs++;
        if (leastGap > 1e-8 && answers.nextStates[answers.offsets[k]] === tables.nextStates[k] && answers.ambiguous[k] === 0) right++;
        if (leastGap <= 1e-8) right++;
        if (beyond.nextStates[beyond.offsets[k]] !== tables.nextStates[k]) wrongAbove++;
      }
    }
    expect(right).toBe(pairs);
    expect(wrongAbove).toBeGreaterThan(pairs / 100);
  });

  test("one head and one discount: ε < δ_V / (2/γ + 2), the paper's form", () => {
    const random = createRandom(12);
    const critic = exactCritic(random, randomTables(random, 12, 3), { discounts: [0.9] });
    const sorted = critic.v.slice().sort();
    let gap = Number.POSITIVE_INFINITY;
    for (let k = 1; k < sorted.length; k++) gap = Math.min(gap, sorted[k] - sorted[k - 1]);
    expect(identifyTabular(critic).errorBound).toBeCloseTo(gap / (2 / 0.9 + 2), 12);
  });

  test("one answer: while the error is below its margin, the true state is a candidate, whatever the noise, with goals and silent heads", async () => {
    const random = createRandom(13);
    let certain = 0;
    let missed = 0;
    for (let world = 0; world < 300; world++) {
      const states = 3 + random.integer(12);
      const tables = randomTables(random, states, 2);
      const discounts = Array.from({ length: 1 + random.integer(4) }, () => 0.5 + 0.4 * random.uniform());
      const truth = exactCritic(random, tables, { discounts, goals: true, rewards: false });
      const errors = discounts.map(() => 0.05 * random.uniform() ** 3);
      const model = inferTabular(disturb(random, truth, errors), { tolerance: 0 });
      for (let s = 0; s < states; s++) {
        const speaking = discounts.map((_, i) => (Number.isNaN(truth.terminalValue![i * states + s]) ? 1 : 0));
        if (!speaking.some((x) => x)) continue;
        const error = targetError(discounts, errors, headScale(discounts.length, speaking));
        for (let a = 0; a < 2; a++) {
          const { margin, candidates } = await model.predict([s], [a]);
          const isCandidate = candidates[0].includes(tables.nextStates[s * 2 + a]);
          if (error * (1 + 1e-9) < margin[0]) {
            certain++;
            expect(isCandidate).toBe(true);
          } else if (!isCandidate) missed++;
        }
      }
    }
    expect(certain).toBeGreaterThan(500);
    expect(missed).toBeGreaterThan(10);
  });
});

describe("what the heads can tell apart", () => {
  const head = (name: string) => ({ name, critic: "hand", discount: 1, rewardScale: 1, rewardOffset: 0 });
  // values of four states under two heads: under the first alone, states 1 and 2 are a tie
  const v = Float64Array.of(0, 1, 1, 3, 0, 0, 2, 0);
  const critic = (heads: number) =>
    tabularCritic({ name: "hand", states: 4, actions: 1, heads: [head("a"), head("b")].slice(0, heads), q: v.slice(0, 4 * heads) });

  test("gaps, ties, rank and words", () => {
    const one = identifyTabular(critic(1));
    expect(Array.from(one.gaps)).toEqual([1, 0, 0, 2]);
    expect(one.tiedStates).toBe(2);
    expect(one.errorBound).toBe(0);
    expect(one.leastSeparateGap).toBe(1);
    expect(one.verdict.usable).toBe(true);
    expect(one.verdict.sentence).toContain("2 of 4 states share their values");
    expect(one.verdict.help.length).toBeGreaterThan(0);

    const two = identifyTabular(critic(2));
    expect(two.tiedStates).toBe(0);
    expect(two.leastGap).toBeCloseTo(Math.sqrt(1 / 2), 12);
    expect(two.rank).toBe(2);
    expect(two.effectiveRank).toBeGreaterThan(1);
    expect(two.verdict.help).toEqual([]);

    const noisy = identifyTabular(critic(2), { errors: 1 });
    expect(noisy.verdict.usable).toBe(false);
    expect(noisy.verdict.help.join()).toContain("train");
  });

  test("a critic that gives every state the same value is refused", () => {
    const flat = tabularCritic({ name: "flat", states: 3, actions: 2, heads: [head("a")], q: new Float64Array(6).fill(2) });
    const { verdict, rank, effectiveRank } = identifyTabular(flat);
    expect(verdict.usable).toBe(false);
    expect(rank).toBe(0);
    expect(effectiveRank).toBe(0);
  });
});

describe("answers that their equations contradict", () => {
  test("none while values err by less than the bound and one state follows; most where two follow", async () => {
    const random = createRandom(14);
    let mixed = 0;
    let noticed = 0;
    for (let world = 0; world < 200; world++) {
      const states = 4 + random.integer(12);
      const tables = randomTables(random, states, 2);
      const truth = exactCritic(random, tables, { discounts: [0.5, 0.7, 0.9].slice(0, 1 + random.integer(3)) });
      const { errorBound } = identifyTabular(truth);
      if (!(errorBound > 1e-6)) continue;
      const shaken = disturb(
        random,
        truth,
        truth.heads.map(() => 0.4 * errorBound),
      );
      expect((await contradictionsOf(shaken)).length).toBe(0);

      // pair 0 leads to either of two states that lie apart
      const [one, other] = [tables.nextStates[0], (tables.nextStates[0] + 1 + random.integer(states - 1)) % states];
      const q = truth.q.slice();
      truth.heads.forEach(({ discount }, i) => {
        q[i * states * 2] += 0.5 * discount * (truth.v[i * states + other] - truth.v[i * states + one]);
      });
      mixed++;
      const found = await contradictionsOf({ ...truth, q });
      expect(found.every((pair) => pair === 0)).toBe(true);
      noticed += found.length;
    }
    expect(mixed).toBeGreaterThan(100);
    expect(noticed).toBeGreaterThan(0.8 * mixed);
  });

  test("told besides ties: the bound is then that of the states that are told apart", () => {
    const random = createRandom(15);
    const truth = exactCritic(random, randomTables(random, 8, 2), { discounts: [0.5, 0.9] });
    const tolerance = identifyTabular(truth).leastGap * (1 + 1e-9);
    const distances = new Float64Array(16);
    const quiet = identifyTabular(truth, { tolerance, distances });
    expect(quiet.tiedStates).toBeGreaterThan(0);
    expect(quiet.contradictions).toBe(0);
    expect(quiet.verdict.sentence).not.toContain("miss their equation");
    const bound = (quiet.leastSeparateGap / (2 * targetError([0.5, 0.9], 1, headScale(2)))) * 1.9;
    distances.set([0.99 * bound, 1.01 * bound]);
    const { contradictions, verdict } = identifyTabular(truth, { tolerance, distances });
    expect(contradictions).toBe(1);
    expect(verdict.sentence).toContain("1 of 16 answers miss their equation");
    expect(verdict.help.join()).toContain("train the values further");
  });

  async function contradictionsOf(critic: TabularCritic): Promise<number[]> {
    const answers = tabularAnswers(critic, { tolerance: 0 });
    const { contradictions, errorBound, verdict } = identifyTabular(critic, { distances: answers.residual });
    const most = errorBound * (1 + Math.max(...critic.heads.map(({ discount }) => discount)));
    const pairs = Array.from(answers.residual.keys()).filter((pair) => answers.residual[pair] > most);
    expect(contradictions).toBe(pairs.length);
    expect(/several states follow/.test(verdict.sentence)).toBe(pairs.length > 0);
    return pairs;
  }
});
