import { wrapAngle } from "../environments/coordinates.ts";
import type { Coordinates } from "../environments/environment.ts";
import type { Space } from "../spaces/space.ts";
import { formatNumber } from "./number.ts";
import { predictionScatter } from "./prediction-scatter.ts";
import type { ReportSection } from "./report.ts";
import { valueSurface } from "./value-surface.ts";
import { type VectorPanel, vectorField } from "./vector-field.ts";

/** What the pictures of a continuous model are drawn from. Functions take flat [n, d] states and [n, m] actions. */
export interface ContinuousPictures {
  readonly coordinates: Pick<Coordinates, "names" | "angular" | "rateOf">;
  readonly actionSpace: Space;
  /** Visited states, flat [n, d]: they say where to look. */
  readonly states: ArrayLike<number>;
  /** One value a state: the mean over heads. */
  values(states: Float64Array): Promise<ArrayLike<number>>;
  /** Inferred next states. */
  predict(states: Float64Array, actions: Float64Array): Promise<ArrayLike<number>>;
  /** True next states, where there is an environment to ask. */
  truth?(states: Float64Array, actions: Float64Array): ArrayLike<number>;
}

const surfaceColumns = 49;
const surfaceRows = 37;
const arrowsAcross = 11;
const mostPanels = 3;

/** Value surface and vector field over two coordinates; the others rest at their medians. */
export async function continuousSections(data: ContinuousPictures): Promise<ReportSection[]> {
  const { names } = data.coordinates;
  const d = names.length;
  if (d < 2) return [];
  const [i, j] = chooseCoordinates(data.coordinates);
  const centre = Float64Array.from(names, (_, k) => quantiles(data.states, d, k, [0.5])[0]);
  const [xLow, xHigh] = spread(quantiles(data.states, d, i, [0.01, 0.99]));
  const [yLow, yHigh] = spread(quantiles(data.states, d, j, [0.01, 0.99]));
  const grid = (columns: number, rows: number): Float64Array => {
    const out = new Float64Array(columns * rows * d);
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const at = (row * columns + column) * d;
        out.set(centre, at);
        out[at + i] = xLow + ((xHigh - xLow) * column) / (columns - 1);
        out[at + j] = yLow + ((yHigh - yLow) * row) / (rows - 1);
      }
    }
    return out;
  };
  const others = names.flatMap((name, k) => (k === i || k === j ? [] : [`${name} = ${formatNumber(centre[k])}`]));
  const held = others.length > 0 ? ` The other coordinates rest at their medians: ${others.join(", ")}.` : "";
  const surface = valueSurface({
    title: `Value over ${names[i]} and ${names[j]}`,
    x: names[i],
    y: names[j],
    xRange: [xLow, xHigh],
    yRange: [yLow, yHigh],
    columns: surfaceColumns,
    rows: surfaceRows,
    values: await data.values(grid(surfaceColumns, surfaceRows)),
  });
  const starts = grid(arrowsAcross, arrowsAcross);
  const n = arrowsAcross * arrowsAcross;
  const panels: VectorPanel[] = [];
  for (const { name, action } of panelActions(data.actionSpace)) {
    const actions = Float64Array.from({ length: n * action.length }, (_, k) => action[k % action.length]);
    const change = (next: ArrayLike<number>): Float64Array => {
      const out = new Float64Array(2 * n);
      for (let b = 0; b < n; b++) {
        [i, j].forEach((k, c) => {
          const delta = next[b * d + k] - starts[b * d + k];
          out[2 * b + c] = data.coordinates.angular[k] ? wrapAngle(delta) : delta;
        });
      }
      return out;
    };
    const at = Float64Array.from({ length: 2 * n }, (_, k) => starts[(k >> 1) * d + (k & 1 ? j : i)]);
    const truth = data.truth?.(starts, actions);
    panels.push({ name, at, inferred: change(await data.predict(starts, actions)), truth: truth && change(truth) });
  }
  return [
    { title: "Value surface", text: `Mean over the heads used.${held}`, svg: surface },
    {
      title: data.truth ? "One step, inferred and true" : "One step, inferred",
      text: `How far one step goes under ${panels.length === 1 ? "the action" : "each action"}; all arrows are lengthened alike.${held}`,
      svg: vectorField({ title: "Vector field", x: names[i], y: names[j], panels }),
      wide: panels.length > 1,
    },
  ];
}

/** Predicted against true changes of transitions nobody fitted to: states, next states and predictions are flat [n, d]. */
export function scatterSection(
  coordinates: Pick<Coordinates, "names" | "angular">,
  states: ArrayLike<number>,
  truth: ArrayLike<number>,
  predicted: ArrayLike<number>,
): ReportSection {
  const d = coordinates.names.length;
  const change = (next: ArrayLike<number>) =>
    Float64Array.from(states, (s, k) => (coordinates.angular[k % d] ? wrapAngle(next[k] - s) : next[k] - s));
  const svg = predictionScatter({
    title: "Predicted against true change",
    dimensions: coordinates.names,
    truth: change(truth),
    predicted: change(predicted),
  });
  return {
    title: "Predicted against true change",
    text: "On the dashed diagonal the prediction is right; on the flat line nothing moves.",
    svg,
    wide: d > 2,
  };
}

/** A coordinate and its rate where there is such a pair, else the first two. The last such pair: in a cart-pole the pole is worth more than the cart. */
function chooseCoordinates({ rateOf }: Pick<Coordinates, "rateOf">): [number, number] {
  for (let k = rateOf.length - 1; k >= 0; k--) {
    const rate = rateOf[k];
    if (rate !== null && rate !== k) return [k, rate];
  }
  return [0, 1];
}

/** At most three actions: the extremes of the first dimension and the middle. */
function panelActions(space: Space): { name: string; action: number[] }[] {
  if (space.kind === "discrete") {
    const all = Array.from({ length: space.n }, (_, a) => space.start + a);
    const shown = all.length <= mostPanels ? all : [all[0], all[all.length >> 1], all[all.length - 1]];
    return shown.map((a) => ({ name: `action ${a}`, action: [a] }));
  }
  if (space.kind === "dict") return [];
  const middle = Array.from(space.low, (low, k) => (Number.isFinite(low + space.high[k]) ? (low + space.high[k]) / 2 : 0));
  const ends = [space.low[0], middle[0], space.high[0]].map((value, k) => (Number.isFinite(value) ? value : k - 1));
  return ends.map((value) => {
    const action = [value, ...middle.slice(1)];
    return { name: `action ${action.length === 1 ? formatNumber(value) : `(${action.map((x) => formatNumber(x)).join(", ")})`}`, action };
  });
}

function quantiles(flat: ArrayLike<number>, d: number, k: number, at: readonly number[]): number[] {
  const column: number[] = [];
  for (let b = k; b < flat.length; b += d) if (Number.isFinite(flat[b])) column.push(flat[b]);
  column.sort((a, b) => a - b);
  return at.map((q) => column[Math.min(column.length - 1, Math.floor(q * column.length))] ?? 0);
}

function spread([low, high]: readonly number[]): [number, number] {
  return high > low ? [low, high] : [low - 0.5, high + 0.5];
}
