/**
 * A = L Lᵀ of a symmetric positive definite matrix [d, d]: L overwrites the lower triangle. Only that triangle is read.
 * @returns false where A is not positive definite to working precision; its contents are then undefined
 */
export function cholesky(a: Float64Array, d: number): boolean {
  for (let i = 0; i < d; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = a[i * d + j];
      for (let q = 0; q < j; q++) sum -= a[i * d + q] * a[j * d + q];
      if (i !== j) a[i * d + j] = sum / a[j * d + j];
      else if (sum > 0) a[i * d + i] = Math.sqrt(sum);
      else return false;
    }
  }
  return true;
}

/** Solve L Lᵀ x = b in place, L from `cholesky`. */
export function choleskySolve(l: Float64Array, d: number, b: Float64Array): void {
  for (let i = 0; i < d; i++) {
    let sum = b[i];
    for (let q = 0; q < i; q++) sum -= l[i * d + q] * b[q];
    b[i] = sum / l[i * d + i];
  }
  for (let i = d - 1; i >= 0; i--) {
    let sum = b[i];
    for (let q = i + 1; q < d; q++) sum -= l[q * d + i] * b[q];
    b[i] = sum / l[i * d + i];
  }
}
