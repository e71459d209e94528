const twoOverSqrtPi = 2 / Math.sqrt(Math.PI);

/**
 * Error function, to a few units in the last place of a double.
 *
 * erf(x) = 2/√π · e^(−x²) · Σₙ 2ⁿ x²ⁿ⁺¹ / (1·3·…·(2n + 1)) (DLMF 7.6.2): every term is positive, so nothing
 * cancels. Beyond 6 it is ±1 to the last bit.
 */
export function erf(x: number): number {
  if (!(Math.abs(x) < 6)) return Number.isNaN(x) ? x : Math.sign(x);
  const doubledSquare = 2 * x * x;
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    term *= doubledSquare / (2 * n + 1);
    sum += term;
  }
  return twoOverSqrtPi * Math.exp(-x * x) * sum;
}
