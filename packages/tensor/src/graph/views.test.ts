import { expect, it } from 'vitest';
import { literal } from '../ops/index.js';
import type { Tensor } from './tensor.js';
import { expand, permute, reshape, slice, split, squeeze, transpose, unsqueeze } from './views.js';

const x = literal([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], [3, 4], 'i32');

/** Elements that a window shows, by its definition. */
function seen(tensor: Tensor): number[] {
  if (tensor.value.kind !== 'literal') throw new Error('expected a window on the literal');
  const { data } = tensor.value;
  let offsets = [tensor.offset];
  for (const [axis, extent] of tensor.shape.entries()) {
    offsets = offsets.flatMap((at) =>
      Array.from({ length: extent }, (_, index) => at + index * tensor.strides[axis]!),
    );
  }
  return offsets.map((at) => data[at]!);
}

const isShapeError = expect.objectContaining({ code: 'E_SHAPE' });

it.each<[string, () => unknown]>([
  ['reshape to another number of elements', () => reshape(x, [5, 2])],
  ['reshape with two free extents', () => reshape(x, [-1, -1])],
  ['reshape to a fraction', () => reshape(x, [-1, 5])],
  ['reshape to negative extents', () => reshape(x, [-2, -6])],
  ['permute with an axis twice', () => permute(x, [0, 0])],
  ['permute with an axis missing', () => permute(x, [0])],
  ['permute with an axis that is not there', () => permute(x, [0, 2])],
  ['transpose one axis', () => transpose(reshape(x, [12]))],
  ['expand an extent that is not 1', () => expand(x, [3, 8])],
  ['expand to fewer axes', () => expand(x, [4])],
  ['expand by a negative extent in front', () => expand(x, [-1, 3, 4])],
  ['expand by a fraction in front', () => expand(x, [2.5, 3, 4])],
  ['expand an extent of 1 to a negative one', () => expand(reshape(x, [12, 1]), [12, -1])],
  ['slice past the end', () => slice(x, 1, 0, 5)],
  ['slice backwards', () => slice(x, 1, 3, 2)],
  ['slice with step 0', () => slice(x, 1, 0, 4, 0)],
  ['slice a fraction', () => slice(x, 1, 0.5, 2)],
  ['slice an axis that is not there', () => slice(x, 2, 0, 1)],
  ['split into parts that do not add up', () => split(x, [1, 2], 1)],
  ['split into a negative part', () => split(x, [5, -1], 1)],
  ['unsqueeze behind the end', () => unsqueeze(x, 3)],
  ['squeeze an extent that is not 1', () => squeeze(x, 0)],
])('refuses to %s', (_, view) => {
  expect(view).toThrow(isShapeError);
});

it.each<[string, Tensor, number[], number[]]>([
  ['reshape', reshape(x, [2, -1]), [2, 6], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]],
  ['transpose', transpose(x), [4, 3], [0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11]],
  ['permute', permute(reshape(x, [1, 3, 4]), [2, 0, -2]), [4, 1, 3], [0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11]],
  ['expand', expand(slice(x, 1, 3), [2, 3, 2]), [2, 3, 2], [3, 3, 7, 7, 11, 11, 3, 3, 7, 7, 11, 11]],
  ['slice', slice(x, 1, 1, 4, 2), [3, 2], [1, 3, 5, 7, 9, 11]],
  ['slice from the end', slice(x, 0, -1), [1, 4], [8, 9, 10, 11]],
  ['slice to the end', slice(x, 1, -3, -1), [3, 2], [1, 2, 5, 6, 9, 10]],
  ['slice of a slice', slice(slice(x, 1, 1, 4, 2), 1, 1), [3, 1], [3, 7, 11]],
  ['slice of nothing', slice(x, 1, 4), [3, 0], []],
  ['split', split(x, [1, 3], 1)[1]!, [3, 3], [1, 2, 3, 5, 6, 7, 9, 10, 11]],
  ['unsqueeze', unsqueeze(x, -1), [3, 4, 1], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]],
  ['squeeze', squeeze(unsqueeze(x, 1), 1), [3, 4], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]],
  ['reshape of a row', reshape(slice(x, 0, 1, 2), [2, 2]), [2, 2], [4, 5, 6, 7]],
])('%s is a window on the same value', (_, view, shape, elements) => {
  expect(view.value).toBe(x.value);
  expect(view.shape).toEqual(shape);
  expect(seen(view)).toEqual(elements);
});

it('copies before it reshapes what is not contiguous', () => {
  const { value } = reshape(transpose(x), [12]);
  expect(value.kind === 'call' && value.node.op).toBe('copy');
});

it('keeps windows without elements inside their value', () => {
  const none = literal([], [0, 4], 'i32');
  expect(slice(none, 1, 3).offset).toBe(0);
  expect(split(none, [2, 2], 1)[1]!.offset).toBe(0);
});

it('knows what is whole and what is contiguous', () => {
  expect(reshape(x, [12]).isWhole).toBe(true);
  expect(unsqueeze(x, 1).isWhole).toBe(true);
  expect(slice(x, 0, 1).isWhole).toBe(false);
  expect(slice(x, 0, 1).isContiguous).toBe(true);
  expect(transpose(x).isContiguous).toBe(false);
  expect(slice(x, 0, 0, 0).isWhole).toBe(false);
});
