import { circle, colour, type Drawing, line, polygon, ring } from "../shapes.ts";
import { sizes } from "./engine.ts";
import { cubeHalf, links } from "./model.ts";

type Point = readonly [x: number, y: number, z: number];

export const armPictureHeight = 290;

/** Seen from the side and a little from above: x to the right, z up, y away into the picture. 350 pixels a metre. */
export function projectArm([x, y, z]: Point): readonly [number, number] {
  return [50 + 350 * (x + 0.35 * y), 245 - 350 * (z + 0.4 * y)];
}

/** The arm with its table, cube and goal; a dotted line falls from the goal to the table. */
export function drawArm(state: Float64Array, withCube: boolean): Drawing {
  const { positions, velocities } = sizes({ cubeMass: withCube ? 1 : undefined, jointStrength: [] });
  const goal: Point = place(state, positions + 2 * velocities);
  const [turn, lift, bend, tilt] = state;
  const along = (radius: number, z: number): Point => [radius * Math.cos(turn), radius * Math.sin(turn), z];
  const hand = lift + bend + tilt;
  const elbow = [links.upper * Math.cos(lift), links.shoulder + links.upper * Math.sin(lift)] as const;
  const wrist = [elbow[0] + links.fore * Math.cos(lift + bend), elbow[1] + links.fore * Math.sin(lift + bend)] as const;
  const down = (length: number) => [wrist[0] + length * Math.sin(hand), wrist[1] - length * Math.cos(hand)] as const;
  const palm = along(...down(0.1));
  const tip = along(...down(links.tool + 0.018));
  const link = (from: Point, to: Point, stroke: string, thickness: number) =>
    line(...projectArm(from), ...projectArm(to), stroke, thickness);
  const aside = ([x, y, z]: Point, by: number): Point => [x, y + by, z];
  const finger = (sign: number) => {
    const by = sign * (state[5] + 0.005);
    return link(aside(palm, by), aside(tip, by), colour.ink, 4);
  };
  const shapes = [
    polygon(
      [projectArm([0.12, -0.25, 0]), projectArm([0.58, -0.25, 0]), projectArm([0.58, 0.25, 0]), projectArm([0.12, 0.25, 0])],
      colour.free,
    ),
    link(goal, [goal[0], goal[1], 0], colour.line, 1),
    finger(1),
    ...(withCube ? drawCube(place(state, 7), 2 * Math.atan2(state[13], state[10])) : []),
    link([0, 0, 0], [0, 0, links.shoulder], colour.wall, 22),
    link([0, 0, links.shoulder], along(...elbow), colour.agent, 14),
    link(along(...elbow), along(...wrist), colour.agent, 11),
    link(along(...wrist), palm, colour.agent, 8),
    link(aside(palm, -0.045), aside(palm, 0.045), colour.ink, 5),
    finger(-1),
    circle(...projectArm([0, 0, links.shoulder]), 4, colour.free),
    circle(...projectArm(along(...elbow)), 4, colour.free),
    circle(...projectArm(along(...wrist)), 3, colour.free),
    ring(...projectArm(goal), 7),
  ];
  return { height: armPictureHeight, shapes };
}

function place(state: Float64Array, at: number): Point {
  return [state[at], state[at + 1], state[at + 2]];
}

/** The three faces of an upright cube that look this way. */
function drawCube([x, y, z]: Point, yaw: number): string[] {
  const corner = (k: number, up: number): Point => {
    const angle = yaw + Math.PI / 4 + (k * Math.PI) / 2;
    const radius = Math.SQRT2 * cubeHalf;
    return [x + radius * Math.cos(angle), y + radius * Math.sin(angle), z + up * cubeHalf];
  };
  const face = (fill: string, ...corners: readonly Point[]) => polygon(corners.map(projectArm), fill);
  return [
    face("#c98500", corner(3, -1), corner(0, -1), corner(0, 1), corner(3, 1)),
    face(colour.box, corner(2, -1), corner(3, -1), corner(3, 1), corner(2, 1)),
    face("#f3c25a", corner(0, 1), corner(1, 1), corner(2, 1), corner(3, 1)),
  ];
}
