import { HybraError, type QuantScheme } from '@hybra/spec';
import type { WeightSource } from '@hybra/weights';

/** A quantised matrix on disk, from its headers alone. */
export interface StoredScheme {
  readonly scheme: QuantScheme;
  /** Names and shapes of its tensors. */
  readonly parts: readonly { readonly name: string; readonly shape: readonly number[] }[];
}

/**
 * How the matrix `name` is quantised on disk; `undefined` where it is not.
 * @param shape of the matrix, as the model wants it
 * @param schemes those of the configuration
 * @throws E_FORMAT when its tensors fit none of the schemes
 */
export function storedScheme(
  source: WeightSource,
  name: string,
  shape: readonly number[],
  schemes: readonly QuantScheme[],
): StoredScheme | undefined {
  const codes = source.entries.get(`${name}.codes`);
  if (!codes || schemes.length === 0) return undefined;
  const scales = source.entries.get(`${name}.scales`);
  const hasZeros = source.entries.has(`${name}.zeros`);
  const [rows = 0, columns = 0] = shape;
  const scheme = schemes.find(
    (candidate) =>
      codes.dtype === (candidate.bits === 4 ? 'u8' : 'i8') &&
      scales?.dtype === candidate.scaleDtype &&
      hasZeros === candidate.hasZeroPoints &&
      columns % candidate.blockSize === 0 &&
      scales.shape[1] === columns / candidate.blockSize,
  );
  if (!scheme || shape.length !== 2) {
    throw new HybraError(
      'E_FORMAT',
      `checkpoint: ${name} is quantised, with codes ${codes.dtype}[${codes.shape.join(', ')}] and scales ${scales ? `${scales.dtype}[${scales.shape.join(', ')}]` : 'missing'}, which fits none of the schemes of its configuration (${schemes.map((candidate) => candidate.name).join(', ')}) for a matrix of [${shape.join(', ')}].`,
      { tensor: name },
    );
  }
  const blocks = [rows, columns / scheme.blockSize];
  const codesShape = [rows, scheme.bits === 4 ? columns / 2 : columns];
  return {
    scheme,
    parts: [
      { name: `${name}.codes`, shape: codesShape },
      { name: `${name}.scales`, shape: blocks },
      ...(scheme.hasZeroPoints ? [{ name: `${name}.zeros`, shape: blocks }] : []),
    ],
  };
}
