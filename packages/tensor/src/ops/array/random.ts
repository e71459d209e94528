import { formatType, HybraError } from '@hybra/spec';
import type { OpDefinition } from '../../graph/op-definition.js';
import { recordOne } from '../../graph/record.js';
import type { Tensor } from '../../graph/tensor.js';
import { requireDeclared, requireDType } from '../checks.js';
import { exact } from '../tolerances.js';

export const randomDefinition: OpDefinition = {
  name: 'random',
  tolerance: exact,
  infer: ([stream], _attributes, declared) => {
    requireDType('random', 'stream', stream!, ['u32']);
    if (stream!.shape.length !== 2 || stream!.shape[1] !== 5) {
      throw new HybraError(
        'E_SHAPE',
        `random: stream is ${formatType(stream!)}, expected u32[n, 5] with rows (seed low, seed high, sequence, position, purpose).`,
        { op: 'random', argument: 'stream', shape: stream!.shape },
      );
    }
    const type = requireDeclared('random', declared);
    requireDType('random', 'the output', type, ['u32', 'f32']);
    if (type.shape.length !== 2 || type.shape[0] !== stream!.shape[0]) {
      throw new HybraError(
        'E_SHAPE',
        `random: the output is ${formatType(type)}, expected [${stream!.shape[0]}, count].`,
        { op: 'random', shape: type.shape, stream: stream!.shape },
      );
    }
    return [type];
  },
};

/**
 * Random numbers that are a function of their stream alone: Philox 4×32-10 (Salmon et al. 2011), the same
 * bits on every device.
 * @param stream u32[n, 5], rows (seed low, seed high, sequence, position, purpose)
 * @param count numbers per row
 * @param dtype `f32`: uniform, strictly between 0 and 1; `u32`: all 32 bits
 * @returns [n, count]
 * @throws E_SHAPE, E_DTYPE
 */
export function random(stream: Tensor, count: number, dtype: 'f32' | 'u32' = 'f32'): Tensor {
  return recordOne(randomDefinition, [stream], {}, { dtype, shape: [stream.shape[0] ?? 0, count] });
}
