import { circle, colour, type Drawing, line, width } from "./shapes.ts";

/** Links from a fixed joint; angles from upright, positive to the left. */
export function drawLinks(links: readonly (readonly [angle: number, length: number])[], overLine: boolean): Drawing {
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
