import { contiguousStrides, type HostArray } from '@hybra/spec';
import type { CpuKernel } from '../../kernel.js';
import { collapse } from '../../layout/collapse.js';
import { rowWalk } from '../../layout/walk.js';
import { unsupported } from '../accept.js';
import { elementwiseInPlace } from '../in-place.js';

/** `a` where the condition holds, else `b`. Moves elements as they are, so it serves every dtype. */
export const selectKernel: CpuKernel = {
  name: 'cpu/select',
  op: 'select',
  supports: (call) => {
    const [condition, a, b] = call.inputs;
    if (condition?.dtype !== 'bool') return unsupported('select: the condition is not bool');
    if (a?.dtype !== b?.dtype || a?.dtype !== call.outputs[0]?.dtype)
      return unsupported('select: dtypes differ');
    return { supported: true, acceptsStrided: true, inPlace: elementwiseInPlace(call, [1, 2]) };
  },
  build: (call) => {
    const { shape } = call.outputs[0]!;
    const loops = collapse(shape, [...call.inputs.map((input) => input.strides), contiguousStrides(shape)]);
    const walk = rowWalk(loops);
    const count = loops.shape.at(-1)!;
    const steps = loops.strides.map((strides) => strides.at(-1)!);
    return ([condition, a, b], [y]) =>
      walk((starts) => selectRow(condition!, a!, b!, y!, starts, steps, count));
  },
};

function selectRow(
  condition: HostArray,
  a: HostArray,
  b: HostArray,
  y: HostArray,
  starts: readonly number[],
  steps: readonly number[],
  count: number,
): void {
  const [conditionFrom, aFrom, bFrom, yFrom] = starts as [number, number, number, number];
  const [conditionStep, aStep, bStep] = steps as [number, number, number];
  for (let i = 0; i < count; i++) {
    const holds = condition[conditionFrom + i * conditionStep] !== 0;
    y[yFrom + i] = holds ? a[aFrom + i * aStep]! : b[bFrom + i * bStep]!;
  }
}
