import type { OpSignature } from './op-signature.js';

const types = 'Floats are all f32 or all f64 (W), save where f32 is named; halves are cast by whoever calls.';

/**
 * Gradients of fused ops as ops of their own, so that a backend can fuse them too, and the step of the optimiser.
 * Without a kernel they decompose. A gradient `dx` is of the type of `x`.
 */
export const gradientSignatures = {
  sumOfSquares: {
    mandatory: false,
    inputs: ['x: f32 or f64[…]'],
    outputs: ['y: as x[]'],
    semantics: 'Σ x² over all elements, accumulated in float32 or wider; 0 for none.',
  },
  rmsNormGradient: {
    mandatory: false,
    inputs: ['x: W[…, D]', 'weight: W[D]', 'dy: as x'],
    outputs: ['dx: as x', 'dweight: as weight'],
    attributes: { epsilon: 'added to the mean square' },
    semantics: `With r = 1 / √(mean(x²) + ε), n = x r and h = dy · weight: dx = r (h − n · mean(h n)), dweight = Σ dy n. ${types}`,
  },
  gatedRmsNormGradient: {
    mandatory: false,
    inputs: ['x: W[…, D]', 'gate: as x', 'weight: W[D]', 'dy: as x'],
    outputs: ['dx: as x', 'dgate: as x', 'dweight: as weight'],
    attributes: {
      epsilon: 'added to the mean square',
      groups: 'D is normalised in this many equal groups',
      normBeforeGate: 'norm(x) · silu(gate) instead of norm(x · silu(gate))',
    },
    semantics: `The gradient of gatedRmsNorm. ${types}`,
  },
  crossEntropyGradient: {
    mandatory: false,
    inputs: ['logits: W[R, V]', 'targets: i32[R]', 'dloss: f32[R]'],
    outputs: ['dlogits: as logits'],
    semantics:
      'dloss · (softmax(logits) − one-hot of the target); zeros for a row whose target is outside 0 … V − 1.',
  },
  causalConv1dGradient: {
    mandatory: false,
    inputs: [
      'x: W[B, T, C]',
      'weight: W[C, K]',
      'bias: W[C]',
      'tails: W[S, K − 1, C]',
      'slots: i32[B]',
      'lengths: i32[B]',
      'dy: as x',
      'dtails?: as tails',
    ],
    outputs: ['dx: as x', 'dweight: as weight', 'dbias: as bias', 'dtails: as tails'],
    attributes: { activation: '`none` or `silu`' },
    semantics: `The gradient of causalConv1d, from those of y and of the tails left behind (zeros when absent). A slot outside 0 … S − 1 makes the row a no-op. ${types}`,
  },
  selectiveScanGradient: {
    mandatory: false,
    inputs: [
      'x: W[B, T, D]',
      'dt: f32[B, T, D]',
      'A: f32[D, N]',
      'B: W[B, T, N]',
      'C: W[B, T, N]',
      'states: W[S, D, N]',
      'slots: i32[B]',
      'dy: as x',
      'dstates?: as states',
    ],
    outputs: ['dx: as x', 'ddt: as dt', 'dA: as A', 'dB: as B', 'dC: as C', 'dstates: as states'],
    semantics: `The gradient of selectiveScan, as that of ssdChunkScan with a decay for each state. ${types}`,
  },
  ssdChunkScanGradient: {
    mandatory: false,
    inputs: [
      'x: W[B, T, H, P]',
      'dt: f32[B, T, H]',
      'A: f32[H]',
      'B: W[B, T, G, N]',
      'C: W[B, T, G, N]',
      'states: W[S, H, P, N]',
      'slots: i32[B]',
      'dy: as x',
      'dstates?: as states',
    ],
    outputs: ['dx: as x', 'ddt: as dt', 'dA: as A', 'dB: as B', 'dC: as C', 'dstates: as states'],
    attributes: { chunkSize: 'positions per chunk; any T is accepted' },
    semantics: `The gradient of ssdChunkScan, from those of y and of the states left behind (zeros when absent). With λ ← exp(dt·A) λ of the next position + dy ⊗ C: dx = dt λ B, dB = dt λᵀ x, dC = hᵀ dy, and the gradient of dt·A is ⟨λ, h − dt x ⊗ B⟩. A slot outside 0 … S − 1 makes the row a no-op. ${types}`,
  },
  attentionGradient: {
    mandatory: false,
    inputs: [
      'q: W[B, T, Hq, D]',
      'k: W[S, C, Hkv, D]',
      'v: W[S, C, Hkv, Dv]',
      'slots: i32[B]',
      'starts: i32[B]',
      'lengths: i32[B]',
      'dy: W[B, T, Hq, Dv]',
    ],
    outputs: ['dq: as q', 'dk: as k', 'dv: as v'],
    attributes: {
      scale: 'multiplies q·k',
      window: 'keys a query may look back on, itself included; 0 is all',
      ring: 'row c of the cache holds the last position below the length that is c modulo C',
    },
    semantics: `The gradient of attention. With weights p = softmax(scale q·k) and g = dy·v: dv = Σ p dy, ds = p (g − Σ p g), dq = scale Σ ds k, dk = scale Σ ds q. ${types}`,
  },
  adamwStep: {
    mandatory: false,
    inputs: [
      'parameter: f32[…]',
      'first: as parameter',
      'second: as parameter',
      'gradient: as parameter',
      'numbers: f32[4]',
    ],
    outputs: ['parameter: as parameter', 'first: as parameter', 'second: as parameter'],
    attributes: { beta1: 'β₁', beta2: 'β₂', epsilon: 'ε', decay: 'weight decay λ' },
    semantics:
      'One step of AdamW (Loshchilov & Hutter 2019, Algorithm 2) with numbers = (learning rate η, 1 / (1 − β₁ᵗ), 1 / (1 − β₂ᵗ), s): g = s · gradient, m ← β₁ m + (1 − β₁) g, v ← β₂ v + (1 − β₂) g², θ ← θ − η (numbers[1] m / (√(numbers[2] v) + ε) + λ θ). Where s is not finite nothing changes. The kernel declares inPlace [0, 0], [1, 1], [2, 2].',
  },
} as const satisfies Record<string, OpSignature>;
