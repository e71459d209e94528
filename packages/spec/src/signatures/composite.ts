import type { OpSignature } from './op-signature.js';

function activation(semantics: string, attributes?: Record<string, string>): OpSignature {
  const base = { mandatory: false, inputs: ['x: float[…]'], outputs: ['y: as x'], semantics };
  return attributes ? { ...base, attributes } : base;
}

/** Ops with a decomposition into mandatory ones: activations, norms, losses and sampling. */
export const compositeSignatures = {
  silu: activation('x · σ(x)'),
  gelu: activation('x · Φ(x)', { approximate: '`none` (erf) or `tanh`' }),
  softplus: activation('log(1 + eˣ) = max(x, 0) + log1p(e^−|x|)'),
  swiglu: {
    mandatory: false,
    inputs: ['gate: float[…]', 'up: as gate'],
    outputs: ['y: as gate'],
    semantics: 'silu(gate) · up (Shazeer 2020)',
  },
  softmax: activation('Along the last axis, shifted by its maximum; a row of −∞ gives zeros.'),
  logSoftmax: activation('Along the last axis: x − max − log Σ e^(x − max).'),
  rmsNorm: {
    mandatory: false,
    inputs: ['x: float[…, W]', 'weight: float[W]'],
    outputs: ['y: as x'],
    attributes: { epsilon: 'added to the mean square' },
    semantics: 'x / √(mean(x²) + ε) · weight, statistics in float32 (Zhang & Sennrich 2019).',
  },
  gatedRmsNorm: {
    mandatory: false,
    inputs: ['x: float[…, W]', 'gate: as x', 'weight: float[W]'],
    outputs: ['y: as x'],
    attributes: {
      epsilon: 'added to the mean square',
      groups: 'W is normalised in this many equal groups',
      normBeforeGate: 'norm(x) · silu(gate) instead of norm(x · silu(gate))',
    },
    semantics: 'Gated RMSNorm of Mamba-2 (Dao & Gu 2024, §7).',
  },
  layerNorm: {
    mandatory: false,
    inputs: ['x: float[…, W]', 'weight: float[W]', 'bias?: float[W]'],
    outputs: ['y: as x'],
    attributes: { epsilon: 'added to the variance' },
    semantics: '(x − mean) / √(variance + ε) · weight + bias.',
  },
  quantizedMatmul: {
    mandatory: false,
    inputs: [
      'x: f32, f16 or bf16[M, K]',
      'codes: i8[N, K] or u8[N, K / 2]',
      'scales: f32 or f16[N, K / blockSize]',
      'zeros?: as scales',
    ],
    outputs: ['y: dtype of x[M, N]'],
    attributes: {
      bits: '8 (codes are i8) or 4 (two codes a byte, that of the even column in the low half)',
      blockSize: 'columns that share a scale; divides K, and is even where bits is 4',
    },
    semantics:
      'x · Wᵀ with W[n, k] = scales[n, b] · (code[n, k] − zero), b = ⌊k / blockSize⌋. zero is zeros[n, b] where given, else 0 for 8 bits and 8 for 4. Accumulates in float32 or wider. A kernel that rounds x to integers too states the tolerance that it needs.',
  },
  moe: {
    mandatory: false,
    inputs: [
      'x: float[R, D]',
      'ids: i32[R, K]',
      'weights: f32[R, K]',
      'up: float[E, F, D]',
      'down: float[E, D, F]',
      'gate?: float[E, F, D]',
    ],
    outputs: ['y: as x'],
    attributes: { activation: '`silu`, `gelu`, `geluTanh`, `relu` or `relu2`' },
    semantics:
      'y = Σₖ weights[k] · down[id](act(up[id] x)), with a gate down[id](act(gate[id] x) · up[id] x), id = ids[k] (Shazeer et al. 2017). An id outside 0 … E − 1 adds nothing; every row gets all of its experts. up, down and gate may be f16 or bf16 beside an f32 x; otherwise they are of its dtype. Accumulates in float32 or wider.',
  },
  crossEntropy: {
    mandatory: false,
    inputs: ['logits: float[R, V]', 'targets: i32[R]'],
    outputs: ['loss: f32[R]'],
    semantics: '−log softmax(logits)[target] in nats; a target outside 0 … V − 1 gives 0.',
  },
  topK: {
    mandatory: false,
    inputs: ['x: float[…, n]'],
    outputs: ['values: float[…, k]', 'indices: i32[…, k]'],
    attributes: { k: '1 … n' },
    semantics: 'The k largest, largest first; of equals the first.',
  },
  sample: {
    mandatory: false,
    inputs: ['logits: f32[B, V]', 'parameters: f32[B, 7]', 'counts: i32[B, V]', 'stream: u32[B, 5]'],
    outputs: ['ids: i32[B]'],
    semantics:
      'A row of parameters is (temperature, top-k, top-p, min-p, repetition, presence, frequency). In this order: repetition penalty on tokens with count > 0 (logit / r if positive, else · r), presence and frequency penalties subtracted, division by temperature, the k largest kept (0 keeps all), the smallest set with mass ≥ top-p kept (1 keeps all), those with probability ≥ min-p · largest kept, then Gumbel-max over `random(stream)`. Temperature 0 takes the first largest logit after penalties.',
  },
} as const satisfies Record<string, OpSignature>;
