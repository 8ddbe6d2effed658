import { gzipSync, strToU8 } from "fflate";
import { cubeHalf, links, substeps, timestep } from "../environments/arm/model.ts";
import { type ReplayData, type ReplayEpisode, viewArm } from "./arm-viewer.ts";
import { escapeText } from "./escape.ts";
import { darkColours, lightColours } from "./palette.ts";
import type { ThreeSource } from "./three-source.ts";

/** A plan as a model sees it. */
export interface ImaginedPlan {
  /** The step that it starts from. */
  readonly step: number;
  /** Grip x, y, z (m), opening (m), cube x, y, z (m), whatever follows; the first is the state it starts from. Without a cube, 4 numbers. */
  readonly states: readonly ArrayLike<number>[];
}

/** A recorded episode of an arm environment. */
export interface ArmEpisode {
  readonly title: string;
  /** [steps + 1] states as `environment.state` gives them: qpos first. */
  readonly states: readonly ArrayLike<number>[];
  readonly goal?: ArrayLike<number>;
  readonly imagined?: readonly ImaginedPlan[];
  /** Boxes that a task speaks of: centre and half edges, in metres. */
  readonly boxes?: ReplayEpisode["boxes"];
}

export interface ArmReplayOptions {
  readonly title: string;
  /** A sentence below the title. */
  readonly text?: string;
  readonly episodes: readonly ArmEpisode[];
  /** false for ArmReach-v0 (true) */
  readonly cube?: boolean;
  /** Names of the two ("real", "imagined"). */
  readonly names?: readonly [real: string, imagined: string];
}

/**
 * One self-contained page that shows recorded episodes of an arm in three dimensions, and beside them what its model imagined:
 * drag to orbit, play, scrub. It makes no request. The same states give the same bytes.
 * @param three `threeSource()`
 */
export function armReplay(options: ArmReplayOptions, three: ThreeSource): string {
  const { title, text, episodes, cube = true, names = ["real", "imagined"] } = options;
  const size = cube ? 14 : 7;
  const rounded = (values: ArrayLike<number>, count: number) => Array.from({ length: count }, (_, k) => Math.round(values[k] * 1e5) / 1e5);
  const data: ReplayData = {
    interval: timestep * substeps,
    links,
    half: cubeHalf,
    names,
    episodes: episodes.map((episode) => ({
      title: episode.title,
      positions: episode.states.map((state) => rounded(state, size)),
      goal: episode.goal && rounded(episode.goal, 3),
      boxes: episode.boxes ?? [],
      imagined: (episode.imagined ?? []).map(({ step, states }) => ({ step, states: states.map((state) => rounded(state, cube ? 7 : 4)) })),
    })),
  };
  const json = JSON.stringify(data).replace(/</g, "\\u003c");
  const library = Object.entries(three).map(
    ([name, source]) => `<script type="application/gzip" id="three-${name}">${packed(source)}</script>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline' blob:; style-src 'unsafe-inline'; img-src data: blob:; connect-src data:">
<title>${escapeText(title)}</title>
<style>
:root{${lightColours}--ink:#1c2126}
@media(prefers-color-scheme:dark){:root{${darkColours}--ink:#e6e9ec}}
*{box-sizing:border-box}
html,body{height:100%;margin:0}
body{display:flex;flex-direction:column;background:var(--surface);color:var(--ink);font:14px/1.45 system-ui,sans-serif}
header{padding:12px 18px 6px}
h1{font-size:18px;margin:0}
p{margin:2px 0 0;color:var(--muted)}
#scene{flex:1;min-height:200px;overflow:hidden}
canvas{display:block;cursor:grab}
canvas:active{cursor:grabbing}
footer{display:flex;flex-wrap:wrap;gap:10px 14px;align-items:center;padding:8px 18px 14px;border-top:1px solid var(--faint)}
#step{flex:1 1 220px;accent-color:var(--truth)}
button,select{font:inherit;color:inherit;background:var(--surface);border:1px solid var(--muted);border-radius:6px;padding:4px 10px}
button{min-width:5em}
.swatch::before{content:"";display:inline-block;width:10px;height:10px;border-radius:2px;margin-right:5px;background:var(--truth)}
#planned::before{background:var(--inferred)}
#words{flex-basis:100%;font-variant-numeric:tabular-nums;color:var(--muted)}
</style>
</head>
<body>
<header><h1>${escapeText(title)}</h1>${text ? `<p>${escapeText(text)}</p>` : ""}</header>
<div id="scene"></div>
<footer>
<button id="play" type="button">Play</button>
<input id="step" type="range" min="0" step="0.01" value="0" aria-label="Step">
<select id="speed" aria-label="Speed"><option value="0.25">¼ speed</option><option value="0.5">½ speed</option><option value="1" selected>real time</option><option value="2">2 ×</option></select>
<select id="episode" aria-label="Episode"></select>
<span id="names"><span class="swatch" id="real"></span> <label><input id="imagined" type="checkbox" checked> <span class="swatch" id="planned"></span></label></span>
<span id="words" role="status"></span>
</footer>
<script type="application/json" id="replay">${json}</script>
${library.join("\n")}
<script type="module">
const __name = (made) => made;
const unpack = async (name) => {
  const bytes = Uint8Array.from(atob(document.getElementById("three-" + name).textContent), (letter) => letter.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
};
const address = (text) => URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
const core = address(await unpack("core"));
const three = await import(address((await unpack("main")).replaceAll("./three.core.js", core)));
const root = document.getElementById("scene");
try {
  (${viewArm.toString()})(three, JSON.parse(document.getElementById("replay").textContent), root);
} catch (error) {
  root.textContent = "This browser draws no 3-D pictures (" + error.message + ").";
}
</script>
</body>
</html>
`;
}

function packed(source: string): string {
  // without a time of day, so that the bytes are always the same
  return Buffer.from(gzipSync(strToU8(source), { level: 9, mtime: 0 })).toString("base64");
}
