import { byteLengthOf, type OpCall, type Operand, type ProgramCall } from '@hybra/spec';
import type { CudaKernel } from '../../kernel.js';
import { carryOver, type Launch } from '../../launch/launch.js';
import { takesWindows } from '../../launch/windows.js';
import { floats, refusal, unsupported } from '../accept.js';
import { parametersOf, type SsdAround, sizesOf } from './ssd.js';

const chunk = 64;
const panel = chunk * 128;
const maxState = 128;

/**
 * Mamba-2 over a sequence on Hopper's tensor cores, in place in the pool: see native/ssd-wgmma.cu.
 * @param pieces bfloat16 pieces of a float32 operand of a product: 3 give float32 arithmetic, 1 rounds. x, B and C that
 * are bfloat16 themselves are multiplied as such, with 1.
 */
export function wgmmaSsdKernel(pieces: 1 | 3): CudaKernel {
  return {
    name: pieces === 3 ? 'cuda/ssd-wgmma' : 'cuda/ssd-wgmma-rounded',
    op: 'ssdChunkScan',
    supports: (call) => {
      const refused = refusal(call, [floats, floats, floats, floats, floats, floats, ['i32']]);
      if (refused) return refused;
      const reason = refusalOf(call);
      if (reason !== undefined) return unsupported(`ssd-wgmma: ${reason}`);
      return {
        supported: true,
        acceptsStrided: takesWindows(call, { 0: 2, 1: 2, 3: 2, 4: 2 }),
        inPlace: [[1, 5]],
      };
    },
    plan: (call) => planWgmmaSsd(call, pieces),
  };
}

function refusalOf(call: OpCall): string | undefined {
  const [x, , , B, C] = call.inputs;
  const [P, N] = [x!.shape[3]!, B!.shape[3]!];
  if (N > maxState) return `state of ${N}, more than ${maxState}`;
  if (P % 8 !== 0 || N % 8 !== 0) return 'heads or states are no multiples of 8';
  if (x!.dtype !== B!.dtype || x!.dtype !== C!.dtype || x!.dtype === 'f16')
    return 'x, B and C of other dtypes';
  // Loads of 16 bytes.
  const word = x!.dtype === 'f32' ? 4 : 8;
  const isAligned = [x!, B!, C!].every(
    ({ offset, strides }) =>
      offset % word === 0 && strides.slice(0, 2).every((stride) => stride % word === 0),
  );
  return isAligned ? undefined : 'x, B or C is not aligned';
}

/** Launches of one scan; `around` and another output `y` come from a fusion. */
export function planWgmmaSsd(
  call: ProgramCall,
  pieces: 1 | 3,
  around: SsdAround = {},
  y = call.outputs[0]!,
): readonly Launch[] {
  const [x, , , , , states] = call.inputs as readonly Operand[];
  const [B, T, H, P, , N] = sizesOf(call);
  const carry = carryOver(states!, call.outputs[1]!, byteLengthOf(states!));
  if (B * T * H * P === 0) return carry;
  const count = x!.dtype === 'bf16' ? 1 : pieces;
  const width = N <= 64 ? 64 : maxState;
  const map = count * panel * (width / 64);
  const stages = count === 1 ? 3 : 1;
  return [
    ...carry,
    {
      kind: 'kernel',
      module: 'ssd-wgmma',
      entry: `ssd_wgmma_${x!.dtype}_${count}_${width}`,
      grid: [Math.ceil(P / chunk), H, B],
      block: 384,
      sharedBytes: stages * (2 * map + 2 * count * panel) + map + 1024,
      parameters: parametersOf(call, around, y),
    },
  ];
}
