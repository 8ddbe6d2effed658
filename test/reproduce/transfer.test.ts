import { expect, test } from "vitest";
import { sokobanSolved } from "../../src/reproduce/transfer/transfer-games.ts";

test("Sokoban's rules solve goal layouts that no value was of", () => {
  expect(sokobanSolved(74, 4, 5)).toEqual({ solved: 1, layouts: 5, longer: 0 });
});
