import { formatType, HybraError } from '@hybra/spec';
import type { OpDefinition } from '../../graph/op-definition.js';
import { recordOne } from '../../graph/record.js';
import type { Tensor } from '../../graph/tensor.js';
import { reshape, slice, squeeze } from '../../graph/views.js';
import { softmax } from '../activation/softmax.js';
import { argmax } from '../array/argmax.js';
import { cumulativeSum } from '../array/cumulative-sum.js';
import { gatherRows } from '../array/gather-rows.js';
import { iota } from '../array/iota.js';
import { random } from '../array/random.js';
import { sort } from '../array/sort.js';
import { requireDType } from '../checks.js';
import { add, and, div, equal, less, mul, or, sub } from '../elementwise/binary.js';
import { cast } from '../elementwise/cast.js';
import { greaterEqual } from '../elementwise/derived.js';
import { not } from '../elementwise/not.js';
import { select } from '../elementwise/select.js';
import { exp, floor, log, neg } from '../elementwise/unary.js';
import { matchShapes } from '../match-shapes.js';
import { exact } from '../tolerances.js';

const none = Number.NEGATIVE_INFINITY;

export const sampleDefinition: OpDefinition = {
  name: 'sample',
  tolerance: exact,
  infer: ([logits, parameters, counts, stream]) => {
    requireDType('sample', 'logits', logits!, ['f32']);
    requireDType('sample', 'parameters', parameters!, ['f32']);
    requireDType('sample', 'counts', counts!, ['i32']);
    requireDType('sample', 'stream', stream!, ['u32']);
    const { B, V } = matchShapes('sample', [
      ['logits', logits!, 'B V'],
      ['parameters', parameters!, 'B 7'],
      ['counts', counts!, 'B V'],
      ['stream', stream!, 'B 5'],
    ]);
    if (V === 0) {
      throw new HybraError(
        'E_SHAPE',
        `sample: logits is ${formatType(logits!)}: no vocabulary to draw from.`,
        {
          op: 'sample',
          shape: logits!.shape,
        },
      );
    }
    return [{ dtype: 'i32', shape: [B!] }];
  },
  decompose: ([logits, parameters, counts, stream]) => {
    const column = (index: number): Tensor => slice(parameters!, 1, index, index + 1); // [B, 1]
    const [rows, vocabulary] = logits!.shape as [number, number];
    const isGreedy = not(less(0, column(0)));
    const penalized = penalize(logits!, counts!, column);

    // Candidates from the largest down; equals keep the order of their ids.
    const scaled = div(penalized, select(isGreedy, 1, column(0)));
    const { values, indices } = sort(scaled, { descending: true }); // [B, V]
    const kept = keep(values, column);

    // Gumbel-max: the noise of token v is value v of the row's stream, wherever v was sorted to.
    const noise = neg(log(neg(log(random(stream!, vocabulary)))));
    const flat = add(mul(iota([rows, vocabulary], 0), vocabulary), indices);
    const perturbed = add(values, gatherRows(reshape(noise, [rows * vocabulary]), flat));
    const winner = argmax(select(kept, perturbed, none)); // [B], a place among the sorted
    const place = add(mul(iota([rows]), vocabulary), winner);
    const sampled = gatherRows(reshape(indices, [rows * vocabulary]), place);
    return [select(squeeze(isGreedy, 1), argmax(penalized), sampled)];
  },
};

/** Inputs of {@link sample}. */
export interface SampleInputs {
  /** f32[B, V] */
  readonly logits: Tensor;
  /** f32[B, 7]: temperature, top-k, top-p, min-p, repetition, presence, frequency. */
  readonly parameters: Tensor;
  /** i32[B, V]: how often each token occurred so far. */
  readonly counts: Tensor;
  /** u32[B, 5], as for `random`. */
  readonly stream: Tensor;
}

/**
 * One token per row. In this order: repetition penalty on tokens with count > 0 (logit / r if positive, else
 * · r; Keskar et al. 2019), presence and frequency penalties subtracted, division by temperature, the k
 * largest kept (0 keeps all), the smallest set with mass ≥ top-p kept (1 keeps all; Holtzman et al. 2019),
 * those with probability ≥ min-p · largest kept (Nguyen et al. 2024), then Gumbel-max over `random(stream)`.
 * Temperature 0 takes the first largest logit after penalties.
 * @returns ids, i32[B]
 * @throws E_SHAPE, E_DTYPE
 */
export function sample({ logits, parameters, counts, stream }: SampleInputs): Tensor {
  return recordOne(sampleDefinition, [logits, parameters, counts, stream]);
}

function penalize(logits: Tensor, counts: Tensor, column: (index: number) => Tensor): Tensor {
  const repeated = select(less(0, logits), div(logits, column(4)), mul(logits, column(4)));
  const lowered = sub(sub(repeated, column(5)), mul(cast(counts, 'f32'), column(6)));
  return select(less(0, counts), lowered, logits);
}

/** Which of the sorted candidates stay after top-k, top-p and min-p. The largest always does. */
function keep(values: Tensor, column: (index: number) => Tensor): Tensor {
  const rank = iota(values.shape, 1, 'f32');
  const isAmongK = or(less(column(1), 1), less(rank, floor(column(1))));
  const masked = select(isAmongK, values, none);
  const probabilities = softmax(masked);
  const massBefore = sub(cumulativeSum(probabilities, 1), probabilities);
  const isInNucleus = or(greaterEqual(column(2), 1), less(massBefore, column(2)));
  // e^(x − largest) is the probability over the largest one.
  const isLikely = greaterEqual(exp(sub(masked, slice(values, 1, 0, 1))), column(3));
  return or(equal(rank, 0), and(and(isAmongK, isInNucleus), isLikely));
}
