import type { Environment, Grid, Tables } from "./environment.ts";
import { EnvironmentError } from "./errors.ts";
import { registrationOf } from "./registry.ts";
import { circle, colour, type Drawing, rectangle, width } from "./shapes.ts";

/**
 * A picture of an environment's present state as SVG, 320 wide.
 * @param info what the last reset or step told; boards and hands are drawn from it
 * @throws EnvironmentError for an environment that there is no drawing for
 */
export function drawEnvironment(environment: Environment, info: Readonly<Record<string, unknown>> = {}): string {
  const { id, grid, tables, simulation, state } = environment;
  const drawing =
    registrationOf(id)?.draw?.(state, info) ??
    (grid && tables ? drawGrid(grid, tables, state[0]) : undefined) ??
    (simulation?.observationSpace.shape.length === 3 ? drawChannels(environment) : undefined);
  if (!drawing)
    throw new EnvironmentError(`${id}: there is no drawing for it; register it with \`draw\``, {
      field: "draw",
      fix: "register it with `draw`",
    });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${drawing.height}" width="${width}" height="${drawing.height}" role="img" aria-label="${id}">`,
    `<title>${id}</title>`,
    `<rect width="${width}" height="${drawing.height}" fill="#ffffff"/>`,
    ...drawing.shapes,
    "</svg>",
    "",
  ].join("\n");
}

/** Cells of a grid world: walls, goals that pay, ends that do not, and what nothing leads to. */
function drawGrid(grid: Grid, tables: Tables, state: number): Drawing {
  const side = Math.min(28, Math.floor((width - 20) / grid.columns));
  const left = (width - side * grid.columns) / 2;
  const kind = new Map<number, string>();
  const entered = new Set<number>();
  for (let pair = 0; pair < tables.states * tables.actions; pair++)
    for (let k = tables.offsets[pair]; k < tables.offsets[pair + 1]; k++) {
      const next = tables.nextStates[k];
      const from = Math.floor(pair / tables.actions);
      entered.add(next);
      if (tables.terminated[k] && (next !== from || pair % tables.actions === 4)) {
        const lost = tables.rewards[k] < -1 || (tables.rewards[k] === 0 && next !== from);
        if (!lost) kind.set(next, colour.goal);
        else if (next !== from) kind.set(next, colour.hazard);
      }
    }
  const shapes: string[] = [];
  for (let cell = 0; cell < grid.rows * grid.columns; cell++) {
    const s = grid.stateAt[cell];
    const x = left + side * (cell % grid.columns);
    const y = 10 + side * Math.floor(cell / grid.columns);
    const fill = s < 0 ? colour.wall : (kind.get(s) ?? (entered.has(s) || tables.initial[s] > 0 ? colour.free : colour.hazard));
    shapes.push(rectangle(x, y, side - 1, side - 1, fill));
    if (s === state) shapes.push(circle(x + (side - 1) / 2, y + (side - 1) / 2, side / 3.5, colour.agent));
  }
  return { height: 20 + side * grid.rows, shapes };
}

/** Boards of [rows, columns, channels] of 0 and 1. */
function drawChannels(environment: Environment): Drawing | undefined {
  const { simulation } = environment;
  if (!simulation) return undefined;
  const [rows, columns, channels] = simulation.observationSpace.shape;
  const observation = new Float64Array(rows * columns * channels);
  simulation.observations(environment.state.subarray(0, simulation.stateSize), 1, observation);
  const side = Math.min(28, Math.floor((width - 20) / columns));
  const left = (width - side * columns) / 2;
  const palette = [colour.agent, colour.hazard, colour.line, colour.box];
  const shapes: string[] = [];
  for (let cell = 0; cell < rows * columns; cell++) {
    const channel = Array.from({ length: channels }, (_, c) => c).find((c) => observation[cell * channels + c] > 0);
    const fill = channel === undefined ? colour.free : palette[channel % palette.length];
    shapes.push(rectangle(left + side * (cell % columns), 10 + side * Math.floor(cell / columns), side - 1, side - 1, fill));
  }
  return { height: 20 + side * rows, shapes };
}
