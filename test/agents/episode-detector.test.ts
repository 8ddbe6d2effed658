import { describe, expect, test } from "vitest";
import { EpisodeDetector } from "../../src/agents/arm/episode-detector.ts";
import { createRandom, type Random } from "../../src/numbers/random.ts";

const WIDTH = 30;
const drawn = (random: Random, shift = 0) =>
  Float64Array.from({ length: WIDTH }, (_, f) => 3 + (f + 1) * (random.normal() + (f === 7 ? shift : 0)));
const reference = (random: Random) => Array.from({ length: 80 }, () => drawn(random));

describe("a detector of changes between episodes", () => {
  test("rings falsely no more often than was asked for", () => {
    const rate = 1 / 200;
    let alarms = 0;
    for (let seed = 0; seed < 10; seed++) {
      const random = createRandom(seed);
      const detector = new EpisodeDetector(reference(random), { falseAlarmRate: rate });
      for (let e = 0; e < 400; e++) if (detector.observe(drawn(random))) alarms++;
    }
    expect(alarms).toBeLessThanOrEqual(4000 * rate);
  });

  test("something rare that throws a feature far off once, even in every tenth episode, is no change", () => {
    const random = createRandom(7);
    const detector = new EpisodeDetector(reference(random), { falseAlarmRate: 1 / 200 });
    let alarms = 0;
    for (let e = 0; e < 400; e++) if (detector.observe(drawn(random, e % 10 === 9 ? 40 * random.normal() : 0))) alarms++;
    expect(alarms).toBeLessThanOrEqual(2);
  });

  test("finds a large shift of one feature of thirty in two episodes, and a smaller one soon", () => {
    for (const [shift, most] of [
      [100, 2],
      [25, 2],
      [8, 4],
    ]) {
      const random = createRandom(3);
      const detector = new EpisodeDetector(reference(random), { falseAlarmRate: 1 / 200 });
      for (let e = 0; e < 5; e++) expect(detector.observe(drawn(random))).toBeUndefined();
      let alarm: ReturnType<typeof detector.observe>;
      let episodes = 0;
      while (!alarm && episodes < 10) {
        alarm = detector.observe(drawn(random, shift));
        episodes++;
      }
      expect(episodes).toBeLessThanOrEqual(most);
      expect(alarm!.feature).toBe(7);
      expect(alarm!.shift).toBeGreaterThan(0);
      expect(alarm!.since).toBeGreaterThanOrEqual(4);
    }
  });

  test("takes what was not seen for no evidence", () => {
    const random = createRandom(5);
    const detector = new EpisodeDetector(reference(random), { falseAlarmRate: 1 / 200 });
    const before = detector.evidence;
    detector.observe(new Float64Array(WIDTH).fill(Number.NaN));
    expect(detector.evidence).toBe(before);
  });

  test("refuses too few reference episodes", () => {
    expect(() => new EpisodeDetector(reference(createRandom(0)).slice(0, 5), { falseAlarmRate: 0.01 })).toThrow(/10 reference episodes/);
  });
});
