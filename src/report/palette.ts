/**
 * Okabe and Ito's colours, told apart by colour-blind readers. Each is a CSS variable, so that a page can lighten it in dark mode,
 * with a value of its own for a picture that stands alone.
 */
export const palette = {
  truth: "var(--truth, #0072b2)",
  inferred: "var(--inferred, #d55e00)",
  good: "var(--good, #009e73)",
  wrong: "var(--wrong, #d55e00)",
  ambiguous: "var(--ambiguous, #b8860b)",
  muted: "var(--muted, #737a82)",
  faint: "var(--faint, #d9dde2)",
  surface: "var(--surface, #ffffff)",
} as const;

export const seriesColours = [
  palette.truth,
  palette.inferred,
  palette.good,
  "var(--fourth, #cc79a7)",
  palette.ambiguous,
  "var(--sixth, #56b4e9)",
] as const;

/** Values of the variables on a dark page. */
export const darkColours = `--truth:#56b4e9;--inferred:#f2955a;--good:#3ecf9f;--wrong:#f2955a;--ambiguous:#f0c04a;--fourth:#e3a3c6;--sixth:#8ecdf0;--muted:#9aa3ad;--faint:#363d46;--surface:#1a1e23;`;
export const lightColours = `--truth:#0072b2;--inferred:#d55e00;--good:#00805c;--wrong:#d55e00;--ambiguous:#a87600;--fourth:#b45a8c;--sixth:#3a94cc;--muted:#646b73;--faint:#dfe3e7;--surface:#ffffff;`;
