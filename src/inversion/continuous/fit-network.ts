import type { OnProgress } from "../../base/progress.ts";
import type { BellmanSystem } from "../../bellman/system.ts";
import {
  adam,
  adamState,
  add,
  div,
  Graph,
  huber,
  inline,
  mul,
  type RuntimeTensor,
  recur,
  reduceMean,
  reduceSum,
  sub,
  type Value,
} from "../../engine/index.ts";
import { pack, packedInput, unpack } from "../../engine/pack.ts";
import { createRandom, type Random } from "../../numbers/random.ts";
import type { Space } from "../../spaces/space.ts";
import {
  type NetworkParameters,
  type NetworkSettings,
  networkChange,
  networkDynamics,
  networkFeatures,
} from "../../world-model/network-dynamics.ts";
import { defaults } from "../defaults.ts";
import type { Equations } from "../samples.ts";
import { firstSigma } from "./amortised.ts";

export interface NetworkFitOptions {
  readonly settings: NetworkSettings;
  /** Parameters to start from; drawn anew for every member where absent. */
  readonly start?: NetworkParameters;
  readonly seed: number;
  /** Networks trained from different seeds (3); their spread is the model's deviation. */
  readonly members?: number;
  readonly steps?: number;
  readonly batch?: number;
  /** First rate of Adam; it falls to nothing along a cosine. */
  readonly rate?: number;
  readonly huber?: number;
  /** [k] scale of the residuals, where it is not 0.3 of what "nothing moves" leaves, or what training measured. */
  readonly sigma?: Float64Array;
  /** [d] for values of coordinates: weight of each one's error. */
  readonly importance?: readonly number[];
  /** Weight decay on the weights. */
  readonly decay?: number;
}

export interface NetworkFit {
  readonly members: readonly NetworkParameters[];
  readonly sigma: Float64Array;
  /** Mean Huber cost over all samples and members, after, and of "nothing moves". */
  readonly cost: number;
  readonly costOfNothing: number;
}

const PACKED = "parameters";
const DEFAULTS = defaults.network;

/**
 * P-learning's form (Letcher et al. 2026): a network f(s, a) is trained until V_i(s + f(s, a)) agrees with (Q_i − r_i)/γ_i; no next state is used.
 * Loss, its gradient and Adam's step are one graph; parameters and moments go in and come out.
 */
export async function fitNetwork(
  system: BellmanSystem,
  actionSpace: Space,
  equations: Equations,
  options: NetworkFitOptions,
  onProgress?: OnProgress,
): Promise<NetworkFit> {
  const { members: size = DEFAULTS.members, steps = DEFAULTS.steps, batch = DEFAULTS.batch } = options;
  const { rate = DEFAULTS.rate, huber: delta = DEFAULTS.huber, decay = DEFAULTS.decay } = options;
  const { states, actions, n, targets, centre, scale, here } = equations;
  const d = system.stateSize;
  const k = system.heads.length;
  const random = createRandom(options.seed);
  const features = networkFeatures(options.settings, system.coordinates, actionSpace, centre, scale);
  const width = features.names.length;
  const phi = features.matrix(states, actions, n);
  const sigma = options.sigma ?? firstSigma(system, equations);
  const shapes = options.start ?? initialParameters(options.settings, width, d, random);
  const graph = trainingGraph(system, options.settings, shapes, scale, width, sigma, delta, decay);
  const rows = Math.min(batch, n);
  const tensor = (columns: number, dims: readonly number[]): RuntimeTensor => ({ dtype: "float32", dims, data: new Float32Array(columns) });
  const taken = { states: tensor(rows * d, [rows, d]), phi: tensor(rows * width, [rows, width]), targets: tensor(rows * k, [rows, k]) };
  const step = tensor(1, [1]);
  const members: NetworkParameters[] = [];
  for (let member = 0; member < size; member++) {
    const initial = options.start ?? initialParameters(options.settings, width, d, random);
    const training = await recur(graph, adamState(pack(PACKED, initial)));
    try {
      for (let t = 1; t <= steps; t++) {
        for (let i = 0; i < rows; i++) {
          const b = random.integer(n);
          for (let j = 0; j < d; j++) taken.states.data[i * d + j] = states[b * d + j];
          for (let j = 0; j < width; j++) taken.phi.data[i * width + j] = phi[b * width + j];
          for (let j = 0; j < k; j++) taken.targets.data[i * k + j] = targets[b * k + j];
        }
        step.data[0] = rate * (0.5 * (1 + Math.cos((Math.PI * t) / steps)) + 0.01);
        const { cost } = await training.run({ ...taken, rate: step });
        if (t % 50 === 0 || t === steps)
          onProgress?.(member * steps + t, size * steps, `network ${member + 1}, cost ${cost[0].toFixed(3)}`);
      }
      members.push(unpack(training.state[PACKED].data, initial));
    } finally {
      await training.release();
    }
  }

  const fitted = networkDynamics(options.settings, system.coordinates, actionSpace, centre, scale, members);
  const change = await fitted.change(states, actions, n);
  await fitted.release?.();
  const reached = await system.values(change.map((x, i) => x + states[i]));
  const mean = (found: Float32Array) => {
    let sum = 0;
    for (let i = 0; i < n * k; i++) {
      const u = Math.abs(found[i] - targets[i]) / sigma[i % k];
      sum += u < delta ? u * u : delta * (2 * u - delta);
    }
    return sum / n;
  };
  return { members, sigma, cost: mean(reached), costOfNothing: mean(here) };
}

/** One step of Adam on the Huber cost of a batch. */
function trainingGraph(
  system: BellmanSystem,
  settings: NetworkSettings,
  parameters: NetworkParameters,
  scale: Float64Array,
  width: number,
  sigma: Float64Array,
  delta: number,
  decay: number,
): Graph {
  const d = system.stateSize;
  const k = sigma.length;
  const names = Object.keys(parameters);
  const graph = new Graph();
  const x = graph.input("states", ["N", d]);
  const packed = packedInput(graph, PACKED, parameters);
  const inputs = packed.parts;
  const change = networkChange(settings, system.coordinates, scale, x, graph.input("phi", ["N", width]), inputs);
  const values = inline(system.graphs.values, graph, { x: add(x, change) }).values;
  const whitened = div(sub(values, graph.input("targets", ["N", k])), graph.constant(sigma, [k]));
  const cost = mul(reduceMean(reduceSum(huber(whitened, delta), [1]), [0]), 2);
  let loss: Value = cost;
  for (const name of names) if (name.startsWith("weight")) loss = add(loss, mul(reduceSum(mul(inputs[name], inputs[name]), [0, 1]), decay));
  adam(loss, { [PACKED]: packed.vector }, graph.input("rate", [1]));
  graph.output("cost", cost);
  return graph;
}

/** Hidden weights uniform within ±√(6/(in + out)) (Glorot and Bengio 2010), the last layer a tenth of that: the first model hardly moves. */
function initialParameters({ hidden, integrator }: NetworkSettings, width: number, d: number, random: Random): NetworkParameters {
  const sizes = [width, ...hidden, d];
  const parameters: Record<string, { shape: readonly number[]; data: Float32Array }> = {};
  for (let layer = 0; layer + 1 < sizes.length; layer++) {
    const [from, to] = [sizes[layer], sizes[layer + 1]];
    const reach = Math.sqrt(6 / (from + to)) * (layer + 2 === sizes.length ? 0.1 : 1);
    const data = Float32Array.from({ length: from * to }, () => reach * (2 * random.uniform() - 1));
    parameters[`weight ${layer}`] = { shape: [to, from], data };
    parameters[`bias ${layer}`] = { shape: [to], data: new Float32Array(to) };
  }
  if (integrator !== "free") parameters.clock = { shape: [1], data: Float32Array.of(0) };
  return parameters;
}
