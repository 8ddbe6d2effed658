import { expect, test } from "vitest";
import { inCoordinates, withoutTerminals } from "../../src/inversion/transitions.ts";
import { plainCoordinates } from "../planted-critic.ts";

const four = {
  n: 4,
  states: Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8),
  actions: Float64Array.of(10, 20, 30, 40),
  nextStates: Float64Array.of(-1, -2, -3, -4, -5, -6, -7, -8),
};

test("transitions that end an episode are left out, row by row; the others stay as they were, in order", () => {
  expect(withoutTerminals({ ...four, terminated: Uint8Array.of(0, 1, 0, 1) })).toEqual({
    n: 2,
    states: Float64Array.of(1, 2, 5, 6),
    actions: Float64Array.of(10, 30),
    nextStates: Float64Array.of(-1, -2, -5, -6),
  });
  const { n, states, actions, nextStates } = withoutTerminals({ ...four, terminated: new Uint8Array(4) });
  expect({ n, states, actions, nextStates }).toEqual(four);
  expect(withoutTerminals({ ...four, terminated: new Uint8Array(4).fill(1) }).n).toBe(0);
});

test("observations of a file become states, states stay, and ends are kept beside them", () => {
  const coordinates = { ...plainCoordinates(2), fromObservations: (rows: ArrayLike<number>) => Float64Array.from(rows, (x) => 2 * x) };
  const file = { n: 4, current: four.states, next: four.nextStates, width: 2, actions: four.actions, actionWidth: 1 };
  const terminated = Uint8Array.of(0, 1, 0, 1);
  const observed = inCoordinates({ ...file, kind: "observations", terminated }, coordinates, 1, "t.npz");
  expect(observed).toEqual({ ...four, states: four.states.map((x) => 2 * x), nextStates: four.nextStates.map((x) => 2 * x), terminated });
  expect(inCoordinates({ ...file, kind: "states", terminated }, coordinates, 1, "t.npz")).toEqual({ ...four, terminated });
  expect(() => inCoordinates({ ...file, kind: "states", terminated }, coordinates, 2, "t.npz")).toThrow(
    "t.npz: array 'actions' has 1 columns, not 2; save the actions that this critic takes.",
  );
  expect(() => inCoordinates({ ...file, kind: "states", terminated }, plainCoordinates(3), 1, "t.npz")).toThrow(
    "t.npz: array 'states' has 2 columns, which do not make 3 coordinates",
  );
});
