import type { Dim, DType, Value } from "../../src/engine/index.ts";
import * as e from "../../src/engine/index.ts";
import { op } from "../../src/engine/operators/build.ts";
import type { Random } from "../../src/numbers/random.ts";

/** How an input's numbers are drawn, so that no kink, tie or pole is within reach of a finite difference. */
export type Draw = "normal" | "positive" | "unit" | "offZero" | "offInteger" | "distinct" | { readonly below: number } | "bits";

export interface CaseInput {
  /** What the graph declares; "N" stands for the length in `lengths`. */
  readonly shape: readonly Dim[];
  readonly draw?: Draw;
  readonly dtype?: DType;
}

/** One use of an operator, small enough to check entry by entry. */
export interface Case {
  readonly operator: string;
  readonly note: string;
  readonly inputs: readonly CaseInput[];
  readonly lengths: Readonly<Record<string, number>>;
  readonly build: (...x: Value[]) => Value;
}

const batches = [1, 3];

/** The same use with a batch of one and of several. */
function use(operator: string, note: string, inputs: readonly CaseInput[], build: (...x: Value[]) => Value): Case[] {
  const named = inputs.some(({ shape }) => shape.some((dim) => typeof dim === "string"));
  return (named ? batches : [3]).map((n) => ({ operator, note: named ? `${note}, N=${n}` : note, inputs, lengths: { N: n, M: 2 }, build }));
}

const at = (shape: readonly Dim[], draw: Draw = "normal"): CaseInput => ({ shape, draw });
const places = (shape: readonly Dim[], below: number): CaseInput => ({ shape, draw: { below }, dtype: "int64" });
const bits = (shape: readonly Dim[]): CaseInput => ({ shape, draw: "bits", dtype: "bool" });

/** Two shapes that broadcast, drawn at random: some axes 1, some leading axes missing, the first perhaps the batch. */
function broadcastPair(random: Random): [Dim[], Dim[]] {
  const rank = random.integer(4);
  const out: Dim[] = Array.from({ length: rank }, (_, i) => (i === 0 && random.uniform() < 0.5 ? "N" : 1 + random.integer(3)));
  const thinned = () => out.slice(random.integer(rank + 1)).map((dim) => (random.uniform() < 0.3 ? 1 : dim));
  return random.uniform() < 0.5 ? [out, thinned()] : [thinned(), out];
}

function binary(operator: string, f: (a: Value, b: Value) => Value, draws: readonly [Draw, Draw], random: Random): Case[] {
  return [0, 1, 2, 3, 4].flatMap(() => {
    const [a, b] = broadcastPair(random);
    return use(operator, `[${a}] with [${b}]`, [at(a, draws[0]), at(b, draws[1])], f);
  });
}

function unary(operator: string, f: (x: Value) => Value, draw: Draw): Case[] {
  return [...use(operator, "matrix", [at(["N", 3], draw)], f), ...use(operator, "scalar", [at([], draw)], f)];
}

export function operatorCases(random: Random): Case[] {
  return [
    ...binary("Add", e.add, ["normal", "normal"], random),
    ...binary("Sub", e.sub, ["normal", "normal"], random),
    ...binary("Mul", e.mul, ["normal", "normal"], random),
    ...binary("Div", e.div, ["normal", "offZero"], random),
    ...binary("Pow", e.pow, ["positive", "normal"], random),
    ...binary("Max", e.max, ["distinct", "distinct"], random),
    ...binary("Min", e.min, ["distinct", "distinct"], random),
    ...use("Mod", "C's fmod", [at(["N", 2], "offInteger")], (x) => op("Mod", [x, x.graph.constant([1, 2])], { fmod: 1 })),
    ...use("Mod", "divisor varied", [at(["N"], "unit"), at([1], "positive")], (x, y) =>
      op("Mod", [e.add(e.mul(y, 2), e.mul(x, 0.2)), y], { fmod: 1 }),
    ),
    ...use("Pow", "constant exponent", [at(["N", 2], "positive")], (x) => e.pow(x, 3)),
    ...unary("Neg", e.neg, "normal"),
    ...unary("Abs", e.abs, "offZero"),
    ...unary("Exp", e.exp, "normal"),
    ...unary("Log", e.log, "positive"),
    ...unary("Sqrt", e.sqrt, "positive"),
    ...unary("Reciprocal", e.reciprocal, "offZero"),
    ...unary("Sin", e.sin, "normal"),
    ...unary("Cos", e.cos, "normal"),
    ...unary("Tan", e.tan, "unit"),
    ...unary("Asin", e.asin, "unit"),
    ...unary("Acos", e.acos, "unit"),
    ...unary("Atan", e.atan, "normal"),
    ...unary("Erf", e.erf, "normal"),
    ...unary("Relu", e.relu, "offZero"),
    ...unary("LeakyRelu", (x) => e.leakyRelu(x, 0.2), "offZero"),
    ...unary("Elu", (x) => e.elu(x, 1.5), "offZero"),
    ...unary("Selu", e.selu, "offZero"),
    ...unary("Sigmoid", e.sigmoid, "normal"),
    ...unary("HardSigmoid", e.hardSigmoid, "normal"),
    ...use("HardSigmoid", "beyond its bounds", [at(["N", 4], "offZero")], (x) => e.hardSigmoid(e.mul(x, 10))),
    ...unary("Tanh", e.tanh, "normal"),
    ...unary("Softplus", e.softplus, "normal"),
    ...unary("Softsign", e.softsign, "offZero"),
    ...unary("Identity", e.identity, "normal"),
    ...unary("Clip", (x) => e.clip(x, -0.1, 0.1), "offZero"),
    ...use("Clip", "one bound", [at(["N", 4], "offInteger")], (x) => e.clip(x, Number.NEGATIVE_INFINITY, 1)),
    ...use("Where", "both branches", [bits(["N", 1]), at(["N", 3]), at([3])], e.where),
    ...use("Where", "a number", [bits([2, 3]), at([3])], (c, x) => e.where(c, x, 2)),
    ...use("Cast", "float to float", [at(["N", 2])], (x) => op("Cast", [x], { to: 1 })),
    ...use("Cast", "a mask", [at(["N", 2]), bits(["N", 2])], (x, c) => e.mul(x, e.cast(c, "float32"))),

    ...use("MatMul", "matrices", [at(["N", 3]), at([3, 2])], e.matmul),
    ...use("MatMul", "leading axes on the left", [at(["N", 2, 3]), at([3, 2])], e.matmul),
    ...use("MatMul", "leading axes on the right", [at([2, 3]), at(["N", 3, 2])], e.matmul),
    ...use("MatMul", "leading axes that broadcast", [at(["N", 1, 2, 3]), at([2, 3, 2])], e.matmul),
    ...use("MatMul", "a vector on the left", [at([3]), at(["N", 3, 2])], e.matmul),
    ...use("MatMul", "a vector on the right", [at(["N", 3]), at([3])], e.matmul),
    ...use("MatMul", "a matrix with a vector before it", [at([3]), at([3, 2])], e.matmul),
    ...use("MatMul", "two vectors", [at([3]), at([3])], e.matmul),
    ...[0, 1, 2, 3].flatMap((flags) => {
      const [transA, transB] = [flags % 2 === 1, flags > 1];
      return use(
        "Gemm",
        `transposed ${transA} ${transB}`,
        [at(transA ? [3, "N"] : ["N", 3]), at(transB ? [2, 3] : [3, 2]), at([[2], [1, 2], ["N", 2], []][flags])],
        (a, b, c) => e.gemm(a, b, c, { transA, transB, alpha: 0.5, beta: 2 }),
      );
    }),
    ...use("Gemm", "no bias", [at(["N", 3]), at([2, 3])], (x, w) => e.linear(x, w)),

    ...(["ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin"] as const).flatMap((name) => {
      const f = { ReduceSum: e.reduceSum, ReduceMean: e.reduceMean, ReduceMax: e.reduceMax, ReduceMin: e.reduceMin }[name];
      return [
        ...use(name, "the last axis", [at(["N", 3], "distinct")], (x) => f(x, -1)),
        ...use(name, "an axis kept", [at(["N", 3, 2], "distinct")], (x) => f(x, 1, true)),
        ...use(name, "the batch", [at(["N", 3], "distinct")], (x) => f(x, 0)),
        ...use(name, "two axes", [at(["N", 3, 2], "distinct")], (x) => f(x, [0, -1])),
        ...use(name, "all", [at(["N", 3], "distinct")], (x) => f(x)),
        ...use(name, "all, kept", [at([2, 2], "distinct")], (x) => f(x, null, true)),
      ];
    }),

    ...use("Softmax", "last axis", [at(["N", 3])], (x) => e.softmax(x)),
    ...use("Softmax", "first of three", [at([2, "N", 2])], (x) => e.softmax(x, 0)),
    ...use("LogSoftmax", "last axis", [at(["N", 3])], (x) => e.logSoftmax(x)),
    ...use("LogSoftmax", "the batch", [at(["N", 2])], (x) => e.logSoftmax(x, 0)),
    ...use("LayerNormalization", "last axis", [at(["N", 4]), at([4]), at([4])], (x, s, b) => e.layerNormalization(x, s, b)),
    ...use("LayerNormalization", "two axes, no bias", [at(["N", 2, 3]), at([2, 3])], (x, s) => e.layerNormalization(x, s, null, 1e-3, 1)),
    ...use("CumSum", "forwards", [at(["N", 3])], (x) => e.cumSum(x, -1)),
    ...use("CumSum", "backwards", [at(["N", 3])], (x) => e.cumSum(x, 0, true)),

    ...use("Reshape", "an axis split", [at(["N", 6])], (x) => e.reshape(x, ["N", 3, 2])),
    ...use("Reshape", "the batch joined", [at(["N", 2, 3])], (x) => e.reshape(x, ["N*2", 3])),
    ...use("Reshape", "the batch split", [at(["N", 4])], (x) => e.reshape(e.reshape(x, ["N*2", 2]), ["N", 2, 2])),
    ...use("Reshape", "two named lengths", [at(["N", "M", 2]), at(["M"])], (x) => e.reshape(e.reshape(x, [2, -1]), ["M", "N", 2])),
    ...use("Flatten", "axis 1", [at(["N", 2, 2])], (x) => e.flatten(x)),
    ...use("Flatten", "axis 2", [at([2, "N", 2])], (x) => e.flatten(x, 2)),
    ...use("Squeeze", "two axes", [at(["N", 1, 2, 1])], (x) => e.squeeze(x, [1, -1])),
    ...use("Unsqueeze", "two axes", [at(["N", 2])], (x) => e.unsqueeze(x, [1, -1])),
    ...use("Transpose", "three axes", [at(["N", 2, 3])], (x) => e.transpose(x, [2, 0, 1])),
    ...use("Expand", "an axis and a new one", [at(["N", 1])], (x) => e.expand(x, [2, "N", 3])),
    ...use("Expand", "to a batch", [at([2]), at(["N", 1])], (x, y) => e.mul(e.expand(x, ["N", 2]), y)),
    ...use("Expand", "then contracted", [at(["N", 1]), at([3, 2])], (x, w) => e.matmul(e.expand(x, ["N", 3]), w)),
    ...use("Expand", "then reduced", [at(["N", 1])], (x) => e.reduceSum(e.expand(x, ["N", 3]), 1)),
    ...use("Pad", "two axes", [at(["N", 2])], (x) =>
      e.pad(x, [
        [0, 0],
        [1, 2],
      ]),
    ),

    ...use("Gather", "rows of a table", [at([4, 2]), places(["N"], 4)], (x, i) => e.gather(x, i, 0)),
    ...use("Gather", "a matrix of places, twice the same", [at(["N", 4])], (x) =>
      e.gather(x, x.graph.constant([0, -1, 2, 0], [2, 2], "int64"), -1),
    ),
    ...use("Gather", "one place", [at(["N", 2, 3])], (x) => op("Gather", [x, x.graph.constant(1, [], "int64")], { axis: 1 })),
    ...use("GatherElements", "an action a row", [at(["N", 3]), places(["N", 1], 3)], (x, i) => e.gatherElements(x, i, 1)),
    ...use("GatherElements", "fewer rows than there are", [at([3, 3]), places([2, 2], 3)], (x, i) => e.gatherElements(x, i, 0)),
    ...use("ScatterElements", "added", [at(["N", 3]), places(["N", 4], 3), at(["N", 4])], (x, i, u) =>
      e.scatterElements(x, i, u, 1, "add"),
    ),
    ...use("ScatterElements", "written", [at(["N", 3]), places(["N", 1], 3), at(["N", 1])], (x, i, u) => e.scatterElements(x, i, u, -1)),
    ...use("Slice", "the middle", [at(["N", 4])], (x) => e.slice(x, 1, 3, 1)),
    ...use("Slice", "from the end", [at(["N", 4])], (x) => e.slice(x, -2, null, -1)),
    ...use("Slice", "backwards", [at(["N", 4])], (x) => e.slice(x, -1, null, 1, -1)),
    ...use("Slice", "every second", [at([5, 2])], (x) => e.slice(x, 1, null, 0, 2)),
    ...use("Slice", "the batch but its last row", [at(["N", 2]), at(["N"])], (x) => e.slice(x, 0, -1, 0)),
    ...use("Slice", "the batch's last row", [at(["N", 2])], (x) => e.slice(x, -1, null, 0)),
    ...use("Slice", "the batch backwards", [at(["N", 2])], (x) => e.slice(x, -1, null, 0, -1)),
    ...use("Slice", "one place", [at(["N", 3])], (x) => e.gather(x, 1, 1)),
    ...use("Concat", "columns", [at(["N", 2]), at(["N", 1])], (a, b) => e.concat([a, b], -1)),
    ...use("Concat", "one varied, one held", [at(["N", 2])], (a) =>
      e.concat([a, e.expand(a.graph.constant([1, 2]), ["N", 2]), e.reduceSum(a, 1, true)], 1),
    ),
    ...use("Concat", "batches", [at(["N", 2]), at(["M", 2])], (a, b) => e.concat([a, b], 0)),
    ...use("Concat", "one stretched", [at(["N", 2]), at([1])], (a, b) => e.concat([e.mul(a, 2), e.expand(b, ["N", 1])], 1)),
    ...use("Split", "columns", [at(["N", 5])], (x) => {
      const [a, , c] = e.split(x, [2, 1, 2], 1);
      return e.mul(a, c);
    }),
    ...use("TopK", "greatest", [at(["N", 4], "distinct")], (x) => e.topK(x, 2)[0]),
    ...use("TopK", "sorted along the first axis", [at([4, "N"], "distinct")], (x) => e.sort(x, 0)[0]),
    ...use("TopK", "descending", [at(["N", 3], "distinct")], (x) => e.sort(x, 1, { descending: true })[0]),
  ];
}

/** Compositions that critics are made of. */
export function compositeCases(): Case[] {
  return [
    ...use("silu", "", [at(["N", 3])], e.silu),
    ...use("mish", "", [at(["N", 3])], e.mish),
    ...use("gelu", "", [at(["N", 3])], (x) => e.gelu(x)),
    ...use("gelu", "tanh", [at(["N", 3])], (x) => e.gelu(x, "tanh")),
    ...use("huber", "", [at(["N", 3], "offInteger")], (x) => e.huber(x, 1)),
    ...use("atan2", "", [at(["N", 3], "distinct"), at([3], "distinct")], e.atan2),
    ...use("mod", "", [at(["N", 3], "offInteger")], (x) => e.mod(x, 1)),
    ...use("logSumExp", "", [at(["N", 3], "distinct")], (x) => e.logSumExp(x, 1)),
    ...use("clip between tensors", "", [at(["N", 3], "distinct"), at([3], "distinct")], (x, high) => e.clip(x, -0.03, high)),
    ...use("a square of itself", "", [at(["N", 2])], (x) => e.mul(e.mul(x, x), e.sub(x, e.mul(2, x)))),
    ...use("greedy action's value", "", [at(["N", 3], "distinct"), at(["N", 3])], (q, other) =>
      e.gatherElements(other, e.argMax(q, 1, true), 1),
    ),
    ...use("squashed Gaussian's log-probability", "", [at(["N", 2]), at(["N", 2]), at(["N", 2])], (mean, logStd, noise) => {
      const std = e.exp(e.clip(logStd, -5, 2));
      const before = e.add(mean, e.mul(std, noise));
      const normal = e.sub(e.mul(e.mul(noise, noise), -0.5), e.add(e.log(std), 0.5 * Math.log(2 * Math.PI)));
      const squash = e.mul(2, e.sub(Math.LN2, e.add(before, e.softplus(e.mul(before, -2)))));
      return e.reduceSum(e.sub(normal, squash), 1, true);
    }),
    ...use("one-hot action value", "", [at(["N", 3]), places(["N"], 3)], (q, a) => e.reduceSum(e.mul(q, e.oneHot(a, 3)), 1)),
  ];
}

/** Operators that have no derivative of their own, and why. */
export const withoutDerivative: Readonly<Record<string, string>> = {
  Sign: "flat wherever it is continuous",
  Floor: "flat wherever it is continuous",
  Ceil: "flat wherever it is continuous",
  Round: "flat wherever it is continuous",
  Greater: "answers a bool",
  Less: "answers a bool",
  GreaterOrEqual: "answers a bool",
  LessOrEqual: "answers a bool",
  Equal: "answers a bool",
  And: "of bools",
  Or: "of bools",
  Xor: "of bools",
  Not: "of a bool",
  ArgMax: "answers whole numbers",
  ArgMin: "answers whole numbers",
  Shape: "answers whole numbers",
};

/** Uses of those: only their values are compared. */
export function flatCases(): Case[] {
  return [
    ...use("Sign", "", [at(["N", 4], "offZero")], e.sign),
    ...use("Floor", "", [at(["N", 4], "offInteger")], e.floor),
    ...use("Ceil", "", [at(["N", 4], "offInteger")], e.ceil),
    ...use("Round", "", [at(["N", 4], "offInteger")], e.round),
    ...use("Round", "halves", [places(["N", 5], 8)], (x) => e.round(e.sub(e.mul(e.cast(x, "float32"), 0.5), 1.5))),
    ...use("Greater", "", [at(["N", 3], "distinct"), at([3], "distinct")], e.greater),
    ...use("Less", "", [at(["N", 3], "distinct"), at([3], "distinct")], e.less),
    ...use("GreaterOrEqual", "", [places(["N", 3], 3), places([3], 3)], e.greaterOrEqual),
    ...use("LessOrEqual", "", [places(["N", 3], 3), places([3], 3)], e.lessOrEqual),
    ...use("Equal", "", [places(["N", 3], 3), places([3], 3)], e.equal),
    ...use("And", "", [bits(["N", 3]), bits([3])], e.and),
    ...use("Or", "", [bits(["N", 3]), bits([3])], e.or),
    ...use("Xor", "", [bits(["N", 3]), bits([3])], e.xor),
    ...use("Not", "", [bits(["N", 3])], e.not),
    ...use("ArgMax", "", [at(["N", 3], "distinct")], (x) => e.argMax(x, 1)),
    ...use("ArgMax", "ties, kept", [places(["N", 5], 2)], (x) => e.argMax(e.cast(x, "float32"), -1, true)),
    ...use("ArgMin", "", [at(["N", 3], "distinct")], (x) => e.argMin(x, 0)),
    ...use("Shape", "", [at(["N", 3])], (x) => e.shapeOf(x)),
    ...use("Mod", "whole numbers", [places(["N", 3], 9)], (x) => e.mod(e.sub(x, 4), 3)),
    ...use("Div", "whole numbers", [places(["N", 3], 9)], (x) => e.div(e.sub(x, 4), 3)),
    ...use("Cast", "to whole numbers", [at(["N", 3], "offInteger")], (x) => e.cast(x, "int64")),
    ...use("Cast", "to bool", [places(["N", 3], 2)], (x) => e.cast(x, "bool")),
    ...use("Max", "whole numbers", [places(["N", 3], 5), places([3], 5)], e.max),
  ];
}

/** Concrete numbers for a case's inputs. Float32 so that the runtime sees the very same. */
export function draw(
  inputs: readonly CaseInput[],
  lengths: Readonly<Record<string, number>>,
  random: Random,
): { shape: number[]; data: Float64Array }[] {
  const shapes = inputs.map(({ shape }) => shape.map((dim) => (typeof dim === "string" ? lengths[dim] : dim)));
  const sizes = shapes.map((shape) => shape.reduce((a, b) => a * b, 1));
  const all = sizes.reduce((a, b) => a + b, 0);
  const order = random.permutation(all);
  let used = 0;
  return inputs.map(({ draw = "normal" }, i) => {
    const one = (): number => {
      const sign = random.uniform() < 0.5 ? -1 : 1;
      if (typeof draw === "object") return random.integer(draw.below);
      if (draw === "bits") return random.integer(2);
      if (draw === "normal") return random.normal();
      if (draw === "positive") return 0.3 + 2 * random.uniform();
      if (draw === "unit") return 1.6 * random.uniform() - 0.8;
      if (draw === "offZero") return sign * (0.2 + 1.3 * random.uniform());
      if (draw === "offInteger") return random.integer(7) - 3 + 0.2 + 0.25 * random.uniform();
      return 0.13 * (order[used++] - all / 2 + 0.3) + 0.03 * random.uniform();
    };
    return { shape: shapes[i], data: Float64Array.from({ length: sizes[i] }, () => Math.fround(one())) };
  });
}
