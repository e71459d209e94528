import { byteSize, type Operand } from '@hybra/spec';
import { f32, type Parameter, type Place, placeOf, pointer, pointerTo, u32 } from '../launch/launch.js';
import type { ConvStep, ElementAction, ElementsStep, ProductStep, SsdStep, Step } from '../launch/step.js';

/** Sizes of native/step.cuh. */
const pointers = 13;
const words = 10;
export const warpsPerBlock = 8;
/** Codes of native/step.cuh and native/persistent-elements.cuh. */
const ops = { product: 0, ssd: 1, elements: 2 } as const;
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
const mostStateRows = 8;
/** Most bytes of codes in a slot of native/weight-ring.cuh, and bytes that a warp reads at a time. */
const mostSlotCodes = 2560;
const lineBytes = 512;
/** A codes' bits over those of its share of a scale: blocks of 32 have a float16. */
const scaleShares = { bf16: 0, q8: 1 / 16, q4: 1 / 8 } as const;
/** Of a product's last word: the convolution ends in SiLU. */
const isSilu = 0x8000_0000;
/** Up to as many elements are the last block's alone. */
export const fewElements = 1024;

/** A step as the kernel reads it. */
export interface EncodedStep {
  /** The struct `Step` of native/step.cuh, field by field. */
  readonly fields: readonly Parameter[];
  /** What a product needs of a slot of the ring: bytes of codes, and of scales and of zero points. */
  readonly slot?: { readonly codes: number; readonly scales: number; readonly zeros: number };
}

/**
 * A step as the kernel reads it.
 * @param isWaiting whether every block has to have ended what stands before
 * @param workers warps of the whole grid
 * @param convolution what a product computes of some of its outputs, in their place
 */
export function encodeStep(
  step: Exclude<Step, ConvStep>,
  isWaiting: boolean,
  workers: number,
  convolution?: ConvStep,
): EncodedStep {
  switch (step.op) {
    case 'product':
      return encodeProduct(step, isWaiting, workers, convolution);
    case 'ssd':
      return encodeSsd(step, isWaiting, workers);
    case 'elements':
      return encodeElements(step, isWaiting);
  }
}

/**
 * The head of the list and its steps, each product told where the next one is, and the ring divided into slots that
 * hold what any of them needs.
 * @param warpBytes bytes of the ring that a warp has
 * @param mostSlots most slots of a warp
 * @returns the struct `Steps` of native/step.cuh without what is zero at its end
 */
export function encodeList(
  steps: readonly EncodedStep[],
  warpBytes: number,
  mostSlots: number,
): readonly Parameter[] {
  const nextAt = pointers + 6;
  const all: Parameter[] = [];
  let next = steps.length;
  for (let index = steps.length - 1; index >= 0; index--) {
    const { fields, slot } = steps[index]!;
    all.unshift(...(slot ? fields.with(nextAt, u32(next)) : fields));
    if (slot) next = index;
  }
  const most = (bytes: (slot: NonNullable<EncodedStep['slot']>) => number): number =>
    Math.ceil(Math.max(0, ...steps.map(({ slot }) => (slot ? bytes(slot) : 0))) / 16) * 16;
  const [codes, scales, zeros] = [
    most((slot) => slot.codes),
    most((slot) => slot.scales),
    most((slot) => slot.zeros),
  ];
  // Zero points lie behind as much room as scales have.
  const slotBytes = Math.max(16, codes + scales + (zeros > 0 ? scales : 0));
  const slots = Math.min(mostSlots, Math.floor(warpBytes / slotBytes));
  return [...[steps.length, next, slots, slotBytes, codes, scales].map(u32), ...all];
}

/** Whether warps take few enough rows of the state each, and the same of every head. */
export function stateRows(step: SsdStep, workers: number): number | undefined {
  const [heads, size] = step.x.shape.slice(-2) as [number, number];
  const least = Math.ceil((heads * size) / workers);
  return [1, 2, 4, mostStateRows].find((rows) => rows >= least && size % rows === 0);
}

/** Where a convolution's outputs are among a product's, and whether those are the product's as they are. */
export function convolvedFrom(product: ProductStep, { x, channels }: ConvStep): number | undefined {
  const from = x.offset - product.y.offset;
  const isPart = x.buffer === product.y.buffer && from >= 0 && from + channels <= product.N;
  return isPart && product.residual === undefined ? from : undefined;
}

function encodeProduct(
  step: ProductStep,
  isWaiting: boolean,
  workers: number,
  convolution?: ConvStep,
): EncodedStep {
  const { weight } = step;
  const quantized = weight.kind === 'bf16' ? undefined : weight;
  const rowBytes = (step.K * { bf16: 16, q8: 8, q4: 4 }[weight.kind]) / 8;
  const rows = step.N >= 2 * workers && 2 * rowBytes <= mostSlotCodes ? 2 : 1;
  const parts = rows === 2 ? 1 : Math.ceil(rowBytes / mostSlotCodes);
  const codes = parts === 1 ? rows * rowBytes : Math.ceil(rowBytes / lineBytes / parts) * lineBytes;
  const scales = Math.ceil(codes * scaleShares[weight.kind]);
  const form =
    kinds[weight.kind] |
    (rows << 4) |
    (prologues[step.prologue] << 8) |
    (step.isGatedFirst ? 1 << 12 : 0) |
    (parts << 16);
  const past = convolution && [
    convolution.weight,
    convolution.bias,
    convolution.tails,
    convolution.slots,
    convolution.lengths,
  ];
  const { fields } = encoded(
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
      ...(past ?? []),
    ].map(pointer),
    [
      ...[step.N, step.K, step.groupWidth].map(u32),
      f32(step.epsilon),
      // The next product is known when the list is whole.
      ...[form, 0].map(u32),
      ...(convolution
        ? [
            convolvedFrom(step, convolution)!,
            convolution.channels,
            (convolution.slotCount | (convolution.isSilu ? isSilu : 0)) >>> 0,
          ]
        : []
      ).map(u32),
    ],
  );
  return { fields, slot: { codes, scales, zeros: quantized?.zeros ? scales : 0 } };
}

function encodeSsd(step: SsdStep, isWaiting: boolean, workers: number): EncodedStep {
  const { x, slots, slotCount } = step.convolution!;
  const [H, P] = step.x.shape.slice(-2) as [number, number];
  const G = step.B.shape.at(-2)!;
  const flags = (step.states.dtype === 'bf16' ? 2 : 0) | (stateRows(step, workers)! << 8);
  return encoded(
    ops.ssd,
    isWaiting,
    [
      ...[x, slots, step.bias, step.A, step.skip, step.states].map(pointer),
      ...[step.valid, step.otherwise, step.y, step.dt].map(pointer),
    ],
    [...[H, P, G, slotCount].map(u32), f32(step.low), f32(step.high), u32(flags)],
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
  const first = u32(op | (isWaiting ? waitsForAll : 0));
  return { fields: [...addresses, ...noPointers, first, ...numbers, ...noWords] };
}
