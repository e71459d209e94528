import { HybraError } from '@hybra/spec';

/**
 * How a tensor lies in GGUF, beside its form in a checkpoint of transformers:
 *
 * - `same`
 * - `taps`: `[C, K]` for `[C, 1, K]`
 * - `decay`: −e^(A_log) for A_log
 * - `decayColumn`: the same, `[H, 1]` for `[H]`
 * - `column`: `[H, 1]` for `[H]`
 * - `groups`: `[G, W / G]` for `[W]`
 * - `queries`, `keys`: within each head, rows i and i + D/2 lie side by side, as rotating pairs wants them
 */
export type TensorForm = 'same' | 'taps' | 'decay' | 'decayColumn' | 'column' | 'groups' | 'queries' | 'keys';

/** Sizes of the model that forms depend on. */
export interface FormSizes {
  /** Rows of query and key projections in heads. */
  readonly heads?: number;
  readonly keyValueHeads?: number;
  readonly groups?: number;
}

/** The shape in transformers' checkpoint of a tensor of this shape in GGUF. */
export function shapeFromGguf(form: TensorForm, shape: readonly number[]): readonly number[] {
  const all = shape.reduce((product, extent) => product * extent, 1);
  switch (form) {
    case 'taps':
      return [all / shape.at(-1)!, 1, shape.at(-1)!];
    case 'decayColumn':
    case 'column':
    case 'groups':
      return [all];
    case 'same':
    case 'decay':
    case 'queries':
    case 'keys':
      return shape;
  }
}

/** The shape in GGUF of a tensor of this shape in transformers' checkpoint. */
export function shapeToGguf(form: TensorForm, shape: readonly number[], sizes: FormSizes): readonly number[] {
  switch (form) {
    case 'taps':
      return [shape[0]!, shape.at(-1)!];
    case 'decayColumn':
    case 'column':
      return [shape[0]!, 1];
    case 'groups':
      return [sizes.groups ?? 1, shape[0]! / (sizes.groups ?? 1)];
    case 'same':
    case 'decay':
    case 'queries':
    case 'keys':
      return shape;
  }
}

/** Whether the values are others, not only their places. */
export function isDecay(form: TensorForm): boolean {
  return form === 'decay' || form === 'decayColumn';
}

/** A_log from −e^(A_log), in place. @throws E_FORMAT for rates that are not negative */
export function logOfDecay(name: string, values: Float32Array): void {
  for (let index = 0; index < values.length; index++) {
    if (!(values[index]! < 0)) {
      throw new HybraError('E_FORMAT', `${name}: a decay rate is not negative. The file is damaged.`, {
        tensor: name,
        index,
      });
    }
    values[index] = Math.log(-values[index]!);
  }
}

/** −e^(A_log) from A_log, in place. */
export function decayOfLog(values: Float32Array): void {
  for (let index = 0; index < values.length; index++) values[index] = -Math.exp(values[index]!);
}

/**
 * Moves the rows of a projection between halves (i, i + D/2), as transformers rotates them, and pairs (2i, 2i + 1).
 * @param rows bytes, equally many per row @param heads divides the number of rows into even parts
 * @throws E_FORMAT where it does not
 */
export function moveHeadRows(
  rows: Uint8Array,
  layout: { readonly name: string; readonly count: number; readonly heads: number },
  to: 'halves' | 'pairs',
): Uint8Array<ArrayBuffer> {
  const { name, count, heads } = layout;
  const headRows = count / heads;
  if (!Number.isInteger(headRows / 2)) {
    throw new HybraError(
      'E_FORMAT',
      `${name}: ${count} rows are not ${heads} heads of an even number of rows.`,
      { tensor: name, rows: count, heads },
    );
  }
  const width = rows.byteLength / count;
  const moved = new Uint8Array(rows.byteLength);
  for (let row = 0; row < count; row++) {
    const inHead = row % headRows;
    const first = row - inHead;
    const asHalf = first + (inHead % 2) * (headRows / 2) + Math.floor(inHead / 2);
    const [from, target] = to === 'halves' ? [row, asHalf] : [asHalf, row];
    moved.set(rows.subarray(from * width, (from + 1) * width), target * width);
  }
  return moved;
}
