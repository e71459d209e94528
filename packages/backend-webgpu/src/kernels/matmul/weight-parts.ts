import type { DeviceFacts, DispatchOperand } from '../../kernel.js';

/** Columns of y whose rows of the weight one binding covers. */
export interface WeightPart {
  readonly from: number;
  /** Not one of them. */
  readonly end: number;
  readonly byteOffset: number;
  readonly byteLength: number;
}

/** To which WebGPU aligns the offset of a binding, at most. */
const alignment = 256;

/**
 * Cuts rows of a matrix, which a binding may not cover at once, into runs that one covers each.
 * @param rows how many there are, how many bytes apart, and how many bytes before the first
 * @param step runs are whole multiples of so many, but for the last
 * @returns a single run without bytes where one binding does; none where not even `step` rows fit
 */
export function weightParts(
  rows: { readonly count: number; readonly bytes: number; readonly byteOffset: number },
  step: number,
  { largestBinding = Number.POSITIVE_INFINITY }: DeviceFacts,
): readonly (WeightPart | undefined)[] {
  const { count, bytes, byteOffset } = rows;
  if (byteOffset + count * bytes <= largestBinding) return [undefined];
  const most = Math.floor((largestBinding - alignment) / (bytes * step)) * step;
  if (most < step) return [];
  const parts: WeightPart[] = [];
  for (let from = 0; from < count; from += most) {
    const end = Math.min(from + most, count);
    const begin = Math.floor((byteOffset + from * bytes) / alignment) * alignment;
    parts.push({ from, end, byteOffset: begin, byteLength: byteOffset + end * bytes - begin });
  }
  return parts;
}

/** The operand bound so that it covers no more than the part; an operand that is bound as a whole without one. */
export function boundPart(operand: DispatchOperand, part: WeightPart | undefined): DispatchOperand {
  const { place } = operand;
  if (!part || place.kind !== 'input') return operand;
  const { byteOffset, byteLength } = part;
  return { ...operand, place: { kind: 'input', index: place.index, byteOffset, byteLength } };
}
