// A critic of one's own: values written in code, a world model out of them, its error against the law that made the values.
import { box, inferDynamics, type NetworkDefinition, networkCritic } from "vinverse";
import { add, concat, matmul, type Value } from "vinverse/engine";

// s' = A s + B a, seen by two signals c_i · s; the policy does nothing. Then V_i(s) = w_i · s with w_i = (I − γ Aᵀ)⁻¹ c_i, and Q_i(s, a) = c_i · s + γ w_i · (A s + B a).
const gamma = 0.5;
const A = [0.95, 0.05, -0.05, 0.9]; // row by row; no state of the box is led out of it
const B = [0, 0.05];
const c = [1, 0, 0, 1]; // one signal a row
const [p, q, r, s] = [1 - gamma * A[0], -gamma * A[2], -gamma * A[1], 1 - gamma * A[3]]; // I − γ Aᵀ
const determinant = p * s - q * r;
const w = [0, 1].map((i) => [(s * c[2 * i] - q * c[2 * i + 1]) / determinant, (p * c[2 * i + 1] - r * c[2 * i]) / determinant]);

const dot = (of: (i: number) => readonly number[], size: number) => Float32Array.from({ length: 2 * size }, (_, k) => of(k % 2)[k >> 1]);
const times = (x: Value, of: (i: number) => readonly number[], size: number) => matmul(x, x.graph.constant(dot(of, size), [size, 2]));
const whole = (pieces: readonly Value[]) => (pieces.length === 1 ? pieces[0] : concat(pieces, -1));
const toNext = (i: number) => [0, 1].map((j) => c[2 * i + j] + gamma * (w[i][0] * A[j] + w[i][1] * A[2 + j]));

const definition: NetworkDefinition = {
  name: "two signals",
  algorithm: "by hand",
  heads: [0, 1].map((i) => ({
    name: `signal ${i}`,
    critic: "by hand",
    discount: gamma,
    rewardScale: 1,
    rewardOffset: 0,
    cumulant: `c${i}`,
  })),
  observationSpace: box([-1, -1], [1, 1]),
  actionSpace: box([-1], [1]),
  stateValues: (observation) => times(whole(observation), (i) => w[i], 2),
  actionValues: (observation, action) =>
    add(
      times(whole(observation), toNext, 2),
      times(action, (i) => [gamma * (w[i][0] * B[0] + w[i][1] * B[1])], 1),
    ),
  rewards: (observation) => times(whole(observation), (i) => [c[2 * i], c[2 * i + 1]], 2),
};

const { model, identifiability } = await inferDynamics(networkCritic(definition), { samples: 500 });
console.log(identifiability.verdict.sentence);

const { nextStates } = await model.predict([0.5, -0.2], [1]);
const truth = [A[0] * 0.5 + A[1] * -0.2 + B[0], A[2] * 0.5 + A[3] * -0.2 + B[1]];
console.log("next state:", Array.from(nextStates, (x) => x.toFixed(4)).join(", "));
console.log("largest error:", Math.max(...truth.map((x, j) => Math.abs(x - nextStates[j]))).toExponential(0));
await model.release();
