import { byteLengthOf, byteSize, type OpCall, type Operand, type ProgramCall } from '@hybra/spec';
import type { CudaKernel } from '../../kernel.js';
import { typed } from '../../launch/dtype-code.js';
import { carryOver, f32, i64, type Launch, type Parameter, pointer, u32 } from '../../launch/launch.js';
import type { SsdStep } from '../../launch/step.js';
import { takesWindows } from '../../launch/windows.js';
import { floats, isAllF32, refusal, unsupported } from '../accept.js';

/** What a Mamba-2 layer does around its recurrence, done with it: see native/ssd-sizes.cuh. */
export interface SsdAround {
  readonly bias?: Operand;
  readonly valid?: Operand;
  /** dt where `valid` does not hold. */
  readonly otherwise?: Operand;
  readonly skip?: Operand;
  readonly low?: number;
  readonly high?: number;
}

const lanes = 4;
const maxRows = 64;
const stage = 32;
/** Largest state that four lanes keep in registers. */
const maxState = 256;
const multiprocessors = 132;
/** Largest state of the chunked kernel, its positions per chunk and its rows of a head per block. */
const maxChunkState = 128;
const chunk = 64;
/** Pieces of bfloat16 that make a float32. */
const pieces = 3;

const inputDtypes = [floats, floats, floats, floats, floats, floats, ['i32']] as const;

/** One step of Mamba-2 (Dao & Gu 2024, eq. 16); states are updated in place. */
export const ssdStepKernel: CudaKernel = {
  name: 'cuda/ssd-step',
  op: 'ssdStep',
  supports: (call) =>
    refusal(call, inputDtypes) ?? {
      supported: true,
      acceptsStrided: takesWindows(call, { 0: 1, 1: 1, 3: 1, 4: 1 }),
      inPlace: [[1, 5]],
    },
  plan: (call) => planSsdStep(call),
};

/** Mamba-2 over a sequence as the chunked algorithm on the tensor cores, in place in the pool. */
export const ssdChunksKernel: CudaKernel = {
  name: 'cuda/ssd-chunks',
  op: 'ssdChunkScan',
  supports: (call) => {
    const refused = refusal(call, inputDtypes);
    if (refused) return refused;
    const N = call.inputs[3]!.shape[3]!;
    if (N > maxChunkState) return unsupported(`ssd-chunks: state of ${N}, more than ${maxChunkState}`);
    return {
      supported: true,
      acceptsStrided: takesWindows(call, { 0: 2, 1: 2, 3: 2, 4: 2 }),
      inPlace: [[1, 5]],
    };
  },
  plan: (call) => planSsdChunks(call),
};

/** Mamba-2 over a sequence as its recurrence, states in registers from the first position to the last, in place in the pool. */
export const ssdScanKernel: CudaKernel = {
  name: 'cuda/ssd-scan',
  op: 'ssdChunkScan',
  supports: (call) => {
    const refused = refusal(call, inputDtypes);
    if (refused) return refused;
    const N = call.inputs[3]!.shape[3]!;
    if (N > maxState) return unsupported(`ssdChunkScan: state of ${N}, more than ${maxState}`);
    return {
      supported: true,
      acceptsStrided: takesWindows(call, { 0: 2, 1: 2, 3: 2, 4: 2 }),
      inPlace: [[1, 5]],
    };
  },
  plan: (call) => planSsdScan(call),
};

/** B, T, H, P, G, N and slots of either op. */
export function sizesOf(call: OpCall): readonly [number, number, number, number, number, number, number] {
  const [x, , , b, , states] = call.inputs;
  const isStep = x!.shape.length === 3;
  const [B, T] = isStep ? [x!.shape[0]!, 1] : (x!.shape as [number, number]);
  const [H, P] = x!.shape.slice(-2) as [number, number];
  const [G, N] = b!.shape.slice(-2) as [number, number];
  return [B, T, H, P, G, N, states!.shape[0]!];
}

/** Parameters of every kernel of Mamba-2. */
export function parametersOf(call: ProgramCall, around: SsdAround, y: Operand): readonly Parameter[] {
  const [x, dt, A, B, C, states, slots] = call.inputs as readonly Operand[];
  const isStep = x!.shape.length === 3;
  const strides = [x!, dt!, B!, C!].flatMap((operand) => [
    i64(operand.strides[0]!),
    i64(isStep ? 0 : operand.strides[1]!),
  ]);
  return [
    ...[x!, dt!, A!, B!, C!, states!].flatMap(typed),
    pointer(slots),
    ...typed(y),
    ...typed(call.outputs[1]!),
    ...sizesOf(call).map(u32),
    u32(0),
    ...strides,
    pointer(around.bias),
    pointer(around.valid),
    pointer(around.otherwise),
    pointer(around.skip),
    f32(around.low ?? 0),
    f32(around.high ?? Number.POSITIVE_INFINITY),
  ];
}

/** Launches of one step; `around` and another output `y` come from a fusion. */
export function planSsdStep(
  call: ProgramCall,
  around: SsdAround = {},
  y = call.outputs[0]!,
): readonly Launch[] {
  const states = call.inputs[5]!;
  const [B, , H, P, , N] = sizesOf(call);
  const carry = carryOver(states, call.outputs[1]!, byteLengthOf(states));
  const rows = B * H * P;
  if (rows === 0) return carry;
  const isAligned = [states, call.outputs[1]!].every(
    (operand) => (operand.offset * byteSize(operand.dtype)) % 16 === 0,
  );
  const isFast = isAllF32([...call.inputs.slice(0, 6), y]) && (isAligned || N % 128 !== 0);
  const isMany =
    isAllF32([...call.inputs.slice(0, 5), y]) &&
    isAligned &&
    (states.dtype === 'f32' || states.dtype === 'bf16') &&
    N === persistentState &&
    P % rowsOfWarp === 0 &&
    rows >= rowsOfWarp * manyWarps;
  const rowsPerBlock = isMany ? manyWarpsOfBlock * rowsOfWarp : 4;
  return [
    ...carry,
    {
      kind: 'kernel',
      module: 'ssd-step',
      entry: isMany ? `ssd_step_rows_${states.dtype}` : isFast ? 'ssd_step_f32' : 'ssd_step_any',
      grid: [Math.ceil(rows / rowsPerBlock), 1, 1],
      block: isMany ? manyWarpsOfBlock * 32 : 128,
      parameters: parametersOf(call, around, y),
      step: ssdStepOf(call, around, y),
    },
  ];
}

/** Rows of a state that a warp takes where there are many, warps of such a block, and fewest warps that fill the GPU. */
const rowsOfWarp = 8;
const manyWarpsOfBlock = 8;
const manyWarps = 2 * multiprocessors * manyWarpsOfBlock;
/** Elements of a state row that a warp of these kernels, and of the persistent one, holds. */
const persistentState = 128;

/** The step for the persistent kernel: one row, in place. */
function ssdStepOf(call: ProgramCall, around: SsdAround, y: Operand): SsdStep | undefined {
  const [x, dt, A, B, C, , slots] = call.inputs as readonly Operand[];
  const states = call.outputs[1]!;
  const [batch, , , , , N] = sizesOf(call);
  const isWide = [x!, dt!, A!, B!, C!, y].every(({ dtype }) => dtype === 'f32');
  const areWords = [B!, C!, states].every(({ offset }) => offset % 4 === 0);
  const isStored = states.dtype === 'f32' || states.dtype === 'bf16';
  if (batch !== 1 || N !== persistentState || !isWide || !areWords || !isStored) return undefined;
  const { bias, valid, otherwise, skip, low = 0, high = Number.POSITIVE_INFINITY } = around;
  return {
    op: 'ssd',
    ...{ x: x!, dt: dt!, A: A!, B: B!, C: C!, states, slots: slots!, y },
    ...{ bias, valid, otherwise, skip, low, high },
  };
}

/** Launches of one scan by chunks; `around` and another output `y` come from a fusion. */
export function planSsdChunks(
  call: ProgramCall,
  around: SsdAround = {},
  y = call.outputs[0]!,
): readonly Launch[] {
  const [x, , , maps, otherMaps, states] = call.inputs as readonly Operand[];
  const [B, , H, P, , N] = sizesOf(call);
  const carry = carryOver(states!, call.outputs[1]!, byteLengthOf(states!));
  if (B * H * P === 0) return carry;
  const width = N <= chunk ? chunk : maxChunkState;
  // Two float32 neighbours are read at once.
  const arePairs = [x!, maps!, otherMaps!].every(
    (operand) => operand.offset % 2 === 0 && operand.strides.slice(0, 2).every((stride) => stride % 2 === 0),
  );
  const isFast = isAllF32([...call.inputs.slice(0, 6), y]) && arePairs && P % 2 === 0 && N % 2 === 0;
  return [
    ...carry,
    {
      kind: 'kernel',
      module: 'ssd-chunks',
      entry: `ssd_chunks_${isFast ? 'f32' : 'any'}_${pieces}_${width}`,
      grid: [Math.ceil(P / chunk), H, B],
      block: 256,
      sharedBytes: pieces * 2 * chunk * (3 * width + 2 * chunk),
      parameters: parametersOf(call, around, y),
    },
  ];
}

/** Launches of one scan; `around` and another output `y` come from a fusion. */
export function planSsdScan(
  call: ProgramCall,
  around: SsdAround = {},
  y = call.outputs[0]!,
): readonly Launch[] {
  const states = call.inputs[5]!;
  const [B, , H, P, , N] = sizesOf(call);
  const carry = carryOver(states, call.outputs[1]!, byteLengthOf(states));
  if (B * H * P === 0) return carry;
  const perLane = [4, 8, 16, 32, 64].find((count) => count * lanes >= N)!;
  // Fewer rows a block where there are too few heads to fill the device.
  let rows = maxRows;
  while (rows > 8 && (rows / 2 >= P || B * H * Math.ceil(P / rows) < multiprocessors)) rows /= 2;
  return [
    ...carry,
    {
      kind: 'kernel',
      module: 'ssd-scan',
      entry: `ssd_scan_${isAllF32([...call.inputs.slice(0, 6), y]) ? 'f32' : 'any'}_${perLane}`,
      grid: [Math.ceil(P / rows), H, B],
      block: rows * lanes,
      sharedBytes: 4 * stage * (2 * perLane * lanes + 2 * maxRows),
      parameters: parametersOf(call, around, y),
    },
  ];
}
