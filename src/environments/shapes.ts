/** Of every picture, in pixels. */
export const width = 320;
/** Okabe and Ito's colours, told apart by colour-blind readers. */
export const colour = {
  ink: "#1f2933",
  wall: "#737a82",
  free: "#f1f3f5",
  line: "#c3c9cf",
  goal: "#009e73",
  hazard: "#d55e00",
  agent: "#0072b2",
  box: "#e69f00",
} as const;

/** To a tenth of a pixel. */
export function toTenth(x: number): number {
  return Math.round(10 * x) / 10;
}

export function line(x1: number, y1: number, x2: number, y2: number, stroke: string, thickness: number): string {
  return `<line x1="${toTenth(x1)}" y1="${toTenth(y1)}" x2="${toTenth(x2)}" y2="${toTenth(y2)}" stroke="${stroke}" stroke-width="${thickness}" stroke-linecap="round"/>`;
}

export function rectangle(x: number, y: number, w: number, h: number, fill: string): string {
  return `<rect x="${toTenth(x)}" y="${toTenth(y)}" width="${toTenth(w)}" height="${toTenth(h)}" rx="2" fill="${fill}"/>`;
}

export function polygon(points: readonly (readonly [number, number])[], fill: string): string {
  return `<polygon points="${points.map(([x, y]) => `${toTenth(x)},${toTenth(y)}`).join(" ")}" fill="${fill}"/>`;
}

export function circle(x: number, y: number, radius: number, fill: string): string {
  return `<circle cx="${toTenth(x)}" cy="${toTenth(y)}" r="${toTenth(radius)}" fill="${fill}"/>`;
}

export function ring(x: number, y: number, radius: number): string {
  return `<circle cx="${toTenth(x)}" cy="${toTenth(y)}" r="${toTenth(radius)}" fill="none" stroke="${colour.goal}" stroke-width="2"/>`;
}

export function text(x: number, y: number, content: string, fill: string, size: number): string {
  return `<text x="${toTenth(x)}" y="${toTenth(y)}" font-family="sans-serif" font-size="${size}" text-anchor="middle" fill="${fill}">${content}</text>`;
}

export interface Drawing {
  readonly height: number;
  readonly shapes: readonly string[];
}
