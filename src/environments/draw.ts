import { drawArm } from "./arm/draw.ts";
import type { Environment, Grid, Tables } from "./environment.ts";
import { EnvironmentError } from "./errors.ts";
import { circle, colour, type Drawing, line, polygon, rectangle, ring, round, text, width } from "./shapes.ts";

/**
 * A picture of an environment's present state as SVG, 320 wide.
 * @param info what the last reset or step told; boards and hands are drawn from it
 * @throws EnvironmentError for an environment that there is no drawing for
 */
export function drawEnvironment(environment: Environment, info: Readonly<Record<string, unknown>> = {}): string {
  const { id, grid, tables, simulation, state } = environment;
  const drawing =
    byId[id]?.(state, info) ??
    (grid && tables ? drawGrid(grid, tables, state[0]) : undefined) ??
    (simulation?.observationSpace.shape.length === 3 ? drawChannels(environment) : undefined);
  if (!drawing) throw new EnvironmentError(`${id}: there is no drawing for it`);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${drawing.height}" width="${width}" height="${drawing.height}" role="img" aria-label="${id}">`,
    `<title>${id}</title>`,
    `<rect width="${width}" height="${drawing.height}" fill="#ffffff"/>`,
    ...drawing.shapes,
    "</svg>",
    "",
  ].join("\n");
}

type Draw = (state: Float64Array, info: Readonly<Record<string, unknown>>) => Drawing;

const byId: Readonly<Record<string, Draw>> = {
  "ArmPickAndPlace-v0": (state) => drawArm(state, true),
  "ArmReach-v0": (state) => drawArm(state, false),
  "CartPole-v1": ([x, , angle]) => {
    const cart = width / 2 + x * 60;
    return {
      height: 200,
      shapes: [
        line(10, 160, width - 10, 160, colour.line, 2),
        rectangle(cart - 25, 135, 50, 25, colour.ink),
        line(cart, 135, cart + 110 * Math.sin(angle), 135 - 110 * Math.cos(angle), colour.box, 8),
        circle(cart, 135, 4, colour.free),
      ],
    };
  },
  "MountainCar-v0": drawValley(0.5),
  "MountainCarContinuous-v0": drawValley(0.45),
  "MountainCarGoal-v0": drawValley(undefined),
  "MountainCarReach-v0": drawValley(undefined),
  "Pendulum-v1": ([angle]) => drawLinks([[angle, 100]], false),
  "Acrobot-v1": ([first, second]) =>
    drawLinks(
      [
        [Math.PI + first, 60],
        [Math.PI + first + second, 60],
      ],
      true,
    ),
  "Reacher-v0": ([first, second]) => {
    const drawing = drawLinks(
      [
        [Math.PI / 2 - first, 55],
        [Math.PI / 2 - second, 55],
      ],
      false,
    );
    const goals = [0, 1, 2, 3].map((k) => ring(160 + 55 * Math.cos((k * Math.PI) / 2), 130 - 55 * Math.sin((k * Math.PI) / 2), 11));
    return { ...drawing, shapes: [...goals, ...drawing.shapes] };
  },
  "Taxi-v3": drawTaxi,
  "Taxi-v4": drawTaxi,
  "TicTacToe-v0": (_state, { board }) => {
    const marks = String(board ?? ".../.../...").replaceAll("/", "");
    const cells = [...marks].map((mark, k) => {
      const x = 85 + 50 * (k % 3);
      const y = 25 + 50 * Math.floor(k / 3);
      return (
        rectangle(x, y, 48, 48, colour.free) +
        (mark === "." ? "" : text(x + 24, y + 35, mark, mark === "X" ? colour.agent : colour.hazard, 32))
      );
    });
    return { height: 200, shapes: cells };
  },
  "Sokoban-v0": (_state, { board }) => {
    const rows = String(board ?? "").split("\n");
    const columns = Math.max(...rows.map((row) => row.length));
    const side = Math.min(28, Math.floor((width - 20) / columns));
    const left = (width - side * columns) / 2;
    const shapes = rows.flatMap((row, r) =>
      [...row].flatMap((mark, c) => {
        const x = left + side * c;
        const y = 10 + side * r;
        const middle = (side - 1) / 2;
        const cell = [rectangle(x, y, side - 1, side - 1, mark === "#" ? colour.wall : colour.free)];
        if (mark === "$" || mark === "*") cell.push(rectangle(x + 4, y + 4, side - 9, side - 9, colour.box));
        if (".*+".includes(mark)) cell.push(ring(x + middle, y + middle, side / 5));
        if (mark === "@" || mark === "+") cell.push(circle(x + middle, y + middle, side / 3.5, colour.agent));
        return cell;
      }),
    );
    return { height: 20 + side * rows.length, shapes };
  },
  "Blackjack-v1": (_state, { sum, dealer, usableAce }) => ({
    height: 160,
    shapes: [
      rectangle(60, 30, 70, 100, colour.free),
      text(95, 92, String(sum ?? "?"), colour.agent, 36),
      text(95, 150, usableAce ? "player, ace is 11" : "player", colour.ink, 12),
      rectangle(190, 30, 70, 100, colour.free),
      text(225, 92, dealer === 1 ? "A" : String(dealer ?? "?"), colour.hazard, 36),
      text(225, 150, "dealer shows", colour.ink, 12),
    ],
  }),
};

/** Links from a fixed joint; angles from upright, positive to the left. */
function drawLinks(links: readonly (readonly [angle: number, length: number])[], overLine: boolean): Drawing {
  let x = width / 2;
  let y = 130;
  const shapes = overLine ? [line(20, y - links[0][1], width - 20, y - links[0][1], colour.goal, 1)] : [];
  for (const [angle, length] of links) {
    const nextX = x - length * Math.sin(angle);
    const nextY = y - length * Math.cos(angle);
    shapes.push(line(x, y, nextX, nextY, colour.agent, 10), circle(x, y, 4, colour.free));
    x = nextX;
    y = nextY;
  }
  return { height: 260, shapes: [...shapes, circle(x, y, 6, colour.box)] };
}

/** Height of the hill is sin 3x. */
function drawValley(flag: number | undefined): Draw {
  return ([position]) => {
    const place = (x: number): [number, number] => [((x + 1.2) / 1.8) * (width - 20) + 10, 110 - 60 * Math.sin(3 * x)];
    const hill = Array.from({ length: 91 }, (_, k) =>
      place(-1.2 + 0.02 * k)
        .map(round)
        .join(","),
    );
    const [x, y] = place(position);
    const shapes = [
      `<polyline points="${hill.join(" ")}" fill="none" stroke="${colour.wall}" stroke-width="2"/>`,
      circle(x, y - 7, 7, colour.agent),
    ];
    if (flag !== undefined) {
      const [at, foot] = place(flag);
      shapes.push(
        line(at, foot, at, foot - 30, colour.ink, 2),
        polygon(
          [
            [at, foot - 30],
            [at - 14, foot - 25],
            [at, foot - 20],
          ],
          colour.goal,
        ),
      );
    }
    return { height: 200, shapes };
  };
}

function drawTaxi([state]: Float64Array): Drawing {
  const map = ["R: | : :G", " : | : : ", " : : : : ", " | : | : ", "Y| : |B: "];
  const places = [0, 4, 20, 23];
  const cell = Math.floor(state / 20);
  const passenger = Math.floor(state / 4) % 5;
  const centre = (k: number): [number, number] => [60 + 40 * (k % 5) + 20, 10 + 40 * Math.floor(k / 5) + 20];
  const shapes = [rectangle(60, 10, 200, 200, colour.free)];
  map.forEach((row, r) => {
    [...row].forEach((mark, c) => {
      if (mark === "|") shapes.push(line(60 + 20 * (c + 1), 10 + 40 * r, 60 + 20 * (c + 1), 50 + 40 * r, colour.wall, 4));
    });
  });
  places.forEach((k, p) => {
    const [x, y] = centre(k);
    if (p === state % 4) shapes.push(rectangle(x - 18, y - 18, 36, 36, "#d6efe3"));
    shapes.push(text(x, y + 6, "RGYB"[p], colour.ink, 16));
    if (p === passenger) shapes.push(circle(x + 11, y - 11, 5, colour.hazard));
  });
  const [x, y] = centre(cell);
  shapes.push(rectangle(x - 12, y - 8, 24, 16, passenger === 4 ? colour.goal : colour.box));
  return { height: 220, shapes };
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
