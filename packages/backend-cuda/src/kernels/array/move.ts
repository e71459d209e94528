import { byteSize, contiguousStrides, dtypes, elementCount, type Operand } from '@hybra/spec';
import type { CudaKernel } from '../../kernel.js';
import { elementStep } from '../../launch/element-step.js';
import { elementGrid, elementThreads } from '../../launch/grid.js';
import { i64, type Launch, type Place, pointer, pointerTo, u32 } from '../../launch/launch.js';
import { isWalkable, layout } from '../../launch/layout.js';
import type { ElementAction } from '../../launch/step.js';
import { refusal, unsupported } from '../accept.js';
import { storedBits } from './stored-bits.js';

/** Steps by the bytes of an element. */
const moves: Readonly<Record<number, ElementAction>> = { 1: 'move1', 2: 'move2', 4: 'move4', 8: 'move8' };
/** Elements from which on moves go by fours. */
const manyElements = 4096;
const fills: Readonly<Record<number, ElementAction>> = { 1: 'fill1', 4: 'fill4' };

/** Launches that lay the elements of `x` into part of `y`, `from` elements from its start, with these strides. */
function strideMove(x: Operand, y: Operand, from: number, strides: readonly number[]): readonly Launch[] {
  const count = elementCount(x.shape);
  if (count === 0) return [];
  const size = byteSize(y.dtype);
  const to = { buffer: y.buffer, byteOffset: (y.offset + from) * size };
  if (x.dtype === 'f32' && y.dtype === 'bf16') return [narrowingMove(x, to, strides)];
  const step = elementStep(moves[size], [x], y, { shape: x.shape, from, target: strides });
  // Four words at once where everything comes in fours; what the persistent kernel may do stays as it is.
  const fours = size === 4 && count >= manyElements ? inFours(x, to.byteOffset / size, strides) : undefined;
  return [
    {
      kind: 'kernel',
      module: 'move',
      entry: fours ? 'move_16' : `move_${size}`,
      grid: elementGrid(fours ? count / 4 : count),
      block: elementThreads,
      parameters: [
        pointer(x),
        pointerTo(to),
        ...(fours ? layout(fours.shape, fours.strides) : layout(x.shape, [x.strides, strides])),
      ],
      step,
    },
  ];
}

/** The index space and strides of a move by fours; `undefined` where not everything comes in fours. */
function inFours(
  x: Operand,
  to: number,
  strides: readonly number[],
): { readonly shape: readonly number[]; readonly strides: readonly (readonly number[])[] } | undefined {
  const last = x.shape.length - 1;
  const leading = [x.strides, strides].flatMap((each) =>
    each.slice(0, last).filter((_, axis) => x.shape[axis] !== 1),
  );
  const isPossible =
    last >= 0 &&
    x.strides[last] === 1 &&
    strides[last] === 1 &&
    [x.offset, to, x.shape[last]!, ...leading].every((each) => each % 4 === 0);
  if (!isPossible) return undefined;
  const quarter = (each: readonly number[]): number[] =>
    each.map((stride, axis) => (axis === last ? 1 : stride / 4));
  return {
    shape: [...x.shape.slice(0, last), x.shape[last]! / 4],
    strides: [quarter(x.strides), quarter(strides)],
  };
}

/** The same from float32 to bfloat16 (src/fusion/narrow-values.ts), by fours where everything comes in fours. */
function narrowingMove(x: Operand, to: Place, strides: readonly number[]): Launch {
  const fours = inFours(x, to.byteOffset / 2, strides);
  const shape = fours?.shape ?? x.shape;
  return {
    kind: 'kernel',
    module: 'move',
    entry: fours ? 'narrow_4' : 'narrow_1',
    grid: elementGrid(elementCount(shape)),
    block: elementThreads,
    parameters: [pointer(x), pointerTo(to), ...layout(shape, fours?.strides ?? [x.strides, strides])],
  };
}

function fillWith(y: Operand, value: number): readonly Launch[] {
  const count = elementCount(y.shape);
  if (count === 0) return [];
  return [
    {
      kind: 'kernel',
      module: 'move',
      entry: `fill_${byteSize(y.dtype)}`,
      grid: elementGrid(count),
      block: elementThreads,
      parameters: [pointer(y), i64(storedBits(y.dtype, value)), u32(count)],
      step: elementStep(fills[byteSize(y.dtype)], [], y, {
        shape: [count],
        numbers: [Number(BigInt.asUintN(32, BigInt(storedBits(y.dtype, value)))), 0],
      }),
    },
  ];
}

const moving = (name: string, op: CudaKernel['op'], plan: CudaKernel['plan']): CudaKernel => ({
  name,
  op,
  supports: (call) => {
    const refused = refusal(call, [dtypes]);
    if (refused) return refused;
    const target = contiguousStrides(call.outputs[0]!.shape);
    const isPossible = call.inputs.every((input) => isWalkable(input.shape, [input.strides, target]));
    if (!isPossible) return unsupported(`${op}: more than 8 axes that do not collapse`);
    return { supported: true, acceptsStrided: true };
  },
  plan,
});

/** Lays a strided view out side by side. */
export const copyKernel: CudaKernel = moving('cuda/copy', 'copy', ({ inputs: [x], outputs: [y] }) =>
  strideMove(x!, y!, 0, contiguousStrides(y!.shape)),
);

/** `Gathered` of native/move.cu, and how many numbers are worth a kernel of their own. */
const mostNumbers = 256;
const manyNumbers = 5;

function gatherNumbers(numbers: readonly Operand[], y: Operand): Launch {
  return {
    kind: 'kernel',
    module: 'move',
    entry: 'gather_numbers',
    grid: [1, 1, 1],
    block: mostNumbers,
    parameters: [pointer(y), u32(numbers.length), u32(0), ...numbers.map(pointer)],
    parameterBytes: 16 + mostNumbers * 8,
  };
}

/** Lays its inputs end to end along one axis. */
export const concatKernel: CudaKernel = moving('cuda/concat', 'concat', (call) => {
  const [y] = call.outputs;
  const axis = call.attributes.axis as number;
  const areNumbers =
    byteSize(y!.dtype) === 4 &&
    call.inputs.every(({ dtype, shape }) => dtype === y!.dtype && elementCount(shape) === 1);
  if (areNumbers && call.inputs.length >= manyNumbers && call.inputs.length <= mostNumbers) {
    return [gatherNumbers(call.inputs, y!)];
  }
  const strides = contiguousStrides(y!.shape);
  let before = 0;
  return call.inputs.flatMap((x) => {
    const from = before * strides[axis]!;
    before += x.shape[axis]!;
    return strideMove(x, y!, from, strides);
  });
});

/** Surrounds its input with a value. */
export const padKernel: CudaKernel = moving('cuda/pad', 'pad', (call) => {
  const [y] = call.outputs;
  const strides = contiguousStrides(y!.shape);
  const before = call.attributes.before as readonly number[];
  const from = before.reduce((sum, count, axis) => sum + count * strides[axis]!, 0);
  return [
    ...fillWith(y!, call.attributes.value as number),
    ...strideMove(call.inputs[0]!, y!, from, strides),
  ];
});

/** Every element is one value. */
export const fillKernel: CudaKernel = moving('cuda/fill', 'fill', ({ outputs: [y], attributes }) =>
  // `true` and `false` serve as 1 and 0.
  fillWith(y!, Number(attributes.value)),
);
