import { describe, expect, test } from "vitest";
import { tabularCritic } from "../../src/critics/tabular.ts";
import { buildKdTree } from "../../src/identifiability/build-kd-tree.ts";
import { createNearColumns } from "../../src/identifiability/near-columns.ts";
import { inferDynamics } from "../../src/inversion/infer.ts";
import { projectInChunks } from "../../src/inversion/tabular/project-in-chunks.ts";
import { projectColumns } from "../../src/inversion/tabular/projection.ts";
import { createRandom } from "../../src/numbers/random.ts";
import { valueIteration } from "../../src/planning/value-iteration.ts";
import { mazeError, mazeTargets, slipperyMaze } from "../../src/reproduce/slippery-maze.ts";

describe("a k-d tree", () => {
  test("names the nearest points in order, and the lowest along a direction", () => {
    const random = createRandom(1);
    for (const [points, dimensions] of [
      [1, 2],
      [7, 3],
      [300, 5],
    ]) {
      const table = Float64Array.from({ length: points * dimensions }, () => random.normal());
      const near = createNearColumns(buildKdTree(table, dimensions));
      for (let trial = 0; trial < 20; trial++) {
        const query = Float64Array.from({ length: dimensions }, () => random.normal());
        const squared = Array.from({ length: points }, (_, k) =>
          query.reduce((sum, x, j) => sum + (x - table[k * dimensions + j]) ** 2, 0),
        );
        const along = Array.from({ length: points }, (_, k) => query.reduce((sum, x, j) => sum + x * table[k * dimensions + j], 0));
        const indices = new Int32Array(9);
        const found = near.nearest(query, 0, 9, indices, new Float64Array(9));
        const order = squared.map((_, k) => k).sort((a, b) => squared[a] - squared[b]);
        expect(Array.from(indices.subarray(0, found))).toEqual(order.slice(0, 9));
        expect(near.lowest(query).value).toBeCloseTo(Math.min(...along), 12);
      }
    }
  });
});

const maze = slipperyMaze(31, 8, 3);
const { states, actions } = maze.tables;

async function project(threads: number, chunk: number) {
  const width = maze.heads + 1;
  const found = {
    wrong: 0,
    falselySure: 0,
    sure: 0,
    states: new Int32Array(states * actions * width),
    probabilities: new Float64Array(states * actions * width),
  };
  await projectInChunks(
    {
      heads: maze.heads,
      columns: maze.columns,
      count: states * actions,
      actions,
      threads,
      chunk,
      targets: (from, to, into) => mazeTargets(maze, from, to, into),
    },
    (part) => {
      for (let k = 0; k < part.to - part.from; k++) {
        const own = part.states.subarray(k * width, k * width + part.counts[k]);
        const shares = part.probabilities.subarray(k * width, k * width + part.counts[k]);
        const isWrong = mazeError(maze, part.from + k, own, shares) > 1e-8;
        found.sure += part.sure[k];
        if (isWrong) found.wrong++;
        if (isWrong && part.sure[k]) found.falselySure++;
        found.states.set(own, (part.from + k) * width);
        found.probabilities.set(shares, (part.from + k) * width);
      }
    },
  );
  return found;
}

test("a slippery maze of 440 states comes back from eight heads, on any number of threads", async () => {
  const one = await project(1, 1000);
  expect(one).toMatchObject({ falselySure: 0 });
  expect(one.wrong).toBeLessThanOrEqual(4);
  expect(one.sure).toBe(states * actions - one.wrong);
  expect(await project(2, 1000)).toEqual(one);
});

test("a critic of many states gives a sparse model that planners take", async () => {
  const { offsets, nextStates, probabilities } = maze.tables;
  const { heads } = maze;
  const pairs = states * actions;
  const random = createRandom(9);
  const rewards = Float64Array.from({ length: heads * pairs }, () => random.normal());
  const v = Float64Array.from({ length: heads * states }, (_, at) => maze.columns[(at % states) * heads + Math.floor(at / states)] / 0.99);
  const q = rewards.slice();
  for (let i = 0; i < heads; i++)
    for (let k = 0; k < pairs; k++)
      for (let o = offsets[k]; o < offsets[k + 1]; o++) q[i * pairs + k] += 0.99 * probabilities[o] * v[i * states + nextStates[o]];
  const critic = tabularCritic({
    name: "maze",
    states,
    actions,
    heads: Array.from({ length: heads }, (_, i) => ({ name: `${i}`, critic: "maze", discount: 0.99, rewardScale: 1, rewardOffset: 0 })),
    q,
    v,
    rewards,
  });
  const { model } = await inferDynamics(critic, { method: "projection", tabular: { undetermined: "fewest" } });
  if (model.kind !== "tabular") throw new TypeError("not tabular");
  const { answers } = await model.predict([0, 1], [0, 1]);
  expect(answers).toEqual(["found", "found"]);
  const inferred = model.transitions();
  const truth = valueIteration(maze.tables, { discount: 0.99, rewards: Float64Array.from(nextStates, (s) => (s === 7 ? 1 : 0)) });
  const plan = valueIteration(inferred, { discount: 0.99, rewards: Float64Array.from(inferred.nextStates, (s) => (s === 7 ? 1 : 0)) });
  plan.v.forEach((value, s) => {
    expect(value).toBeCloseTo(truth.v[s], 4);
  });
});

test("any support: least squares over all columns, by those priced in", async () => {
  const random = createRandom(5);
  const heads = 6;
  const columns = Float64Array.from({ length: 500 * heads }, () => random.normal());
  const targets = Float64Array.from({ length: 60 * heads }, (_, k) => (k % 3 === 0 ? 1.5 : 0.3) * random.normal());
  const whole = projectColumns({ heads, columns, targets });
  await projectInChunks(
    {
      heads,
      columns,
      count: 60,
      support: "any",
      threads: 1,
      targets: (from, to, into) => into.set(targets.subarray(from * heads, to * heads)),
    },
    ({ from, to, distance, counts, probabilities, sure }) => {
      for (let k = from; k < to; k++) {
        expect(Math.abs(distance[k - from] - whole.distance[k])).toBeLessThan(1e-6);
        expect(sure[k - from]).toBe(0);
        const shares = probabilities.subarray((k - from) * (heads + 1), (k - from) * (heads + 1) + counts[k - from]);
        expect(shares.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 12);
      }
    },
  );
});

test("what makes no sense is refused", async () => {
  const targets = () => {};
  await expect(projectInChunks({ heads: 3, columns: new Float64Array(4), count: 1, targets }, () => {})).rejects.toThrow(/whole rows of 3/);
  await expect(projectInChunks({ heads: 2, columns: new Float64Array(4), count: 1, threads: 0, targets }, () => {})).rejects.toThrow(
    /threads/,
  );
});
