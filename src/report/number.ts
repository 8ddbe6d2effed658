/** At most `digits` significant digits, as people write them: no exponent between 1e-4 and 1e6. */
export function formatNumber(value: number, digits = 3): string {
  if (Number.isNaN(value)) return "unknown";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e6))
    return value
      .toExponential(digits - 1)
      .replace("-", "−")
      .replace("e+", "e")
      .replace("e-", "e−");
  return String(Number(value.toPrecision(digits))).replace("-", "−");
}

/** A tick of a logarithmic axis: one digit, but two between powers of ten, where neighbours would read the same. */
export function formatTick(value: number): string {
  return formatNumber(value, Math.abs(Math.log10(value) - Math.round(Math.log10(value))) < 1e-9 ? 1 : 2);
}

/** Ticks of a logarithmic axis: at most seven powers of ten over the positive values, or undefined, the plot's own choice, where there are fewer than two. */
export function powersOfTen(values: readonly number[]): number[] | undefined {
  const logs = values.filter((value) => value > 0 && Number.isFinite(value)).map(Math.log10);
  const low = Math.ceil(logs.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY) - 1e-9);
  const high = Math.floor(logs.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY) + 1e-9);
  if (!(high > low)) return undefined;
  const stride = Math.ceil((high - low + 1) / 7);
  return Array.from({ length: Math.floor((high - low) / stride) + 1 }, (_, i) => 10 ** (low + i * stride));
}
