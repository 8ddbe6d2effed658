import { zipSync } from "fflate";
import { describe, expect, test } from "vitest";
import { readPickle } from "../../src/formats/pickle.ts";
import { readTorch } from "../../src/formats/torch.ts";
import { crc32, openZip } from "../../src/formats/zip.ts";
import { float32, writeTorch } from "./write-checkpoint.ts";

describe("zip", () => {
  test("stored and deflated members come back as they were", () => {
    const text = new TextEncoder().encode("abc".repeat(1000));
    const archive = openZip(zipSync({ stored: [text, { level: 0 }], "in/deflated": [text, { level: 9 }] }), "x.zip");
    expect(archive.names).toEqual(["stored", "in/deflated"]);
    for (const name of archive.names) expect(archive.read(name)).toEqual(text);
  });

  test("CRC-32 of the standard check string", () => expect(crc32(new TextEncoder().encode("123456789"))).toBe(0xcbf43926));
});

describe("torch", () => {
  const grid = [1, 2, 3, 4, 5, 6];

  test("strides and offsets are respected", () => {
    const tensors = readTorch(
      writeTorch({
        transposed: { shape: [3, 2], data: grid, strides: [1, 3] },
        row: { shape: [3], data: grid, offset: 3 },
        expanded: { shape: [2, 2], data: [7, 8], strides: [0, 1] },
        scalar: { shape: [], data: [9] },
        nothing: { shape: [0, 4], data: [] },
      }),
      "x.pth",
    );
    const lists = Object.fromEntries([...tensors].map(([name, { shape, data }]) => [name, [shape, [...data]]]));
    expect(lists).toEqual({
      transposed: [
        [3, 2],
        [1, 4, 2, 5, 3, 6],
      ],
      row: [[3], [4, 5, 6]],
      expanded: [
        [2, 2],
        [7, 8, 7, 8],
      ],
      scalar: [[], [9]],
      nothing: [[0, 4], []],
    });
  });

  test("every number type", () => {
    const encoders: Readonly<Record<string, (data: readonly number[]) => Uint8Array>> = {
      FloatStorage: float32,
      DoubleStorage: (data) => new Uint8Array(Float64Array.from(data).buffer),
      LongStorage: (data) => new Uint8Array(BigInt64Array.from(data, BigInt).buffer),
      IntStorage: (data) => new Uint8Array(Int32Array.from(data).buffer),
      ByteStorage: (data) => Uint8Array.from(data),
      // 1 … 6 in binary16 and in bfloat16
      HalfStorage: () => new Uint8Array(Uint16Array.of(0x3c00, 0x4000, 0x4200, 0x4400, 0x4500, 0x4600).buffer),
      BFloat16Storage: () => new Uint8Array(Uint16Array.of(0x3f80, 0x4000, 0x4040, 0x4080, 0x40a0, 0x40c0).buffer),
    };
    for (const [storage, encode] of Object.entries(encoders)) {
      expect([...readTorch(writeTorch({ x: { shape: [6], data: grid } }, storage, encode), "x.pth").get("x")!.data], storage).toEqual(grid);
    }
  });

  test("binary16 at its edges", () => {
    const halves = Uint16Array.of(0x0001, 0x03ff, 0x0400, 0x7bff, 0x7c00, 0xfc00, 0x8000);
    const { data } = readTorch(
      writeTorch({ x: { shape: [7], data: Array(7).fill(0) } }, "HalfStorage", () => new Uint8Array(halves.buffer)),
      "x.pth",
    ).get("x")!;
    expect([...data]).toEqual([2 ** -24, 1023 * 2 ** -24, 2 ** -14, 65504, Infinity, -Infinity, -0]);
  });
});

describe("pickle", () => {
  const read = (bytes: readonly number[]) => readPickle(Uint8Array.from(bytes), "x.pkl", { allow: () => false }).value;

  test("plain data of protocols 0 to 5", () => {
    // pickle.dumps({'a': [1, -2, 300, 70000, 2**40, 1.5, None, True, 'é', (1, 2)]}, protocol) of CPython
    const wanted = new Map([["a", [1, -2, 300, 70000, 2 ** 40, 1.5, null, true, "é", [1, 2]]]]);
    const zero = "(dp0\nVa\np1\n(lp2\nI1\naI-2\naI300\naI70000\naL1099511627776L\naF1.5\naNaI01\naV\xe9\np3\na(I1\nI2\ntp4\nas.";
    const four =
      "80 04 95 39 00 00 00 00 00 00 00 7d 94 8c 01 61 94 5d 94 28 4b 01 4a fe ff ff ff 4d 2c 01 4a 70 11 01 00 8a 06 00 00 00 00 00 01 47 3f f8 00 00 00 00 00 00 4e 88 8c 02 c3 a9 94 4b 01 4b 02 86 94 65 73 2e";
    expect(read(four.split(" ").map((hex) => Number.parseInt(hex, 16)))).toEqual(wanted);
    expect(read([...zero].map((c) => c.charCodeAt(0)))).toEqual(wanted);
    expect(read([..."V\\u20ac\n."].map((c) => c.charCodeAt(0)))).toBe("€");
  });

  test("integers beyond 2^53 stay exact", () => expect(read([0x80, 2, 0x8a, 9, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0x2e])).toBe(2n ** 64n + 1n));

  test("a list that holds itself ends", () => {
    const value = read([0x80, 2, 0x5d, 0x71, 0, 0x68, 0, 0x61, 0x2e]) as unknown[];
    expect(value[0]).toBe(value);
  });
});
