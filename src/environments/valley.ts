import { circle, colour, type Drawing, line, polygon, toTenth, width } from "./shapes.ts";

/** Shared by every mountain car: the valley's ends, the greatest speed, and what a step pulls downhill. */
export const valley = { left: -1.2, right: 0.6, speed: 0.07, gravity: 0.0025 } as const;

/** A car in the valley, and a flag where there is one. The height of the hill is sin 3x. */
export function drawValley(flag?: number): (state: Float64Array) => Drawing {
  return ([position]) => {
    const place = (x: number): [number, number] => [
      ((x - valley.left) / (valley.right - valley.left)) * (width - 20) + 10,
      110 - 60 * Math.sin(3 * x),
    ];
    const hill = Array.from({ length: 91 }, (_, k) =>
      place(valley.left + 0.02 * k)
        .map(toTenth)
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
