import { expect, test } from "vitest";
import type { TabularCritic } from "../../src/critics/critic.ts";
import { readCritic } from "../../src/formats/index.ts";
import { writeNpz } from "../../src/formats/write-npz.ts";

const read = (bytes: Uint8Array, file: string) => readCritic(bytes, { file }, { gamma: 0.9 }) as TabularCritic;
const utf8 = (text: string) => new TextEncoder().encode(text);
/** Python: base64.b64encode(pickle.dumps(value, 3)). */
const pickled = (base64: string) => Uint8Array.from(Buffer.from(base64, "base64"));

test("CSV of numpy.savetxt", () => {
  const critic = read(utf8("1.5,2\n-3e0,4\n0,0.25\n"), "q.csv");
  expect([critic.states, critic.actions, Array.from(critic.q)]).toEqual([3, 2, [1.5, 2, -3, 4, 0, 0.25]]);
  expect(() => read(utf8("1,2\n3\n"), "q.csv")).toThrow("q.csv: row 1 is not a row of action values as long as the others; save the array");
});

test("an .npz of one array under any name", () => {
  const critic = read(writeNpz({ q_table: { shape: [2, 2], data: Float64Array.of(1, 2, 3, 4) } }), "q.npz");
  expect(Array.from(critic.q)).toEqual([1, 2, 3, 4]);
  const rewards = { shape: [2, 2], data: Float64Array.of(1, 2, 3, 4) };
  expect(() => read(writeNpz({ rewards }), "q.npz")).toThrow("q.npz: array 'q' is missing");
});

test("pickles: an array, a dictionary of arrays, a defaultdict of lists; the order of the keys is that of the states", () => {
  for (const text of [
    "gANjbnVtcHkuX2NvcmUubXVsdGlhcnJheQpfcmVjb25zdHJ1Y3QKcQBjbnVtcHkKbmRhcnJheQpxAUsAhXECQwFicQOHcQRScQUoSwFLAksChnEGY251bXB5CmR0eXBlCnEHWAIAAABmOHEIiYiHcQlScQooSwNYAQAAADxxC05OTkr/////Sv////9LAHRxDGKJQyAAAAAAAADwPwAAAAAAAABAAAAAAAAACEAAAAAAAAAQQHENdHEOYi4=",
    "gAN9cQAoSwFjbnVtcHkuX2NvcmUubXVsdGlhcnJheQpfcmVjb25zdHJ1Y3QKcQFjbnVtcHkKbmRhcnJheQpxAksAhXEDQwFicQSHcQVScQYoSwFLAoVxB2NudW1weQpkdHlwZQpxCFgCAAAAZjhxCYmIh3EKUnELKEsDWAEAAAA8cQxOTk5K/////0r/////SwB0cQ1iiUMQAAAAAAAACEAAAAAAAAAQQHEOdHEPYksAaAFoAksAhXEQaASHcRFScRIoSwFLAoVxE2gLiUMQAAAAAAAA8D8AAAAAAAAAQHEUdHEVYnUu",
    "gANjY29sbGVjdGlvbnMKZGVmYXVsdGRpY3QKcQBjYnVpbHRpbnMKbGlzdApxAYVxAlJxAyhLAV1xBChHQAgAAAAAAABHQBAAAAAAAABlSwBdcQUoRz/wAAAAAAAAR0AAAAAAAAAAZXUu",
  ])
    expect(Array.from(read(pickled(text), "q.pkl").q)).toEqual([1, 2, 3, 4]);
  expect(() => read(pickled("gAN9cQAoSwBdcQEoRz/wAAAAAAAAR0AAAAAAAAAAZUsFXXECKEdACAAAAAAAAEdAEAAAAAAAAGV1Lg=="), "q.pkl")).toThrow(
    "q.pkl: the dictionary does not have the states 0 to 1 as its keys; save the array",
  );
});
