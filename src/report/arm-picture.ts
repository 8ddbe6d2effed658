import { armPictureHeight, drawArm, projectArm } from "../environments/arm/draw.ts";
import { substeps, timestep } from "../environments/arm/model.ts";
import { toTenth, width } from "../environments/shapes.ts";
import { animation } from "./animation.ts";
import type { ArmEpisode } from "./arm-replay.ts";
import type { Alternative } from "./figure.ts";

type Point = readonly [number, number, number];

/** Where the cube was and where the plan of that step would have it, drawn over the arm. */
const colours = { been: "#56b4e9", imagined: "#d55e00" };

/** A short moving picture of an episode with the cube, seen from the side: its way so far, and how the present plan imagines it to go on. */
export function armPicture({ states, imagined = [] }: ArmEpisode, alternative: Alternative): string {
  const cubes: Point[] = states.map((state) => [state[7], state[8], state[9]]);
  // every line has as many points in all frames, the last ones in one place until they are needed
  const lengths = imagined.map((plan) => plan.states.length);
  const most = Math.max(0, ...lengths);
  const frames = states.map((state, t) => {
    const { shapes } = drawArm(Float64Array.from(state), true);
    const been = cubes.map((_, k) => cubes[Math.min(k, t)]);
    const plan = imagined.findLast(({ step }) => step <= t);
    const ahead = Array.from({ length: most }, (_, k): Point => {
      if (!plan) return cubes[t];
      const [x, y, z] = Array.from(plan.states[Math.min(plan.states.length - 1, Math.max(k, t - plan.step))]).slice(4, 7);
      return [x, y, z];
    });
    return [...shapes, path(been, colours.been, 1.5), ...(most > 0 ? [path(ahead, colours.imagined, 2)] : [])];
  });
  return animation(frames, { ...alternative, width, height: armPictureHeight, interval: timestep * substeps });
}

function path(points: readonly Point[], stroke: string, thickness: number): string {
  const placed = points.map((point) => projectArm(point).map(toTenth).join(",")).join(" ");
  return `<polyline points="${placed}" fill="none" stroke="${stroke}" stroke-width="${thickness}" stroke-linejoin="toTenth" stroke-linecap="toTenth"/>`;
}
