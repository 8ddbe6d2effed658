import { expect, test } from "vitest";
import { type Actors, createActors } from "../../src/learning/deep/actors.ts";
import { createReplay } from "../../src/learning/deep/replay.ts";
import { createRandom } from "../../src/numbers/random.ts";

/** Two copies that count their own steps: observation [copy, t], reward t, ends where told. */
function counting(ends: (copy: number, t: number) => "terminated" | "truncated" | undefined): Actors & { tick(): void } {
  const n = 2;
  const at = [0, 0];
  const actors = {
    n,
    observationSize: 2,
    actionSize: 1,
    acted: new Float64Array(4),
    nextObservations: new Float64Array(4),
    observations: new Float64Array(4),
    rewards: new Float64Array(2),
    terminated: new Uint8Array(2),
    truncated: new Uint8Array(2),
    tick() {
      for (let i = 0; i < n; i++) {
        const t = at[i];
        actors.acted.set([i, t], 2 * i);
        actors.nextObservations.set([i, t + 1], 2 * i);
        actors.rewards[i] = t;
        actors.terminated[i] = ends(i, t) === "terminated" ? 1 : 0;
        actors.truncated[i] = ends(i, t) === "truncated" ? 1 : 0;
        at[i]++;
      }
    },
  };
  return actors as unknown as Actors & { tick(): void };
}

test.each([1, 3])("n-step returns are sums along one copy's own episode, n = %i, in a ring that has gone round", (nSteps) => {
  const gamma = 0.5;
  const ends = (copy: number, t: number) => (t % 7 === 6 ? (copy === 0 ? "terminated" : "truncated") : undefined);
  const actors = counting(ends);
  const replay = createReplay(40, 64, actors);
  const total = 47;
  for (let t = 0; t < total; t++) {
    actors.tick();
    replay.add(actors, [t, 100 + t]);
  }
  expect(replay.size).toBe(40);
  const oldest = total - 20;
  const seen = new Set<string>();
  for (let round = 0; round < 30; round++) {
    const batch = replay.sample(createRandom(round), nSteps, gamma);
    for (let b = 0; b < 64; b++) {
      const [copy, t] = batch.observations.data.slice(2 * b, 2 * b + 2) as Float32Array;
      expect(t).toBeGreaterThanOrEqual(oldest);
      let sum = 0;
      let factor = 1;
      let last = t;
      for (let k = 0; k < nSteps && t + k < total; k++) {
        last = t + k;
        sum += factor * last;
        factor *= gamma;
        if (ends(copy, last)) break;
      }
      expect(batch.actions.data[b]).toBe(100 * copy + t);
      expect(batch.returns.data[b]).toBeCloseTo(sum, 4);
      expect(batch.discounts.data[b]).toBeCloseTo(ends(copy, last) === "terminated" ? 0 : factor, 6);
      expect(Array.from(batch["next observations"].data.slice(2 * b, 2 * b + 2) as Float32Array)).toEqual([copy, last + 1]);
      seen.add(`${copy} ${t}`);
    }
  }
  expect(seen.size).toBe(40);
});

test("actors that were put back go on as if nothing had happened, across episodes' ends", () => {
  const run = (actors: Actors, steps: number) =>
    Array.from({ length: steps }, (_, t) => {
      actors.step([t % 2, 1, (t >> 1) % 2]);
      return [...actors.observations, ...actors.rewards, ...actors.terminated];
    });
  const whole = createActors("CartPole-v1", 3, 5);
  run(whole, 40);
  const kept = whole.save();
  const expected = run(whole, 60);
  const other = createActors("CartPole-v1", 3, 99);
  run(other, 17);
  other.restore(kept);
  expect(run(other, 60)).toEqual(expected);
  expect(other.returns).toEqual(whole.returns);
});
