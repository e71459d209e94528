/**
 * Scale and zero point of one block, so that Σ (w − scale · (code − zero))² is small.
 *
 * Rounding codes for a given scale is easy, and so is the best scale for given codes (least squares); a search
 * alternates the two from several starts and keeps the best. Signs and ranges:
 *
 *   8 bits   code −127 … 127, zero 0
 *   4 bits   code 0 … 15, zero 8 or free
 */

/** Scale and zero point. */
export interface BlockFit {
  readonly scale: number;
  readonly zero: number;
}

const unit: BlockFit = { scale: 0, zero: 0 };

/** 8 bits: the largest magnitude becomes ±127. */
export function fitSymmetric8(block: Float32Array): BlockFit {
  let largest = 0;
  for (const value of block) largest = Math.max(largest, Math.abs(value));
  return { scale: largest / 127, zero: 0 };
}

/** 4 bits, zero 8: either sign of the scale, so that the longer side of the block gets code 0, which is −8. */
export function fitSymmetric4(block: Float32Array): BlockFit {
  let extreme = 0;
  for (const value of block) if (Math.abs(value) > Math.abs(extreme)) extreme = value;
  if (extreme === 0) return { scale: 0, zero: 8 };
  let best = unit;
  let least = Number.POSITIVE_INFINITY;
  // The extreme value lands between −8.8 (clamped, so that the others get finer steps) and −6.4, or on the short side.
  for (let step = 0; step <= 24; step++) {
    for (const sign of [-1, 1]) {
      const start = extreme / (sign * (6.4 + step * 0.1));
      let products = 0;
      let squares = 0;
      let total = 0;
      for (const value of block) {
        const code = Math.max(-8, Math.min(7, Math.round(value / start)));
        products += value * code;
        squares += code * code;
        total += value * value;
      }
      if (squares === 0) continue;
      const error = total - (products * products) / squares;
      if (error < least) {
        least = error;
        best = { scale: products / squares, zero: 8 };
      }
    }
  }
  return best;
}

/** How far the starting range is narrowed, as parts of it: codes at its ends are clamped. */
const narrowings = [0, 0.04, 0.08, 0.12, 0.17, 0.22, 0.28] as const;
const refinements = 3;
/** Beyond this a zero point in float16 is coarser than 1/32 of a step. */
const farthestZero = 64;

/** 4 bits with a free zero point: w ≈ slope · code + offset, by least squares from several ranges. */
export function fitAffine4(block: Float32Array): BlockFit {
  let low = 0;
  let high = 0;
  for (const value of block) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low === high) return { scale: 0, zero: 0 };
  let best: BlockFit = { scale: (high - low) / 15, zero: (-low * 15) / (high - low) };
  let least = affineError(block, best);
  for (const narrowing of narrowings) {
    let line = { slope: ((high - low) * (1 - narrowing)) / 15, offset: low * (1 - narrowing) };
    for (let round = 0; round < refinements; round++) {
      const refined = refine(block, line);
      if (!refined) break;
      line = refined;
      const fit = { scale: line.slope, zero: -line.offset / line.slope };
      if (Math.abs(fit.zero) > farthestZero) break;
      const error = affineError(block, fit);
      if (error < least) {
        least = error;
        best = fit;
      }
    }
  }
  return best;
}

interface Line {
  readonly slope: number;
  readonly offset: number;
}

/** The least-squares line through (code, w), codes rounded for the line before; none if they are all the same. */
function refine(block: Float32Array, line: Line): Line | undefined {
  let sumCode = 0;
  let sumValue = 0;
  let sumSquare = 0;
  let sumProduct = 0;
  for (const value of block) {
    const code = Math.max(0, Math.min(15, Math.round((value - line.offset) / line.slope)));
    sumCode += code;
    sumValue += value;
    sumSquare += code * code;
    sumProduct += code * value;
  }
  const count = block.length;
  const spread = count * sumSquare - sumCode * sumCode;
  const slope = (count * sumProduct - sumCode * sumValue) / spread;
  if (spread === 0 || !(slope > 0)) return undefined;
  return { slope, offset: (sumValue - slope * sumCode) / count };
}

function affineError(block: Float32Array, { scale, zero }: BlockFit): number {
  let error = 0;
  for (const value of block) {
    const code = Math.max(0, Math.min(15, Math.round(value / scale + zero)));
    const difference = value - scale * (code - zero);
    error += difference * difference;
  }
  return error;
}
