import { elementCount } from '@hybra/spec';
import { storedDTypes, type WebGpuKernel } from '../../kernel.js';
import { mapDispatch } from '../../wgsl/map.js';
import { refusal } from '../accept.js';

/** Inputs of one dispatch; the output makes one binding more. */
const inputsAtOnce = 6;

/** Inputs laid end to end along an axis, a few per dispatch. Takes any strides. */
export const concatKernel: WebGpuKernel = {
  name: 'webgpu/concat',
  op: 'concat',
  supports: (call) => refusal(call, [storedDTypes]) ?? { supported: true, acceptsStrided: true },
  build: (call) => {
    const axis = call.attributes.axis as number;
    const { dtype, shape } = call.outputs[0]!;
    const inner = elementCount(shape.slice(axis + 1));
    const starts: number[] = [];
    let end = 0;
    for (const { shape: each } of call.inputs) {
      starts.push(end);
      end += each[axis]!;
    }
    const filled = call.inputs.flatMap(({ shape: each }, index) => (each[axis]! > 0 ? [index] : []));
    const groups = Array.from({ length: Math.ceil(filled.length / inputsAtOnce) }, (_, group) =>
      filled.slice(group * inputsAtOnce, (group + 1) * inputsAtOnce),
    );
    return groups.map((group) =>
      mapDispatch({
        operands: group.map((index, place) => ({
          name: `x${place}`,
          place: { kind: 'input', index },
          view: 'bits',
        })),
        output: { index: 0, dtype, count: elementCount(shape) },
        parameters: [
          { name: 'extent', type: 'u32', value: shape[axis]! },
          { name: 'inner', type: 'u32', value: inner },
          { name: 'first', type: 'u32', value: starts[group[0]!]! },
          ...group.flatMap((index, place) => [
            { name: `start${place}`, type: 'u32' as const, value: starts[index]! },
            { name: `size${place}`, type: 'u32' as const, value: call.inputs[index]!.shape[axis]! },
          ]),
        ],
        gives: 'bits',
        isPartial: groups.length > 1,
        code: `fn writes(i: u32) -> bool {
  let k = i / p.inner % p.extent;
  return k >= p.first && k < p.start${group.length - 1} + p.size${group.length - 1};
}
fn element(i: u32) -> u32 {
  let j = i % p.inner;
  let k = i / p.inner % p.extent;
  let outer = i / p.inner / p.extent;
${group
  .map(
    (_, place) =>
      `  if (k < p.start${place} + p.size${place}) { return load_x${place}((outer * p.size${place} + k - p.start${place}) * p.inner + j); }`,
  )
  .join('\n')}
  return 0u;
}`,
      }),
    );
  },
};
