import {
  byteSize,
  contiguousStrides,
  type HostArray,
  hostView,
  isContiguous,
  type StridedType,
  type TensorType,
} from '@hybra/spec';
import type { CaseLayout } from '@hybra/tensor';

/** Bytes of poison after (and before, where the window has an offset) everything a kernel may touch. */
export const guardBytes = 64;

/** All bits set: NaN in every float, −1 or the largest integer, no valid `bool`. */
export const poison = 0xff;

/** Elements in memory with poison around them and in every gap. */
export interface LaidOut {
  readonly bytes: Uint8Array;
  readonly window: StridedType;
}

/**
 * Puts elements into memory so that a window of the given layout shows them.
 * - `offset`: contiguous, behind a guard of an odd number of elements
 * - `transposed`: the last two axes lie exchanged (as `offset` below two axes)
 * - `strided`: every second element of the last axis (as `offset` without axes)
 */
export function layOut(elements: HostArray, { dtype, shape }: TensorType, layout: CaseLayout): LaidOut {
  const strides = stridesOf(shape, layout);
  const guard = guardBytes / byteSize(dtype);
  const offset = layout === 'contiguous' ? 0 : guard + 3;
  const span =
    elements.length === 0 ? 0 : shape.reduce((last, extent, axis) => last + (extent - 1) * strides[axis]!, 1);
  const bytes = new Uint8Array((offset + span + guard) * byteSize(dtype)).fill(poison);
  const memory = hostView(dtype, bytes.buffer, 0, offset + span + guard);
  const logical = contiguousStrides(shape);
  for (let index = 0; index < elements.length; index++) {
    let at = offset;
    for (let axis = 0; axis < shape.length; axis++) {
      at += (Math.floor(index / logical[axis]!) % shape[axis]!) * strides[axis]!;
    }
    memory[at] = elements[index]!;
  }
  // Axes of extent 1 may carry any stride; devices are asked about the plain form, as by the core.
  const plain = isContiguous({ shape, strides }) ? logical : strides;
  return { bytes, window: { dtype, shape, strides: plain, offset } };
}

function stridesOf(shape: readonly number[], layout: CaseLayout): number[] {
  const rank = shape.length;
  if (layout === 'transposed' && rank >= 2) {
    const order = shape.map((_, axis) => axis);
    order[rank - 2] = rank - 1;
    order[rank - 1] = rank - 2;
    const stored = contiguousStrides(order.map((axis) => shape[axis]!));
    return order.map((axis) => stored[axis]!);
  }
  if (layout === 'strided' && rank >= 1) return contiguousStrides(shape).map((stride) => stride * 2);
  return contiguousStrides(shape);
}
