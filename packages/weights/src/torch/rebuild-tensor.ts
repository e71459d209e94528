import type { PickleCursor } from './pickle-cursor.js';
import { isKind, type PickleValue, type TorchTensor } from './pickle-values.js';

const mostAxes = 16;

/**
 * A tensor from `(storage, offset, shape, strides, requires_grad, hooks, …)`. It must lie inside its storage and
 * have no more elements than it.
 * @throws E_FORMAT
 */
export function rebuildTensor(args: readonly PickleValue[], cursor: PickleCursor): TorchTensor {
  const [storage, offset] = args;
  const shape = counts(args[2], cursor);
  const strides = counts(args[3], cursor);
  if (
    !isKind(storage, 'storage') ||
    typeof offset !== 'number' ||
    !Number.isSafeInteger(offset) ||
    offset < 0
  ) {
    throw cursor.error('has a tensor without a storage');
  }
  if (shape.length !== strides.length) throw cursor.error('has a tensor with axes without strides');
  let last = offset;
  let elements = 1;
  for (const [axis, extent] of shape.entries()) {
    elements *= extent;
    last += (extent - 1) * strides[axis]!;
  }
  if (elements > 0 && !(last < storage.length && elements <= storage.length)) {
    throw cursor.error(
      `has a tensor [${shape.join(', ')}] that does not fit its storage of ${storage.length} elements`,
    );
  }
  return { kind: 'tensor', storage, offset, shape, strides };
}

function counts(value: PickleValue | undefined, cursor: PickleCursor): number[] {
  const items = isKind(value, 'tuple') || isKind(value, 'list') ? value.items : undefined;
  const areCounts =
    items !== undefined &&
    items.length <= mostAxes &&
    items.every((item) => typeof item === 'number' && Number.isSafeInteger(item) && item >= 0);
  if (!areCounts) throw cursor.error('has a tensor with a shape that is none');
  return items as number[];
}
