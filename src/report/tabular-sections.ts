import type { Grid } from "../environments/environment.ts";
import type { TabularPrediction } from "../world-model/world-model.ts";
import { gridArrows } from "./grid-arrows.ts";
import { gridValuesFigure } from "./grid-values.ts";
import { formatNumber } from "./number.ts";
import type { ReportSection } from "./report.ts";
import { cellsOf } from "./true-tables.ts";

export interface TabularPictures {
  readonly states: number;
  readonly actions: number;
  /** Prediction of pair s · actions + a for every pair. */
  readonly prediction: Pick<TabularPrediction, "nextStates" | "answers" | "residual" | "margin">;
  /** [states · actions] true successor, −1 where nobody knows or there is more than one. */
  readonly truth?: ArrayLike<number>;
  /** [states] mean over heads */
  readonly values?: ArrayLike<number>;
  /** Where the states lie; without it names such as "[3, 4]" are understood as row and column. */
  readonly grid?: Pick<Grid, "rows" | "columns" | "cells">;
  readonly stateNames?: readonly string[];
}

interface Layout {
  readonly rows: number;
  readonly columns: number;
  readonly cells: readonly (readonly [number, number])[];
}

/** Values and successors on the grid where there is one, and the count of answers. */
export function tabularSections(data: TabularPictures): ReportSection[] {
  const layout = layOut(data);
  const { prediction, truth, actions } = data;
  const sections: ReportSection[] = [];
  if (layout && data.values) {
    sections.push({
      title: "Values",
      text: "Mean over the heads used.",
      svg: gridValuesFigure({ title: "Values", ...layout, values: data.values }),
    });
  }
  if (layout) {
    const all = Array.from(prediction.nextStates, (inferred, pair) => ({
      state: Math.floor(pair / actions),
      action: pair % actions,
      inferred,
      ambiguous: prediction.answers[pair] === "ambiguous",
      truth: truth !== undefined && truth[pair] >= 0 ? truth[pair] : undefined,
    }));
    // Where nothing answers and nothing is known to follow, as after an action that ends the episode, there is nothing to draw.
    const moves = all.filter((move) => move.inferred >= 0 || move.truth !== undefined);
    sections.push({
      title: "Successors",
      text: "An arrow points to the inferred next state, a bar says that it stays; a faint line leads to wherever a wrong answer points.",
      svg: gridArrows({ title: "Inferred successors", ...layout, moves, actions }),
    });
  }
  sections.push({ title: "Answers", table: { columns: ["", "pairs"], rows: countAnswers(data) } });
  return sections;
}

function countAnswers({ prediction, truth }: TabularPictures): [string, string | number][] {
  const { answers, nextStates, margin, residual } = prediction;
  const count = (answer: string) => answers.filter((each) => each === answer).length;
  const rows: [string, string | number][] = [
    ["pairs of state and action", answers.length],
    ["one state answers", count("found")],
    ["several states answer equally well", count("ambiguous")],
    ["no state follows, or none fits", count("none")],
  ];
  if (truth) {
    const known = Array.from(answers.keys()).filter((pair) => truth[pair] >= 0);
    const right = known.filter((pair) => answers[pair] === "found" && nextStates[pair] === truth[pair]).length;
    rows.push(["of known successors, right and the only answer", `${right} of ${known.length}`]);
  }
  const found = Array.from(answers.keys()).filter((pair) => answers[pair] === "found");
  if (found.length > 0) {
    rows.push([
      "least margin of a value error",
      formatNumber(found.reduce((least, pair) => Math.min(least, margin[pair]), Number.POSITIVE_INFINITY)),
    ]);
    rows.push(["largest residual", formatNumber(found.reduce((most, pair) => Math.max(most, residual[pair]), 0))]);
  }
  return rows;
}

function layOut({ grid, stateNames, states }: TabularPictures): Layout | undefined {
  if (grid && !cellsOf(stateNames)) {
    return {
      rows: grid.rows,
      columns: grid.columns,
      cells: Array.from(grid.cells, (cell) => [Math.floor(cell / grid.columns), cell % grid.columns] as const),
    };
  }
  const cells = stateNames?.length === states ? cellsOf(stateNames) : undefined;
  if (!cells) return undefined;
  const extent = (k: 0 | 1) => cells.reduce((most, cell) => Math.max(most, cell[k]), 0) + 2;
  return { rows: extent(0), columns: extent(1), cells };
}
