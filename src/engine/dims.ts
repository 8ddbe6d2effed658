import type { Dim, Shape } from "./graph.ts";

/**
 * Lengths are polynomials with integer coefficients in the named lengths, written canonically: "N", "N*4", "N+1", "M*N*2".
 * Equal strings are equal lengths.
 */
type Polynomial = Map<string, number>;

function parse(dim: Dim): Polynomial {
  if (typeof dim === "number") return new Map(dim === 0 ? [] : [["", dim]]);
  const terms: Polynomial = new Map();
  for (const term of dim.split("+")) {
    let coefficient = 1;
    const names: string[] = [];
    for (const factor of term.split("*")) {
      if (/^-?\d+$/.test(factor)) coefficient *= Number(factor);
      else names.push(factor);
    }
    accumulate(terms, names.sort().join("*"), coefficient);
  }
  return terms;
}

function accumulate(terms: Polynomial, names: string, coefficient: number): void {
  const sum = (terms.get(names) ?? 0) + coefficient;
  if (sum === 0) terms.delete(names);
  else terms.set(names, sum);
}

function print(terms: Polynomial): Dim {
  const named = [...terms].filter(([names]) => names !== "").sort(([a], [b]) => (a < b ? -1 : 1));
  const constant = terms.get("") ?? 0;
  if (named.length === 0) return constant;
  const parts = named.map(([names, c]) => (c === 1 ? names : `${names}*${c}`));
  if (constant !== 0) parts.push(String(constant));
  return parts.join("+");
}

export function multiplyDims(dims: readonly Dim[]): Dim {
  let product: Polynomial = new Map([["", 1]]);
  let plain = 1;
  for (const dim of dims) {
    if (typeof dim === "number") {
      plain *= dim;
      continue;
    }
    const next: Polynomial = new Map();
    for (const [a, ca] of product)
      for (const [b, cb] of parse(dim)) accumulate(next, [...a.split("*"), ...b.split("*")].filter(Boolean).sort().join("*"), ca * cb);
    product = next;
  }
  for (const [names, c] of product) product.set(names, c * plain);
  return plain === 0 ? 0 : print(product);
}

export function addDims(dims: readonly Dim[]): Dim {
  const sum: Polynomial = new Map();
  for (const dim of dims) for (const [names, c] of parse(dim)) accumulate(sum, names, c);
  return print(sum);
}

/** a / b where b is a single product that divides every term of a; otherwise null. */
export function divideDims(a: Dim, b: Dim): Dim | null {
  if (a === b) return 1;
  const divisor = [...parse(b)];
  if (divisor.length !== 1) return null;
  const [names, coefficient] = divisor[0];
  const quotient: Polynomial = new Map();
  for (const [term, c] of parse(a)) {
    if (c % coefficient !== 0) return null;
    const left = term.split("*").filter(Boolean);
    for (const name of names.split("*").filter(Boolean)) {
      const at = left.indexOf(name);
      if (at < 0) return null;
      left.splice(at, 1);
    }
    accumulate(quotient, left.join("*"), c / coefficient);
  }
  return print(quotient);
}

export interface Term {
  readonly names: readonly string[];
  readonly coefficient: number;
}

/** A length as a sum of products of names, each with its coefficient. */
export function termsOf(dim: Dim): Term[] {
  return [...parse(dim)].map(([names, coefficient]) => ({ names: names.split("*").filter(Boolean), coefficient }));
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dim, i) => dim === b[i]);
}

export function showShape(shape: Shape): string {
  return `[${shape.join(", ")}]`;
}

/** Shapes aligned at their last axes; 1 stretches, equal lengths meet, anything else is refused in the operator's name. */
export function broadcastShapes(operator: string, ...shapes: readonly Shape[]): Shape {
  const rank = Math.max(0, ...shapes.map((s) => s.length));
  const out: Dim[] = new Array(rank).fill(1);
  for (const shape of shapes) {
    const offset = rank - shape.length;
    shape.forEach((dim, i) => {
      if (dim === 1 || dim === out[offset + i]) return;
      if (out[offset + i] !== 1) throw new Error(`${operator}: shapes ${shapes.map(showShape).join(" and ")} do not broadcast`);
      out[offset + i] = dim;
    });
  }
  return out;
}

/** An axis counted from the front. */
export function normalAxis(operator: string, axis: number, rank: number): number {
  const front = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || front < 0 || front >= rank) throw new Error(`${operator}: axis ${axis} is outside rank ${rank}`);
  return front;
}
