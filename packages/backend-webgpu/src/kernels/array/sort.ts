import { elementCount, type OpCall } from '@hybra/spec';
import type { WebGpuKernel } from '../../kernel.js';
import { floats, refusal } from '../accept.js';
import { sortPairs, sortScratchBytes, takeSorted } from './sort-dispatches.js';

function scratchBytes(call: OpCall): number {
  const { shape } = call.inputs[0]!;
  const width = shape.at(-1)!;
  return width === 0 ? 0 : sortScratchBytes(elementCount(shape) / width, width);
}

/** Stable sort along the last axis, with the positions the values came from. Takes any strides. */
export const sortKernel: WebGpuKernel = {
  name: 'webgpu/sort',
  op: 'sort',
  supports: (call) =>
    refusal(call, [floats], [floats, ['i32']]) ?? {
      supported: true,
      acceptsStrided: true,
      scratchBytes: scratchBytes(call),
    },
  build: (call, { facts }) =>
    scratchBytes(call) === 0
      ? []
      : [...sortPairs(call, facts, call.attributes.descending === true), ...takeSorted(call)],
};

/** The k largest along the last axis, largest first: the head of a stable sort. Takes any strides. */
export const topKKernel: WebGpuKernel = {
  name: 'webgpu/top-k',
  op: 'topK',
  supports: (call) =>
    refusal(call, [floats], [floats, ['i32']]) ?? {
      supported: true,
      acceptsStrided: true,
      scratchBytes: scratchBytes(call),
    },
  build: (call, { facts }) =>
    scratchBytes(call) === 0 ? [] : [...sortPairs(call, facts, true), ...takeSorted(call)],
};
