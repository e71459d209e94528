import type { WebGpuKernel } from '../../kernel.js';
import { refusal } from '../accept.js';
import { orderKey } from '../array/argmax.js';
import { larger, maxAllOf, rowMainOf, rowSize, sumAllOf, workgroupReduction } from '../row-workgroup.js';
import { numbers } from './row-dispatch.js';

/**
 * Draws a token per row: penalties, temperature, top-k, top-p, min-p, then Gumbel-max over `random(stream)`. A
 * workgroup per row. Instead of sorting, the last token that top-k and top-p keep is found bit by bit, by its
 * key and then its index: counts and masses of what lies before are monotone, so the kept set is exact.
 */
export const sampleKernel: WebGpuKernel = {
  name: 'webgpu/sample',
  op: 'sample',
  supports: (call) =>
    refusal(call, [['f32'], ['f32'], ['i32'], ['u32']]) ?? {
      supported: true,
      scratchBytes: 4 * call.inputs[0]!.shape[0]! * call.inputs[0]!.shape[1]!,
    },
  build: (call, { facts }) => {
    const [rows, width] = call.inputs[0]!.shape as [number, number];
    return [
      {
        operands: [
          numbers('logits', 0),
          numbers('parameters', 1),
          numbers('counts', 2),
          numbers('stream', 3),
          { name: 'scores', place: { kind: 'scratch' }, view: 'f32', isWritten: true },
          { name: 'ids', place: { kind: 'output', index: 0 }, view: 'i32', isWritten: true },
        ],
        parameters: [
          { name: 'rows', type: 'u32', value: rows },
          { name: 'width', type: 'u32', value: width },
          { name: 'index_bits', type: 'u32', value: Math.ceil(Math.log2(width + 1)) },
        ],
        code: sampleCode(facts.workgroupInvocations >= mostInvocations ? mostInvocations : rowSize),
        workgroups: [rows, 1, 1],
      },
    ];
  },
};

/** Loads that an invocation has on their way at once. */
const atOnce = 8;
const each = Array.from({ length: atOnce }, (_, k) => k);

/** Invocations where a device runs so many: a row is one workgroup's, and waits for memory. */
const mostInvocations = 1024;

function sampleCode(size: number): string {
  // The k-th place of a turn, which may lie behind the row.
  const place = (k: number): string => `(j0 + ${k * size}u)`;
  const clamped = (k: number): string => `first + min(${place(k)}, p.width - 1u)`;
  // Each invocation works on its own scores, so scratch needs no barriers.
  const overScores = `for (var j = l; j < p.width; j += ${size}u)`;
  return `${orderKey}${larger}${maxAllOf(size)}${sumAllOf(size)}
fn larger_pair(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
  return select(b, a, a.x > b.x || (a.x == b.x && a.y >= b.y));
}
${workgroupReduction('best_of_all', 'vec2<u32>', 'larger_pair(a, b)', size)}
// The last token that is kept: those with a larger key, or with its key and at most its index.
struct Last { key: u32, index: u32 }
fn is_kept(last: Last, key: u32, index: u32) -> bool {
  return key > last.key || (key == last.key && index <= last.index);
}
// Count (or mass) of the kept tokens with a larger key, or this key and a smaller index.
fn measure(key: u32, before: u32, kept: Last, isMass: bool, largest: f32, first: u32, l: u32) -> f32 {
  var part = 0.0;
  ${overScores} {
    let score = scores[first + j];
    let k = order_key(score);
    if (is_kept(kept, k, j) && (k > key || (k == key && j < before))) {
      if (isMass) { part += exp_f(score - largest); } else { part += 1.0; }
    }
  }
  return sum_all(part, l);
}
// The shortest run of kept tokens, largest first, whose count (or mass) reaches the goal.
fn shortest(goal: f32, kept: Last, isMass: bool, largest: f32, first: u32, l: u32) -> Last {
  var key = 0u;
  for (var bit = 0u; bit < 32u; bit++) {
    let candidate = key | (0x80000000u >> bit);
    if (measure(candidate, 0xffffffffu, kept, isMass, largest, first, l) >= goal) { key = candidate; }
  }
  var index = 0u;
  for (var bit = 0u; bit < p.index_bits; bit++) {
    let candidate = index | (1u << (p.index_bits - 1u - bit));
    if (measure(key, candidate, kept, isMass, largest, first, l) < goal) { index = candidate; }
  }
  return Last(key, index);
}
${rowMainOf(size)}
  let first = row * p.width;
  let temperature = load_parameters(row * 7u);
  let top_k = load_parameters(row * 7u + 1u);
  let top_p = load_parameters(row * 7u + 2u);
  let min_p = load_parameters(row * 7u + 3u);
  let repetition = load_parameters(row * 7u + 4u);
  let presence = load_parameters(row * 7u + 5u);
  let frequency = load_parameters(row * 7u + 6u);
  var best = -infinity();
  for (var j0 = l; j0 < p.width; j0 += ${size * atOnce}u) {
    ${each.map((k) => `let logit${k} = load_logits(${clamped(k)}); let count${k} = load_counts(${clamped(k)});`).join('\n    ')}
    ${each
      .map(
        (k) => `if (${place(k)} < p.width) {
      var score = logit${k};
      if (count${k} > 0) {
        // Keskar et al. 2019, section 4.1; then presence and frequency.
        score = select(score * repetition, score / repetition, score > 0.0);
        score = score - presence - frequency * f32(count${k});
      }
      if (temperature > 0.0) { score /= temperature; }
      scores[first + ${place(k)}] = score;
      best = larger(best, score);
    }`,
      )
      .join('\n    ')}
  }
  if (temperature > 0.0) {
    let largest = max_all(best, l);
    var kept = Last(0u, 0xffffffffu);
    if (top_k >= 1.0 && top_k < f32(p.width)) {
      kept = shortest(floor(top_k), kept, false, largest, first, l);
    }
    if (top_p < 1.0) {
      // At least the largest is kept.
      let total = measure(0u, 0xffffffffu, kept, true, largest, first, l);
      kept = shortest(max(top_p * total, 1e-30), kept, true, largest, first, l);
    }
    let key = vec2<u32>(load_stream(row * 5u), load_stream(row * 5u + 1u));
    let position = load_stream(row * 5u + 3u);
    let sequence = load_stream(row * 5u + 2u);
    let purpose = load_stream(row * 5u + 4u);
    ${overScores} {
      let score = scores[first + j];
      let is_likely = !(min_p > 0.0) || exp_f(score - largest) >= min_p;
      if (is_likely && is_kept(kept, order_key(score), j)) {
        let words = philox(key, vec4<u32>(j / 4u, position, sequence, purpose));
        scores[first + j] = score - log_f(-log_f(unit_float(words[j % 4u])));
      } else {
        scores[first + j] = -infinity();
      }
    }
  }
  var winner = vec2<u32>(0u, 0u);
  for (var j0 = l; j0 < p.width; j0 += ${size * atOnce}u) {
    ${each.map((k) => `let score${k} = scores[${clamped(k)}];`).join(' ')}
    ${each
      .map(
        (k) =>
          `if (${place(k)} < p.width) { winner = larger_pair(winner, vec2<u32>(order_key(score${k}), ~${place(k)})); }`,
      )
      .join('\n    ')}
  }
  let result = best_of_all(winner, l);
  if (l == 0u) { ids[row] = bitcast<i32>(~result.y); }
}`;
}
