import { erf } from '../../numbers/erf.js';
import type { BinaryLoop } from '../elementwise/binary-loops.js';
import type { UnaryLoop } from '../elementwise/unary-loops.js';

const tanhScale = Math.sqrt(2 / Math.PI);

/** x · σ(x). Written so that e^−x = ∞ gives −0 instead of NaN. */
export function silu(x: number): number {
  return x / (1 + Math.exp(-x));
}

/** log(1 + eˣ) = max(x, 0) + log1p(e^−|x|), which neither overflows nor loses small values. */
export function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}

/** Loops over activations of one input. */
export const activationLoops = {
  silu(x, xFrom, xStep, y, yFrom, count) {
    for (let i = 0; i < count; i++) y[yFrom + i] = silu(x[xFrom + i * xStep]!);
  },
  softplus(x, xFrom, xStep, y, yFrom, count) {
    for (let i = 0; i < count; i++) y[yFrom + i] = softplus(x[xFrom + i * xStep]!);
  },
  /** x · Φ(x) (Hendrycks & Gimpel 2016). */
  gelu(x, xFrom, xStep, y, yFrom, count) {
    for (let i = 0; i < count; i++) {
      const value = x[xFrom + i * xStep]!;
      y[yFrom + i] = 0.5 * value * (1 + erf(value * Math.SQRT1_2));
    }
  },
  /** The same with Φ approximated through tanh (ibid., §2). */
  geluTanh(x, xFrom, xStep, y, yFrom, count) {
    for (let i = 0; i < count; i++) {
      const value = x[xFrom + i * xStep]!;
      y[yFrom + i] = 0.5 * value * (1 + Math.tanh(tanhScale * (value + 0.044715 * value ** 3)));
    }
  },
} as const satisfies Record<string, UnaryLoop>;

/** silu(gate) · up (Shazeer 2020). */
export const swigluLoop: BinaryLoop = (gate, gateFrom, gateStep, up, upFrom, upStep, y, yFrom, count) => {
  for (let i = 0; i < count; i++)
    y[yFrom + i] = silu(gate[gateFrom + i * gateStep]!) * up[upFrom + i * upStep]!;
};
