import { escapeText } from "./escape.ts";
import type { Alternative } from "./figure.ts";

export interface AnimationOptions extends Alternative {
  readonly width: number;
  readonly height: number;
  /** s between two frames */
  readonly interval: number;
  /** s that the last frame stays before it begins again (1.5) */
  readonly rest?: number;
}

interface Shape {
  readonly tag: string;
  readonly attributes: ReadonlyMap<string, string>;
}

/**
 * Frames of the same shapes as one moving picture, for ever: attributes that change become SMIL animations, so that it plays wherever an image does.
 * @param frames [time][shape] empty elements such as `<line x1="0" …/>`, the same tags in the same order in every frame
 */
export function animation(frames: readonly (readonly string[])[], options: AnimationOptions): string {
  const { width, height, interval, rest = 1.5, title, description } = options;
  const parsed = frames.map((shapes) => shapes.map(parse));
  const moving = (frames.length - 1) * interval;
  const whole = moving + rest;
  const times = [...frames.map((_, t) => Math.round((1e4 * t * interval) / whole) / 1e4), 1].join(";");
  const shapes = parsed[0].map(({ tag, attributes }, k) => {
    const still: string[] = [];
    const animated: string[] = [];
    for (const [name, first] of attributes) {
      const values = parsed.map((frame, t) => {
        const value = frame[k]?.tag === tag ? frame[k].attributes.get(name) : undefined;
        if (value === undefined)
          throw new RangeError(`animation: frame ${t} has no ${name} of shape ${k}, a ${tag}; frames hold the same shapes`);
        return value;
      });
      still.push(`${name}="${first}"`);
      if (values.every((value) => value === first)) continue;
      const steps = [...values, values[values.length - 1]].join(";");
      animated.push(`<animate attributeName="${name}" values="${steps}" keyTimes="${times}" dur="${whole}s" repeatCount="indefinite"/>`);
    }
    const opening = `<${tag} ${still.join(" ")}`;
    return animated.length ? `${opening}>${animated.join("")}</${tag}>` : `${opening}/>`;
  });
  const name = escapeText(title);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${name}">`,
    `<title>${name}</title><desc>${escapeText(description)}</desc>`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    ...shapes,
    "</svg>",
    "",
  ].join("\n");
}

function parse(shape: string): Shape {
  const tag = /^<([a-z]+) /.exec(shape)?.[1];
  if (!tag || !shape.endsWith("/>")) throw new RangeError(`animation: shapes are empty elements, got ${shape}`);
  return { tag, attributes: new Map(Array.from(shape.matchAll(/ ([\w-]+)="([^"]*)"/g), ([, name, value]) => [name, value])) };
}
