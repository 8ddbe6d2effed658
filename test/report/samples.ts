import { createRandom } from "../../src/numbers/random.ts";
import type { GridMove } from "../../src/report/index.ts";

/** Made-up data of the shapes that inference hands to the plots. */
export function sampleSurface() {
  const columns = 41;
  const rows = 31;
  const values = new Float64Array(columns * rows);
  for (let j = 0; j < rows; j++) {
    for (let i = 0; i < columns; i++) values[j * columns + i] = -90 * (1 - Math.cos(-3 + (6 * i) / 40)) - 4 * (-3 + (6 * j) / 30) ** 2;
  }
  return {
    title: "Value over θ and ω",
    x: "θ",
    y: "ω",
    xRange: [-3, 3] as [number, number],
    yRange: [-8, 8] as [number, number],
    columns,
    rows,
    values,
  };
}

export function sampleField(panels: number) {
  const random = createRandom(1);
  const n = 11;
  const names = ["torque −2", "torque 0", "torque 2"];
  return {
    title: "One step, true and inferred",
    x: "θ",
    y: "ω",
    panels: Array.from({ length: panels }, (_, p) => {
      const at: number[] = [];
      const truth: number[] = [];
      const inferred: number[] = [];
      for (let i = 0; i < n; i++) {
        for (let j = 0; j < n; j++) {
          const x = -3 + (6 * i) / (n - 1);
          const y = -8 + (16 * j) / (n - 1);
          const dy = 0.75 * Math.sin(x) + 0.3 * (p - 1);
          at.push(x, y);
          truth.push(0.05 * (y + dy), dy);
          inferred.push(0.05 * (y + dy) + 0.03 * random.normal(), dy + 0.12 * random.normal());
        }
      }
      return { name: names[p], at, truth, inferred };
    }),
  };
}

export function sampleHeads(count: number) {
  const random = createRandom(2);
  return {
    title: "Residual against signal",
    heads: Array.from({ length: count }, (_, i) => {
      const residual = 0.15 * Math.exp(0.8 * random.normal());
      return { name: `quantile ${i + 1}`, residual, signal: 0.5, dropped: residual / 0.5 > 0.7 };
    }),
  };
}

/** Two rooms with a door; every third move is wrong or ambiguous where `mistakes` is set. */
export function sampleGrid(mistakes: boolean) {
  const map = ["1111111111111", "1000001000001", "1000000000001", "1000001000001", "1000001000001", "1111111111111"];
  const cells: [number, number][] = [];
  map.forEach((line, row) => {
    for (let column = 0; column < line.length; column++) if (line[column] === "0") cells.push([row, column]);
  });
  const index = new Map(cells.map(([row, column], i) => [`${row},${column}`, i]));
  const offsets = [
    [-1, 0],
    [0, 1],
    [1, 0],
    [0, -1],
  ];
  const moves: GridMove[] = cells.flatMap(([row, column], state) =>
    offsets.map(([dr, dc], action) => {
      const truth = index.get(`${row + dr},${column + dc}`) ?? state;
      const odd = mistakes ? (state * 4 + action) % 17 : 1;
      return { state, action, truth, inferred: odd === 0 ? (state + 20) % cells.length : truth, ambiguous: mistakes && odd === 5 };
    }),
  );
  return { title: "Successors", rows: map.length, columns: map[0].length, cells, moves, actions: 4 };
}

export function sampleScatter(d: number) {
  const random = createRandom(3);
  const n = 500;
  const truth = new Float64Array(n * d);
  const predicted = new Float64Array(n * d);
  for (let i = 0; i < n * d; i++) {
    truth[i] = random.normal() * (1 + (i % d));
    predicted[i] = truth[i] * (1 - 0.15 * (i % d)) + 0.2 * (1 + (i % d)) * random.normal();
  }
  return { title: "Predicted against true change", dimensions: ["x", "ẋ", "θ", "θ̇", "φ"].slice(0, d), truth, predicted };
}
