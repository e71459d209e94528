import { byteSize, type Operand } from '@hybra/spec';
import { f32, type Parameter, type Place, placeOf, pointer, pointerTo, u32 } from '../launch/launch.js';
import type { ConvStep, ElementAction, ElementsStep, ProductStep, SsdStep, Step } from '../launch/step.js';

/** Sizes of native/step.cuh. */
const pointers = 13;
const words = 10;
export const warpsPerBlock = 16;
/** Codes of native/step.cuh and native/persistent-elements.cuh. */
const ops = { product: 0, ssd: 1, tails: 2, rider: 3, elements: 4 } as const;
const kinds = { bf16: 0, q8: 1, q4: 2 } as const;
const prologues = { none: 0, rms: 1, gated: 2 } as const;
const actions: Readonly<Record<ElementAction, number>> = {
  move1: 0,
  move2: 1,
  move4: 2,
  move8: 3,
  select1: 4,
  select4: 5,
  fill1: 6,
  fill4: 7,
  iotaI32: 8,
  addWord: 9,
  lessI32: 10,
  equalI32: 11,
  or: 12,
  boolToI32: 13,
  bf16ToF32: 14,
  gather2: 15,
  gather4: 16,
  scatterAddI32: 17,
};
const waitsForAll = 0x100;
/** Most rows of a state that a warp takes: `mostRows` of native/persistent-ssd.cuh. */
const mostStateRows = 4;
/** Bytes of codes in a slot of native/weight-ring.cuh, and bytes that a warp reads at a time. */
const codeRoom = 2560;
const lineBytes = 512;
/** Up to as many elements are the last block's alone. */
export const fewElements = 1024;

/** The struct `Step` of native/step.cuh, field by field. */
export type EncodedStep = readonly Parameter[];

/**
 * A step as the kernel reads it; nothing for a convolution, which is part of the step after it.
 * @param isWaiting whether every block has to have ended what stands before
 * @param workers warps of the whole grid
 */
export function encodeStep(step: Step, isWaiting: boolean, workers: number): EncodedStep | undefined {
  switch (step.op) {
    case 'product':
      return encodeProduct(step, isWaiting, workers);
    case 'ssd':
      return encodeSsd(step, isWaiting, workers);
    case 'conv':
      return undefined;
    case 'elements':
      return encodeElements(step, isWaiting);
  }
}

/**
 * How a convolution's tails move on, once every block has convolved: by warps of the product before it in the list
 * that have nothing else to do (a rider), or as a step that waits.
 */
export function encodeTails(convolution: ConvStep, isRider: boolean): EncodedStep {
  const { x, tails, slots, lengths, channels, slotCount } = convolution;
  return encoded(
    isRider ? ops.rider : ops.tails,
    !isRider,
    [x, tails, slots, lengths].map(pointer),
    [channels, 0, slotCount].map(u32),
  );
}

/**
 * The head of the list and its steps, each product told where the next one is.
 * @returns the struct `Steps` of native/step.cuh without what is zero at its end
 */
export function encodeList(steps: readonly EncodedStep[]): readonly Parameter[] {
  const opAt = pointers;
  const nextAt = pointers + 6;
  const all: Parameter[] = [];
  let next = steps.length;
  for (let index = steps.length - 1; index >= 0; index--) {
    const fields = [...steps[index]!];
    const first = fields[opAt]!;
    if (first.kind === 'u32' && (first.value & 0xff) === ops.product) {
      fields[nextAt] = u32(next);
      next = index;
    }
    all.unshift(...fields);
  }
  return [u32(steps.length), u32(next), ...all];
}

/** Whether warps take few enough rows of the state each, and the same of every head. */
export function stateRows(step: SsdStep, workers: number): number | undefined {
  const [heads, size] = step.x.shape.slice(-2) as [number, number];
  const least = Math.ceil((heads * size) / workers);
  return [1, 2, mostStateRows].find((rows) => rows >= least && size % rows === 0);
}

function encodeProduct(step: ProductStep, isWaiting: boolean, workers: number): EncodedStep {
  const { weight } = step;
  const quantized = weight.kind === 'bf16' ? undefined : weight;
  const rowBytes = (step.K * { bf16: 16, q8: 8, q4: 4 }[weight.kind]) / 8;
  const rows = step.N >= 2 * workers && 2 * rowBytes <= codeRoom ? 2 : 1;
  const pieces = Math.ceil(rowBytes / codeRoom);
  const segmentBytes = rows === 2 ? codeRoom : Math.ceil(rowBytes / pieces / lineBytes) * lineBytes;
  const form =
    kinds[weight.kind] | (rows << 4) | (prologues[step.prologue] << 8) | (step.isGatedFirst ? 1 << 12 : 0);
  return encoded(
    ops.product,
    isWaiting,
    [
      step.x,
      weight.codes,
      quantized?.scales,
      quantized?.zeros,
      step.y,
      step.residual,
      step.gate,
      step.normWeight,
    ].map(pointer),
    [
      ...[step.N, step.K, step.groupWidth].map(u32),
      f32(step.epsilon),
      // The next product is known when the list is whole.
      ...[form, 0, Math.ceil(step.N / rows), segmentBytes].map(u32),
    ],
  );
}

function encodeSsd(step: SsdStep, isWaiting: boolean, workers: number): EncodedStep {
  const { x, weight, bias, tails, slots, channels, slotCount, isSilu } = step.convolution!;
  const [H, P] = step.x.shape.slice(-2) as [number, number];
  const G = step.B.shape.at(-2)!;
  const isHalf = step.states.dtype === 'bf16';
  const flags = (isSilu ? 1 : 0) | (isHalf ? 2 : 0) | (stateRows(step, workers)! << 8);
  return encoded(
    ops.ssd,
    isWaiting,
    [
      ...[x, weight, bias, tails, slots, step.bias, step.A, step.skip, step.states].map(pointer),
      ...[step.valid, step.otherwise, step.y, step.dt].map(pointer),
    ],
    [...[H, P, G, channels, slotCount].map(u32), f32(step.low), f32(step.high), u32(0), u32(flags)],
  );
}

function encodeElements(step: ElementsStep, isWaiting: boolean): EncodedStep {
  const strides = [0, 1, 2].map((input) => u32((step.strides[input] ?? 0) >>> 0));
  return encoded(
    ops.elements,
    isWaiting,
    [pointerTo(outputPlace(step.y, step.from)), ...step.inputs.map(pointer)],
    [
      u32(actions[step.action]),
      u32(step.count),
      ...strides,
      u32(step.numbers[0] >>> 0),
      u32(step.numbers[1] >>> 0),
      u32(step.count <= fewElements ? 1 : 0),
    ],
  );
}

function outputPlace(y: Operand, from: number): Place {
  const { buffer, byteOffset } = placeOf(y);
  return { buffer, byteOffset: byteOffset + from * byteSize(y.dtype) };
}

function encoded(
  op: number,
  isWaiting: boolean,
  addresses: readonly Parameter[],
  numbers: readonly Parameter[],
): EncodedStep {
  const noPointers = Array.from({ length: pointers - addresses.length }, () => pointerTo(undefined));
  const noWords = Array.from({ length: words - 1 - numbers.length }, () => u32(0));
  return [...addresses, ...noPointers, u32(op | (isWaiting ? waitsForAll : 0)), ...numbers, ...noWords];
}
