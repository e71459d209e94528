import { isContiguous, type Operand, overlap, type ProgramMemory } from '@hybra/spec';
import { isPartOf } from './operands.js';

/** dt = select(valid, softplus(raw + bias), otherwise), as three calls that only the step reads. */
export interface StepSizes {
  readonly members: readonly [sum: number, softplus: number, select: number];
  readonly raw: Operand;
  readonly bias: Operand;
  readonly valid: Operand;
  readonly otherwise: Operand;
}

/** What makes the step sizes of the scan at `index`. */
export function stepSizesBefore(memory: ProgramMemory, index: number): StepSizes | undefined {
  const { calls } = memory.program;
  const select = madeBy(memory, index, calls[index]!.inputs[1]!, 'webgpu/select');
  if (select === undefined) return undefined;
  const [valid, chosen, otherwise] = calls[select]!.inputs as [Operand, Operand, Operand];
  const softplus = madeBy(memory, select, chosen, 'webgpu/softplus');
  if (softplus === undefined) return undefined;
  const sum = madeBy(memory, softplus, calls[softplus]!.inputs[0]!, 'webgpu/add');
  if (sum === undefined) return undefined;
  const [raw, bias] = calls[sum]!.inputs as [Operand, Operand];
  if ([raw, bias, otherwise].some(({ dtype }) => dtype !== 'f32')) return undefined;
  return { members: [sum, softplus, select], raw, bias, valid, otherwise };
}

/** y + skip · x, as two calls. */
export interface Skip {
  readonly members: readonly [product: number, sum: number];
  readonly skip: Operand;
}

/** What adds the skip connection to the scan at `index`. */
export function skipAfter(memory: ProgramMemory, index: number): Skip | undefined {
  const { calls } = memory.program;
  const scan = calls[index]!;
  const at = memory.readerOf(index);
  if (at === undefined || calls[at]!.kernel !== 'webgpu/add' || !calls[at]!.inputs.every(isContiguous)) {
    return undefined;
  }
  const [y] = scan.outputs as [Operand];
  const isScanned = ({ buffer, offset }: Operand): boolean => buffer === y.buffer && offset === y.offset;
  const [a, b] = calls[at]!.inputs as [Operand, Operand];
  if (isScanned(a) === isScanned(b)) return undefined;
  const product = madeBy(memory, at, isScanned(a) ? b : a, 'webgpu/mul');
  if (product === undefined) return undefined;
  const [x, skip] = calls[product]!.inputs as [Operand, Operand];
  if (!isSameWindow(x, scan.inputs[0]!) || skip.dtype !== 'f32') return undefined;
  return { members: [product, at], skip };
}

/** The convolution of one position whose output the scan at `index` takes apart into x, B and C. */
export function convolutionBefore(memory: ProgramMemory, index: number): number | undefined {
  const { calls } = memory.program;
  const [x, , , B, C] = calls[index]!.inputs as [Operand, Operand, Operand, Operand, Operand];
  const [, H, P] = x.shape as [number, number, number];
  const [, G, N] = B.shape as [number, number, number];
  const range = memory.rangeOf(x);
  let at: number | undefined = index - 1;
  while (at >= 0 && !memory.accesses[at]!.writes.some((write) => overlap(write, range))) at -= 1;
  if (at < 0) at = undefined;
  const convolution = at === undefined ? undefined : calls[at]!;
  if (at === undefined || convolution?.kernel !== 'webgpu/causal-conv') return undefined;
  const [made] = convolution.outputs as [Operand];
  const [, time, channels] = made.shape as [number, number, number];
  const isSplit =
    time === 1 &&
    channels === H * P + 2 * G * N &&
    isPartOf(x, made, { offset: 0, strides: [channels, P, 1] }) &&
    isPartOf(B, made, { offset: H * P, strides: [channels, N, 1] }) &&
    isPartOf(C, made, { offset: H * P + G * N, strides: [channels, N, 1] });
  const isSingle = [...convolution.inputs.slice(0, 4), ...convolution.outputs].every(
    ({ dtype }) => dtype === 'f32',
  );
  return isSplit && isSingle ? at : undefined;
}

function madeBy(memory: ProgramMemory, index: number, operand: Operand, kernel: string): number | undefined {
  const at = memory.producerOf(index, operand);
  return at !== undefined && memory.program.calls[at]!.kernel === kernel && isContiguous(operand)
    ? at
    : undefined;
}

/** Whether two operands are the same elements in the same order, up to axes of extent 1. */
function isSameWindow(a: Operand, b: Operand): boolean {
  const axes = ({ shape, strides }: Operand): string =>
    shape.flatMap((extent, axis) => (extent === 1 ? [] : [`${extent}:${strides[axis]}`])).join();
  return a.buffer === b.buffer && a.offset === b.offset && axes(a) === axes(b);
}
