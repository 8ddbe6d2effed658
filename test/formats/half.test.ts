import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadSavedCritic, saveCritic } from "../../src/formats/critic-folder.ts";
import { decodeNumbers, toHalf } from "../../src/formats/decode-numbers.ts";
import { readSafetensors, writeSafetensors } from "../../src/formats/safetensors.ts";
import { createRandom } from "../../src/numbers/random.ts";

const all = decodeNumbers(new Uint8Array(Uint16Array.from({ length: 0x10000 }, (_, i) => i).buffer), 0, 0x10000, "float16");

test("every half is its own nearest", () => {
  for (let bits = 0; bits < 0x10000; bits++) if (!Number.isNaN(all[bits])) expect(toHalf(all[bits])).toBe(bits);
  expect(Number.isNaN(all[toHalf(Number.NaN)])).toBe(true);
});

test("numbers between go to the nearer neighbour, ties to the even one", () => {
  const random = createRandom(1);
  for (let trial = 0; trial < 20_000; trial++) {
    const x = random.normal() * 10 ** (12 * random.uniform() - 8);
    const bits = toHalf(x);
    const away = Math.abs(all[bits] - x);
    for (const near of [bits - 1, bits + 1]) if ((near & 0x7fff) < 0x7c00) expect(away).toBeLessThanOrEqual(Math.abs(all[near] - x));
  }
  for (let bits = 0; bits < 0x7bff; bits++) {
    const tie = toHalf((all[bits] + all[bits + 1]) / 2);
    expect(tie).toBe(bits % 2 === 0 ? bits : bits + 1);
  }
  expect([65504, 65519.9, 65520, -1e9].map(toHalf)).toEqual([0x7bff, 0x7bff, 0x7c00, 0xfc00]);
});

test("tensors written as halves are read as the nearest floats, beside others that stay whole", () => {
  const data = Float32Array.of(1 / 3, -2.5, 1e-6, 4096.5);
  const bytes = writeSafetensors({ w: { shape: [2, 2], data, half: true }, n: { shape: [1], data: Float64Array.of(1 / 3) } });
  const { w, n } = readSafetensors(bytes, "test");
  expect(w.shape).toEqual([2, 2]);
  expect(Array.from(w.data)).toEqual(Array.from(data, (x) => all[toHalf(x)]));
  expect(n.data[0]).toBe(1 / 3);
  expect(() => writeSafetensors({ big: { shape: [1], data: Float32Array.of(1e6), half: true } })).toThrow("big holds 1000000");
});

test("a critic saved in halves is half as long, and saving it again changes nothing", async () => {
  const folder = mkdtempSync(join(tmpdir(), "vinverse-half-"));
  const critic = await loadSavedCritic("zoo/CartPole-v1");
  const [whole, halved, again] = ["whole", "halved", "again"].map((name) => join(folder, name));
  await saveCritic(whole, critic);
  await saveCritic(halved, critic, { half: true });
  await saveCritic(again, await loadSavedCritic(halved), { half: true });
  const size = (of: string) => statSync(join(of, "tensors.safetensors")).size;
  expect(size(halved)).toBeLessThan(0.6 * size(whole) + 3000);
  expect(await loadSavedCritic(again)).toEqual(await loadSavedCritic(halved));
  rmSync(folder, { recursive: true });
});
