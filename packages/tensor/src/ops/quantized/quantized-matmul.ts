import { formatType, HybraError, type TensorType } from '@hybra/spec';
import type { OpDefinition } from '../../graph/op-definition.js';
import { recordOne } from '../../graph/record.js';
import type { Tensor } from '../../graph/tensor.js';
import { reshape } from '../../graph/views.js';
import { matmul } from '../array/matmul.js';
import { requireAttribute, requireDType, requireRank, requireSameDType, sameShape } from '../checks.js';
import { cast } from '../elementwise/cast.js';
import { accumulated } from '../tolerances.js';
import { dequantizeRows } from './dequantize.js';
import type { QuantizedWeight } from './quantized-weight.js';

export const quantizedMatmulDefinition: OpDefinition = {
  name: 'quantizedMatmul',
  tolerance: accumulated,
  infer: ([x, codes, scales, zeros], attributes) => {
    const { bits, blockSize } = attributes;
    requireAttribute('quantizedMatmul', attributes, 'bits', '4 or 8', bits === 4 || bits === 8);
    const perByte = bits === 4 ? 2 : 1;
    requireAttribute(
      'quantizedMatmul',
      attributes,
      'blockSize',
      bits === 4 ? 'an even number from 2' : 'an integer from 1',
      Number.isInteger(blockSize) && (blockSize as number) > 0 && (blockSize as number) % perByte === 0,
    );
    requireDType('quantizedMatmul', 'x', x!, ['f32', 'f16', 'bf16']);
    requireDType('quantizedMatmul', 'codes', codes!, [bits === 4 ? 'u8' : 'i8']);
    requireDType('quantizedMatmul', 'scales', scales!, ['f32', 'f16']);
    if (zeros) requireSameDType('quantizedMatmul', ['scales', scales!], ['zeros', zeros]);
    requireMatrix('x', x!);
    requireMatrix('codes', codes!);
    const [M, K] = x!.shape as [number, number];
    const N = codes!.shape[0]!;
    if (K % (blockSize as number) !== 0) {
      throw misfit('x', x!, `a multiple of ${String(blockSize)} columns`);
    }
    if (codes!.shape[1]! * perByte !== K) throw misfit('codes', codes!, `[N, ${K / perByte}] beside x`);
    const blocks = [N, K / (blockSize as number)];
    for (const [name, part] of [['scales', scales!] as const, ['zeros', zeros] as const]) {
      if (part && !sameShape(part.shape, blocks)) throw misfit(name, part, `[${blocks.join(', ')}]`);
    }
    return [{ dtype: x!.dtype, shape: [M, N] }];
  },
  decompose: ([x, codes, scales, zeros], { blockSize }) => {
    const matrix = dequantizeRows({
      codes: codes!,
      scales: scales!,
      zeros,
      blockSize: blockSize as number,
    });
    return [cast(matmul(cast(x!, 'f32'), matrix, { transposeB: true }), x!.dtype)];
  },
};

/**
 * x · Wᵀ with a quantised W, accumulated in float32 or wider: a linear layer whose weight stays in blocks.
 * Leading axes of `x` are rows of one product.
 * @param x f32, f16 or bf16[…, K]
 * @returns dtype of `x`, […, N]
 * @throws E_SHAPE, E_DTYPE
 */
export function quantizedMatmul(x: Tensor, weight: QuantizedWeight): Tensor {
  const { codes, scales, zeros, scheme } = weight;
  requireRank('quantizedMatmul', 'x', x, 1);
  const leading = x.shape.slice(0, -1);
  const rows = leading.reduce((product, extent) => product * extent, 1);
  const y = recordOne(
    quantizedMatmulDefinition,
    [reshape(x, [rows, x.shape.at(-1)!]), codes, scales, ...(zeros ? [zeros] : [])],
    { bits: scheme.bits, blockSize: scheme.blockSize },
  );
  return reshape(y, [...leading, y.shape[1]!]);
}

function requireMatrix(name: string, type: TensorType): void {
  if (type.shape.length !== 2) throw misfit(name, type, 'a matrix');
}

function misfit(name: string, type: TensorType, expected: string): HybraError {
  return new HybraError('E_SHAPE', `quantizedMatmul: ${name} is ${formatType(type)}, expected ${expected}.`, {
    op: 'quantizedMatmul',
    argument: name,
    shape: type.shape,
  });
}
