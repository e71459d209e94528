import { HybraError } from '@hybra/spec';
import { castElements, type GgufFile } from '@hybra/weights';
import { ropeDivisorsName } from '../fields/rope-fields.js';

/** Far more pairs than any head has. */
const mostPairs = 65_536;

/**
 * What the frequency of each pair is divided by, where the file says so.
 * @throws E_FORMAT for a tensor that is no list of positive numbers; E_IO, E_ABORTED
 */
export async function readRopeDivisors(
  file: GgufFile,
  signal: AbortSignal | undefined,
): Promise<readonly number[] | undefined> {
  const tensor = file.tensors.get(ropeDivisorsName);
  if (!tensor) return undefined;
  const isList = tensor.type.name === 'f32' && tensor.shape.length === 1 && tensor.shape[0]! <= mostPairs;
  const bytes = isList ? await file.read(ropeDivisorsName, signal) : new Uint8Array();
  const divisors = [...new Float32Array(castElements(bytes, 'f32', 'f32').buffer)];
  if (isList && divisors.every((value) => value > 0 && Number.isFinite(value))) return divisors;
  throw new HybraError(
    'E_FORMAT',
    `${file.name}: ${ropeDivisorsName} is no list of positive numbers of float32. The file is damaged.`,
    { tensor: ropeDivisorsName },
  );
}
