import type { CpuKernel, Scratch } from '../../kernel.js';
import { philox, unitFloat } from '../../numbers/philox.js';
import { unsupported } from '../accept.js';
import { sortPositions } from '../array/merge-sort.js';
import { streamRow } from '../array/random.js';
import { largestOf } from './softmax.js';

/** A row of the `parameters` operand, in its order. */
interface Parameters {
  readonly temperature: number;
  readonly topK: number;
  readonly topP: number;
  readonly minP: number;
  readonly repetition: number;
  readonly presence: number;
  readonly frequency: number;
}

/**
 * Draws a token per row: penalties, temperature, top-k, top-p, min-p, then Gumbel-max over `random(stream)`.
 * Each cut sees what the one before it left, its probabilities renormalised.
 */
export const sampleKernel: CpuKernel = {
  name: 'cpu/sample',
  op: 'sample',
  supports: (call) => {
    const dtypes = call.inputs.map((input) => input.dtype).join();
    if (dtypes !== 'f32,f32,i32,u32') return unsupported(`sample: dtypes are ${dtypes}, not f32,f32,i32,u32`);
    // Scores as doubles, positions and their spare as words, one block of random words.
    return { supported: true, scratchBytes: 16 * call.inputs[0]!.shape[1]! + 16 };
  },
  build: (call) => {
    const [rows, width] = call.inputs[0]!.shape as [number, number];
    return ([logits, parameters, counts, stream], [ids], scratch) => {
      const scores = scratch.doubles.subarray(0, width);
      for (let row = 0; row < rows; row++) {
        const chosen = readParameters(parameters as Float32Array, row);
        for (let i = 0; i < width; i++) {
          scores[i] = penalised(logits![row * width + i]!, counts![row * width + i]!, chosen);
        }
        if (chosen.temperature > 0) {
          for (let i = 0; i < width; i++) scores[i]! /= chosen.temperature;
          cut(scores, chosen, scratch);
          addGumbel(scores, stream as Uint32Array, row, scratch);
        }
        ids![row] = firstLargest(scores);
      }
    };
  },
};

function readParameters(parameters: Float32Array, row: number): Parameters {
  const at = row * 7;
  return {
    temperature: parameters[at]!,
    topK: parameters[at + 1]!,
    topP: parameters[at + 2]!,
    minP: parameters[at + 3]!,
    repetition: parameters[at + 4]!,
    presence: parameters[at + 5]!,
    frequency: parameters[at + 6]!,
  };
}

/** Repetition (Keskar et al. 2019, §4.1), then presence and frequency, for tokens that occurred. */
function penalised(logit: number, count: number, { repetition, presence, frequency }: Parameters): number {
  if (count <= 0) return logit;
  const repeated = logit > 0 ? logit / repetition : logit * repetition;
  return repeated - presence - frequency * count;
}

/** Sets the scores of tokens that top-k, top-p or min-p drop to −∞. */
function cut(scores: Float64Array, { topK, topP, minP }: Parameters, scratch: Scratch): void {
  const width = scores.length;
  const limit = topK >= 1 ? Math.min(Math.floor(topK), width) : width;
  const largest = largestOf(scores, 0, width);
  if (limit < width || topP < 1) {
    const positions = scratch.words.subarray(2 * width, 3 * width);
    sortPositions(scores, 0, width, true, positions, scratch.words.subarray(3 * width, 4 * width));
    const kept = topP < 1 ? nucleus(scores, positions, limit, topP, largest) : limit;
    for (let i = kept; i < width; i++) scores[positions[i]!] = Number.NEGATIVE_INFINITY;
  }
  if (minP > 0) {
    // p ≥ min-p · p_max ⇔ e^(score − largest) ≥ min-p: normalisation cancels.
    for (let i = 0; i < width; i++) {
      if (Math.exp(scores[i]! - largest) < minP) scores[i] = Number.NEGATIVE_INFINITY;
    }
  }
}

/** How many of the first `limit` make the smallest set of mass ≥ topP, at least one (Holtzman et al. 2020). */
function nucleus(
  scores: Float64Array,
  positions: Uint32Array,
  limit: number,
  topP: number,
  largest: number,
): number {
  let total = 0;
  for (let i = 0; i < limit; i++) total += Math.exp(scores[positions[i]!]! - largest);
  let mass = 0;
  for (let i = 0; i < limit; i++) {
    mass += Math.exp(scores[positions[i]!]! - largest);
    if (mass >= topP * total) return i + 1;
  }
  return limit;
}

/** Adds −log(−log u) to each score: the largest then is a draw from the softmax (Gumbel 1954). */
function addGumbel(scores: Float64Array, stream: Uint32Array, row: number, { words }: Scratch): void {
  const [seedLow, seedHigh, sequence, position, purpose] = streamRow(stream, row);
  const block = words.subarray(4 * scores.length, 4 * scores.length + 4);
  for (let i = 0; i < scores.length; i++) {
    if (i % 4 === 0) philox(seedLow, seedHigh, [i / 4, position, sequence, purpose], block);
    scores[i]! -= Math.log(-Math.log(unitFloat(block[i % 4]!)));
  }
}

function firstLargest(scores: Float64Array): number {
  let best = 0;
  for (let i = 1; i < scores.length; i++) if (scores[i]! > scores[best]!) best = i;
  return best;
}
