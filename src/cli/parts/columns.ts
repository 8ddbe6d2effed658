/** Rows in aligned columns, two spaces apart; numbers to the right. The last column is not padded. */
export function alignColumns(rows: readonly (readonly (string | number)[])[], indent = ""): string {
  const texts = rows.map((row) => row.map(String));
  const widths: number[] = [];
  for (const row of texts) {
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, width(cell));
    });
  }
  return texts
    .map((row, r) => {
      const cells = row.map((cell, i) => {
        const space = " ".repeat(widths[i] - width(cell));
        if (typeof rows[r][i] === "number") return space + cell;
        return i === row.length - 1 ? cell : cell + space;
      });
      return `${indent}${cells.join("  ")}`.trimEnd();
    })
    .join("\n");
}

/** Letters, not code units: θ̇ is one. */
function width(text: string): number {
  return Array.from(text.normalize("NFC").replace(/\p{Mark}/gu, "")).length;
}
