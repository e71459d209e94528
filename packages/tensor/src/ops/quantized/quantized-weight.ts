import { formatType, HybraError, type QuantScheme, type TensorType } from '@hybra/spec';
import { Tensor } from '../../graph/tensor.js';
import { requireDType, sameShape } from '../checks.js';

/** A matrix in blocks of small integers: `w ≈ scale · (code − zero)`, each block of a row with its own scale. */
export interface QuantizedWeight {
  readonly scheme: QuantScheme;
  /** `i8[N, K]`, or `u8[N, K / 2]` with the code of the even column in the low half. */
  readonly codes: Tensor;
  /** `[N, K / blockSize]` of the scheme's `scaleDtype`. */
  readonly scales: Tensor;
  /** As `scales`; only where the scheme has zero points. */
  readonly zeros?: Tensor;
  /** `[N, K]`, of the matrix that it stands for. */
  readonly shape: readonly [rows: number, columns: number];
}

/** Whether `weight` is quantised rather than a tensor. */
export function isQuantizedWeight(weight: Tensor | QuantizedWeight): weight is QuantizedWeight {
  return !Tensor.isInstance(weight);
}

/**
 * A quantised weight from its parts.
 * @throws E_ARGUMENT for a scheme that contradicts itself, E_SHAPE and E_DTYPE for parts that do not fit it
 */
export function quantizedWeight(
  scheme: QuantScheme,
  parts: { readonly codes: Tensor; readonly scales: Tensor; readonly zeros?: Tensor | undefined },
): QuantizedWeight {
  requireScheme(scheme);
  const { codes, scales, zeros } = parts;
  const perByte = scheme.bits === 4 ? 2 : 1;
  const [rows = 0, width = 0] = codes.shape;
  const columns = width * perByte;
  requireDType('quantizedWeight', 'codes', codes, [scheme.bits === 4 ? 'u8' : 'i8']);
  if (codes.rank !== 2) throw misfit('codes', codes, '[rows, columns]');
  if (columns % scheme.blockSize !== 0) {
    throw misfit('codes', codes, `a multiple of ${scheme.blockSize} columns`);
  }
  const blocks = [rows, columns / scheme.blockSize];
  if ((zeros !== undefined) !== scheme.hasZeroPoints) {
    throw new HybraError(
      'E_ARGUMENT',
      `quantizedWeight: ${scheme.name} has ${scheme.hasZeroPoints ? '' : 'no '}zero points, but zeros are ${zeros ? 'given' : 'missing'}.`,
      { scheme: scheme.name },
    );
  }
  for (const [name, part] of Object.entries({ scales, ...(zeros && { zeros }) })) {
    requireDType('quantizedWeight', name, part, [scheme.scaleDtype]);
    if (!sameShape(part.shape, blocks)) throw misfit(name, part, `[${blocks.join(', ')}]`);
  }
  return Object.freeze({ scheme, codes, scales, ...(zeros && { zeros }), shape: [rows, columns] as const });
}

function requireScheme(scheme: QuantScheme): void {
  const { bits, blockSize, codeLayout } = scheme;
  const isBlock = Number.isInteger(blockSize) && blockSize >= 1 && (bits === 8 || blockSize % 2 === 0);
  const isLayout = bits === 8 ? codeLayout === 'i8' : bits === 4 && codeLayout === 'u4-low-first';
  if (isBlock && isLayout) return;
  throw new HybraError(
    'E_ARGUMENT',
    `quantizedWeight: no scheme has ${bits} bits as ${codeLayout} in blocks of ${blockSize}. Expected 8 bits as i8, or 4 as u4-low-first in blocks of an even size.`,
    { scheme: scheme.name, bits, blockSize, codeLayout },
  );
}

function misfit(name: string, type: TensorType, expected: string): HybraError {
  return new HybraError('E_SHAPE', `quantizedWeight: ${name} is ${formatType(type)}, expected ${expected}.`, {
    argument: name,
    shape: type.shape,
  });
}
