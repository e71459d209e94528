import type { OpSignature } from './op-signature.js';

const pools =
  'State lies in a pool [S, …]; row b of the batch uses slot slots[b]. A slot outside 0 … S − 1 makes the row a no-op: its outputs are zeros and no state changes.';

/** Ops along the sequence: position embedding, attention, convolution and state-space scans. */
export const sequenceSignatures = {
  rope: {
    mandatory: false,
    inputs: ['x: float[B, T, H, D]', 'positions: i32[B, T]', 'inverseFrequencies: f32[R / 2]'],
    outputs: ['y: as x'],
    attributes: { interleaved: 'pairs (0, 1), (2, 3), … instead of (i, i + R/2)' },
    semantics: 'Rotates the first R dimensions by position · frequency; the rest passes (Su et al. 2021).',
  },
  attention: {
    mandatory: false,
    inputs: [
      'q: float[B, T, Hq, D]',
      'k: float[S, C, Hkv, D]',
      'v: float[S, C, Hkv, Dv]',
      'slots: i32[B]',
      'starts: i32[B]',
      'lengths: i32[B]',
    ],
    outputs: ['y: as q[B, T, Hq, Dv]'],
    attributes: {
      scale: 'multiplies q·k',
      window: 'keys a query may look back on, itself included; 0 is all',
      ring: 'row c of the cache holds the last position below the length that is c modulo C',
    },
    semantics: `Causal, grouped queries: head h reads key head ⌊h · Hkv / Hq⌋. Query t of row b has position starts[b] + t; keys 0 … lengths[b] − 1 exist. A query without a visible key gives zeros. Softmax in float32. ${pools}`,
  },
  causalConv1d: {
    mandatory: false,
    inputs: [
      'x: float[B, T, C]',
      'weight: float[C, K]',
      'bias: float[C]',
      'tails: float[S, K − 1, C]',
      'slots: i32[B]',
      'lengths: i32[B]',
    ],
    outputs: ['y: as x', 'tails: as tails'],
    attributes: { activation: '`none` or `silu`' },
    semantics: `Depthwise: y[t] = act(bias + Σₖ weight[k] · x[t − K + 1 + k]) where x before the chunk is the tail, oldest first. The new tail is the last K − 1 inputs before lengths[b]. ${pools}`,
  },
  segmentSum: {
    mandatory: false,
    inputs: ['x: float[…, T]'],
    outputs: ['y: as x[…, T, T]'],
    semantics:
      'y[i, j] = x[j + 1] + … + x[i] for j ≤ i, else −∞, in the stable form that never subtracts two long sums (Dao & Gu 2024, Listing 1).',
  },
  selectiveScan: {
    mandatory: false,
    inputs: [
      'x: float[B, T, D]',
      'dt: f32[B, T, D]',
      'A: f32[D, N]',
      'B: float[B, T, N]',
      'C: float[B, T, N]',
      'states: float[S, D, N]',
      'slots: i32[B]',
    ],
    outputs: ['y: as x', 'states: as states'],
    semantics: `Mamba-1 (Gu & Dao 2023, Alg. 2): h ← exp(dt·A) h + dt·B x; y = C·h. dt = 0 leaves the state as it is. ${pools}`,
  },
  selectiveStep: {
    mandatory: false,
    inputs: [
      'x: float[B, D]',
      'dt: f32[B, D]',
      'A: f32[D, N]',
      'B: float[B, N]',
      'C: float[B, N]',
      'states: float[S, D, N]',
      'slots: i32[B]',
    ],
    outputs: ['y: as x', 'states: as states'],
    semantics: `One step of selectiveScan. ${pools}`,
  },
  ssdChunkScan: {
    mandatory: false,
    inputs: [
      'x: float[B, T, H, P]',
      'dt: f32[B, T, H]',
      'A: f32[H]',
      'B: float[B, T, G, N]',
      'C: float[B, T, G, N]',
      'states: float[S, H, P, N]',
      'slots: i32[B]',
    ],
    outputs: ['y: as x', 'states: as states'],
    attributes: { chunkSize: 'positions per chunk; any T is accepted' },
    semantics: `Mamba-2 (Dao & Gu 2024, §6): h ← exp(dt·A) h + dt·x ⊗ B; y = h C. Head h uses group ⌊h · G / H⌋. dt = 0 leaves the state as it is. ${pools}`,
  },
  ssdStep: {
    mandatory: false,
    inputs: [
      'x: float[B, H, P]',
      'dt: f32[B, H]',
      'A: f32[H]',
      'B: float[B, G, N]',
      'C: float[B, G, N]',
      'states: float[S, H, P, N]',
      'slots: i32[B]',
    ],
    outputs: ['y: as x', 'states: as states'],
    semantics: `One step of ssdChunkScan. ${pools}`,
  },
  gatedDelta: {
    mandatory: false,
    inputs: [
      'q: float[B, T, G, K]',
      'k: float[B, T, G, K]',
      'v: float[B, T, H, V]',
      'logDecay: f32[B, T, H]',
      'beta: f32[B, T, H]',
      'states: float[S, H, K, V]',
      'slots: i32[B]',
    ],
    outputs: ['y: as v', 'states: as states'],
    attributes: { chunkSize: 'positions per chunk; any T is accepted' },
    semantics: `The gated delta rule (Yang et al. 2024, eq. 10): S ← exp(logDecay) S; S ← S + k ⊗ β (v − Sᵀ k); y = Sᵀ q. Head h reads key head ⌊h · G / H⌋. logDecay = 0 and β = 0 leave the state as it is. ${pools}`,
  },
  rgLru: {
    mandatory: false,
    inputs: ['x: float[B, T, D]', 'logDecay: f32[B, T, D]', 'states: float[S, D]', 'slots: i32[B]'],
    outputs: ['y: as x', 'states: as states'],
    semantics: `RG-LRU (De et al. 2024, eq. 4): with a = exp(logDecay), h ← a h + √(1 − a²) x; y = h. logDecay = 0 leaves the state as it is, −∞ forgets it. ${pools}`,
  },
} as const satisfies Record<string, OpSignature>;
