import type { Module, Network } from "../critics/network.ts";
import { FormatError } from "./format-error.ts";
import type { Layer, LinearLayer, NormLayer } from "./layers.ts";
import { printable } from "./pickle.ts";

/** Between two linear layers: normalise, then activate ("norm-activation", the default), or the other way round. */
export type LayerOrder = "norm-activation" | "activation-norm";

export interface ChainOptions {
  readonly activation: string;
  readonly layerOrder?: LayerOrder;
  /** Whether the file keeps the order in which the layers were made: torch.save does, safetensors and msgpack sort. */
  readonly ordered: boolean;
  /** Something follows: a normalisation may stand after the last layer. */
  readonly open?: boolean;
}

/** What was taken for granted where a state dict does not show it. */
export type Told = (note: string) => void;

/** Most linear layers whose order is looked for by their shapes. */
const most = 12;

/**
 * One network of all these layers, ordered by the chain of their shapes: each takes as many numbers as the one before gives. The order of
 * the file (or of the numbers in the names) goes first; where it does not fit and exactly one other does, that one is taken.
 * @param inputs what must enter, where it is known
 * @returns undefined where no order fits
 * @throws FormatError where two orders fit, or a normalisation has no one place
 */
export function chainOf(layers: readonly Layer[], options: ChainOptions, file: string, tell: Told, inputs?: number): Network | undefined {
  const linears = linearChain(
    layers.filter((layer) => layer.kind === "linear"),
    options,
    file,
    inputs,
  );
  if (!linears) return undefined;
  const norms = placed(layers, linears, file, options.open ?? false);
  return norms && assemble(linears, norms, options, file, tell);
}

function linearChain(layers: readonly LinearLayer[], { ordered }: ChainOptions, file: string, inputs?: number): LinearLayer[] | undefined {
  if (layers.length === 0) return undefined;
  const numbered = [...layers].sort((a, b) => compareNames(a.path, b.path));
  const first = ordered ? layers : numbered;
  const fits = (order: readonly LinearLayer[]) =>
    (inputs === undefined || order[0].module.inputs === inputs) &&
    order.every((layer, i) => i === 0 || layer.module.inputs === order[i - 1].module.outputs);
  const oneStem = new Set(layers.map((layer) => stemOf(layer.path))).size === 1;
  if (fits(first) && (ordered || oneStem)) {
    if (oneStem && ordered && fits(numbered) && numbered.some((layer, i) => layer !== first[i])) throw twoOrders(first, numbered, file);
    return [...first];
  }
  if (layers.length > most) return undefined;
  const orders: LinearLayer[][] = [];
  const search = (order: LinearLayer[], left: ReadonlySet<LinearLayer>) => {
    if (orders.length > 1) return;
    if (left.size === 0) {
      if (fits(order)) orders.push([...order]);
      return;
    }
    for (const layer of left) {
      const before = order[order.length - 1];
      if (before && before.module.outputs !== layer.module.inputs) continue;
      order.push(layer);
      search(order, new Set([...left].filter((other) => other !== layer)));
      order.pop();
    }
  };
  search([], new Set(layers));
  if (orders.length > 1) throw twoOrders(orders[0], orders[1], file);
  return orders[0];
}

function twoOrders(a: readonly LinearLayer[], b: readonly LinearLayer[], file: string): FormatError {
  const show = (order: readonly LinearLayer[]) => printable(order.map((layer) => layer.path).join(" → "));
  return new FormatError(
    file,
    "the order of the layers",
    `could be ${show(a)} or ${show(b)}`,
    "export the critic as ONNX, which keeps the order",
  );
}

/** Where each normalisation stands: after how many linear layers. */
function placed(
  layers: readonly Layer[],
  linears: readonly LinearLayer[],
  file: string,
  open: boolean,
): Map<number, NormLayer> | undefined {
  const norms = layers.filter((layer) => layer.kind === "norm");
  const sizes = [linears[0].module.inputs, ...linears.map((layer) => layer.module.outputs)];
  const last = linears.length;
  const out = new Map<number, NormLayer>();
  const inFile = norms.map((norm) => layers.slice(0, layers.indexOf(norm)).filter((layer) => layer.kind === "linear").length);
  const fileOrder = linears.every((layer, i) => layer === layers.filter((other) => other.kind === "linear")[i]);
  const agree = (places: readonly number[]) =>
    new Set(places).size === places.length && places.every((place, i) => sizes[place] === norms[i].size);
  let places: readonly number[] | undefined;
  if (fileOrder && agree(inFile) && inFile.every((place) => open || place < last)) places = inFile;
  else {
    const numbers = linears.map((layer) => numberOf(layer.path));
    const byNumber = norms.map((norm) => {
      const number = numberOf(norm.path);
      return number === undefined ? -1 : numbers.indexOf(number) + 1;
    });
    if (byNumber.every((place) => place > 0) && agree(byNumber)) places = byNumber;
    else {
      const only = norms.map((norm) => sizes.map((size, i) => (size === norm.size ? i : -1)).filter((i) => i >= 0));
      if (only.every((choices) => choices.length === 1) && agree(only.map(([place]) => place))) places = only.map(([place]) => place);
      else if (only.every((choices) => choices.length > 0)) {
        const loose = norms[only.findIndex((choices) => choices.length !== 1)] ?? norms[0];
        throw new FormatError(
          file,
          `'${printable(loose.path)}'`,
          `fits after several layers (${linears.map((layer) => printable(layer.path)).join(", ")})`,
          "export the critic as ONNX, which keeps the order",
        );
      }
    }
  }
  if (!places) return undefined;
  places.forEach((place, i) => {
    out.set(place, norms[i]);
  });
  return out;
}

function assemble(
  linears: readonly LinearLayer[],
  norms: ReadonlyMap<number, NormLayer>,
  options: ChainOptions,
  file: string,
  tell: Told,
): Network {
  const act: Module = { kind: "activation", name: options.activation };
  // Steps in order; running normalisations stay apart until they are folded into a linear layer.
  const steps: (Module | NormLayer)[] = [];
  const push = (norm: NormLayer) => steps.push(norm.layer ?? norm);
  const before = norms.get(0);
  if (before) push(before);
  const bare = consecutive(linears);
  if (bare) tell("layers stand side by side without a number between them: an activation is taken to follow each but the last");
  linears.forEach((layer, i) => {
    steps.push(layer.module);
    const norm = norms.get(i + 1);
    const next = linears[i + 1];
    if (!next) {
      if (norm) push(norm);
      return;
    }
    const order = norm ? orderOf(layer, norm, next, bare, options, file) : undefined;
    if (!norm) {
      if (bare || gap(layer.path, next.path) !== 1) steps.push(act);
    } else if (order === "norm-activation") {
      push(norm);
      steps.push(act);
    } else if (order === "activation-norm") {
      steps.push(act);
      push(norm);
    } else push(norm);
    if (norm && order === "assumed") {
      steps.push(act);
      tell(`'${printable(norm.path)}' is taken to stand before the activation; "layerOrder": "activation-norm" says otherwise`);
    }
  });
  return fold(steps);
}

/** Numbers of a Sequential show on which side of a normalisation its activation stands. */
function orderOf(
  layer: LinearLayer,
  norm: NormLayer,
  next: LinearLayer,
  bare: boolean,
  { layerOrder }: ChainOptions,
  file: string,
): LayerOrder | "assumed" | "none" {
  const [left, right] = [gap(layer.path, norm.path), gap(norm.path, next.path)];
  if (left !== undefined && right !== undefined && !bare && left + right > 2) {
    if (left > 1 && right > 1) {
      if (layerOrder) return layerOrder;
      throw new FormatError(
        file,
        `'${printable(norm.path)}'`,
        "has unnumbered modules on both sides, so the activation could stand before or after it",
        'say {"layerOrder": "norm-activation"} or "activation-norm" in a .json of the same name',
      );
    }
    return left > 1 ? "activation-norm" : "norm-activation";
  }
  return layerOrder ?? "assumed";
}

/** A list of modules (functional activations) numbers its linear layers 0, 1, 2, …; a Sequential leaves a number for each activation. */
function consecutive(linears: readonly LinearLayer[]): boolean {
  const gaps = linears.slice(1).map((layer, i) => gap(linears[i].path, layer.path));
  return gaps.length > 0 && gaps.every((step) => step === 1);
}

/** Difference of the last numbers of two names in the same Sequential. */
function gap(a: string, b: string): number | undefined {
  const [left, right] = [/^(.*?)\.?(\d{1,9})$/.exec(a), /^(.*?)\.?(\d{1,9})$/.exec(b)];
  const plain = (path: string) => /(^|\.)\d+$/.test(path);
  if (!left || !right || !plain(a) || !plain(b) || left[1] !== right[1]) return undefined;
  return Number(right[2]) - Number(left[2]);
}

/** W(s·x + t) = (W diag s) x + W t, and s·(W x + b) + t = (diag s W) x + (s·b + t): a running normalisation beside a linear layer is part of it. */
function fold(steps: readonly (Module | NormLayer)[]): Network {
  const out: Module[] = [];
  let pending: NormLayer["affine"];
  for (const step of steps) {
    if (step.kind === "norm") {
      const before = out[out.length - 1];
      if (before?.kind === "linear") out[out.length - 1] = after(before, step.affine!);
      else pending = step.affine;
    } else if (step.kind === "linear" && pending) {
      out.push(ahead(step, pending));
      pending = undefined;
    } else out.push(step);
  }
  return out;
}

type Linear = LinearLayer["module"];
type Affine = NonNullable<NormLayer["affine"]>;

function after(linear: Linear, { scale, shift }: Affine): Linear {
  const { inputs, outputs, weight, bias } = linear;
  const scaled = Float64Array.from(weight, (w, k) => w * scale[Math.floor(k / inputs)]);
  return { kind: "linear", inputs, outputs, weight: scaled, bias: shift.map((t, o) => t + scale[o] * (bias?.[o] ?? 0)) };
}

function ahead(linear: Linear, { scale, shift }: Affine): Linear {
  const { inputs, outputs, weight, bias } = linear;
  const sums = Float64Array.from({ length: outputs }, (_, o) => {
    let sum: number = bias?.[o] ?? 0;
    for (let i = 0; i < inputs; i++) sum += weight[o * inputs + i] * shift[i];
    return sum;
  });
  return { kind: "linear", inputs, outputs, weight: Float64Array.from(weight, (w, k) => w * scale[k % inputs]), bias: sums };
}

/** The name without its last number. */
function stemOf(path: string): string {
  return path.replace(/\d{1,9}$/, "");
}

function numberOf(path: string): number | undefined {
  const digits = /(\d{1,9})$/.exec(path)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** Text by its letters, numbers by their size: net.2 before net.10. */
export function compareNames(a: string, b: string): number {
  return a.localeCompare(b, "en", { numeric: true });
}
