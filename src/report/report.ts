import { escapeText } from "./escape.ts";
import { formatNumber } from "./number.ts";
import { darkColours, lightColours } from "./palette.ts";

export interface ReportTable {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
  readonly caption?: string;
}

export interface ReportSection {
  readonly title: string;
  /** Paragraphs. */
  readonly text?: string | readonly string[];
  /** Pictures made by this folder: the only markup that goes in unescaped. */
  readonly svg?: string | readonly string[];
  readonly table?: ReportTable;
  /** Across the whole page. */
  readonly wide?: boolean;
}

/** `good`: use it; `limited`: with care; `refused`: the critic cannot answer. */
export interface ReportVerdict {
  readonly level: "good" | "limited" | "refused";
  readonly text: string;
  /** What would help. */
  readonly help?: readonly string[];
}

export interface Report {
  readonly title: string;
  readonly subtitle?: string;
  readonly verdict: ReportVerdict;
  readonly sections: readonly ReportSection[];
  /** The command that made it. */
  readonly command: string;
  readonly seed: number;
  readonly version: string;
}

const verdictNames: Readonly<Record<ReportVerdict["level"], string>> = {
  good: "✓ Usable",
  limited: "! Usable with care",
  refused: "✕ Not recoverable",
};

/** One self-contained page: no script, no request, light or dark as the reader's system is. The same data give the same bytes. */
export function renderReport(report: Report): string {
  const { verdict } = report;
  const help = verdict.help?.length
    ? `<p>What would help:</p><ul>${verdict.help.map((item) => `<li>${escapeText(item)}</li>`).join("")}</ul>`
    : "";
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="vinverse ${escapeText(report.version)}">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>${escapeText(report.title)}</title>
<style>${style}</style>
</head>
<body>
<header><h1>${escapeText(report.title)}</h1>${report.subtitle ? `<p class="subtitle">${escapeText(report.subtitle)}</p>` : ""}</header>
<main>
<section class="verdict ${verdict.level}"><h2>${verdictNames[verdict.level]}</h2><p>${escapeText(verdict.text)}</p>${help}</section>
${report.sections.map(renderSection).join("\n")}
</main>
<footer><p>Made by <code>${escapeText(report.command)}</code> with seed ${report.seed}, vinverse ${escapeText(report.version)}.</p></footer>
</body>
</html>
`;
}

function renderSection(section: ReportSection): string {
  const text = paragraphs(section.text)
    .map((paragraph) => `<p>${escapeText(paragraph)}</p>`)
    .join("");
  const pictures = paragraphs(section.svg)
    .map((svg) => `<figure>${svg}</figure>`)
    .join("");
  const table = section.table ? renderTable(section.table) : "";
  return `<section${section.wide ? ' class="wide"' : ""}><h2>${escapeText(section.title)}</h2>${text}${pictures}${table}</section>`;
}

function renderTable(table: ReportTable): string {
  const caption = table.caption ? `<caption>${escapeText(table.caption)}</caption>` : "";
  const head = table.columns.map((column) => `<th scope="col">${escapeText(column)}</th>`).join("");
  const body = table.rows
    .map(
      (row) =>
        `<tr>${row
          .map((entry, i) => {
            if (i === 0) return `<th scope="row">${cell(entry)}</th>`;
            return typeof entry === "number" ? `<td class="number">${cell(entry)}</td>` : `<td>${cell(entry)}</td>`;
          })
          .join("")}</tr>`,
    )
    .join("");
  return `<div class="table"><table>${caption}<thead><tr>${head}</tr></thead><tbody>${body}</tbody></table></div>`;
}

function cell(entry: string | number): string {
  return escapeText(typeof entry === "number" ? formatNumber(entry) : entry);
}

function paragraphs(text: string | readonly string[] | undefined): readonly string[] {
  return text === undefined ? [] : typeof text === "string" ? [text] : text;
}

const style = `
:root{color-scheme:light dark;${lightColours}--text:#1c2126;--page:#f4f6f8;--edge:#dfe3e7}
@media(prefers-color-scheme:dark){:root{${darkColours}--text:#e6e9ec;--page:#121518;--edge:#2d343c}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--text);font:16px/1.5 system-ui,sans-serif}
header,main,footer{max-width:72rem;margin:0 auto;padding:0 1rem}
header{padding-top:1.5rem}
h1{font-size:1.6rem;line-height:1.25;margin:0;overflow-wrap:anywhere}
.subtitle{margin:.25rem 0 0;color:var(--muted)}
main{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,33rem),1fr));gap:1rem;margin-top:1rem}
section{background:var(--surface);border:1px solid var(--edge);border-radius:10px;padding:1rem 1.25rem;min-width:0}
section.wide,section.verdict{grid-column:1/-1}
h2{font-size:1.1rem;margin:0 0 .5rem}
p{margin:0 0 .6rem;max-width:75ch;overflow-wrap:anywhere}
ul{margin:0;padding-left:1.2rem}
.verdict{border-left-width:6px}
.verdict.good{border-left-color:var(--good)}
.verdict.good h2{color:var(--good)}
.verdict.limited{border-left-color:var(--ambiguous)}
.verdict.limited h2{color:var(--ambiguous)}
.verdict.refused{border-left-color:var(--wrong)}
.verdict.refused h2{color:var(--wrong)}
figure{margin:.5rem 0;overflow-x:auto}
figure svg{display:block;max-width:100%;height:auto}
@media(max-width:44rem){.wide figure svg{max-width:none;width:44rem}}
.table{overflow-x:auto}
table{border-collapse:collapse;font-size:.9rem}
caption{text-align:left;color:var(--muted);padding-bottom:.3rem}
th,td{text-align:left;padding:.25rem 1rem .25rem 0;border-bottom:1px solid var(--edge);font-weight:400}
thead th{color:var(--muted);font-weight:600}
.number{text-align:right;font-variant-numeric:tabular-nums}
code{font:.9em ui-monospace,monospace;background:var(--surface);border:1px solid var(--edge);border-radius:4px;padding:.1em .35em;overflow-wrap:anywhere}
footer{padding-top:.5rem;padding-bottom:2rem;color:var(--muted);font-size:.9rem}
@media print{body{background:#fff}section{break-inside:avoid}}
`.trim();
