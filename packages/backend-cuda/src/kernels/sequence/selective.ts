import { byteLengthOf, type OpCall, type Operand } from '@hybra/spec';
import type { CudaKernel } from '../../kernel.js';
import { typed } from '../../launch/dtype-code.js';
import { carryOver, i64, pointer, u32 } from '../../launch/launch.js';
import { takesWindows } from '../../launch/windows.js';
import { floats, isAllF32, refusal, unsupported } from '../accept.js';

const channels = 32;
const lanes = 4;
/** Largest state that four lanes keep in registers. */
const maxState = 64;

/** Mamba-1 over a sequence, states in registers from the first position to the last, in place in the pool. */
export const selectiveScanKernel: CudaKernel = selectiveKernel('cuda/selective-scan', 'selectiveScan');

/** One step of Mamba-1; states are updated in place. */
export const selectiveStepKernel: CudaKernel = selectiveKernel('cuda/selective-step', 'selectiveStep');

function selectiveKernel(name: string, op: 'selectiveScan' | 'selectiveStep'): CudaKernel {
  const isStep = op === 'selectiveStep';
  const inner = isStep ? 1 : 2;
  return {
    name,
    op,
    supports: (call) => {
      const refused = refusal(call, [floats, floats, floats, floats, floats, floats, ['i32']]);
      if (refused) return refused;
      const N = stateSize(call);
      if (N > maxState) return unsupported(`${op}: state of ${N}, more than ${maxState}`);
      return {
        supported: true,
        acceptsStrided: takesWindows(call, { 0: inner, 1: inner, 3: inner, 4: inner }),
        inPlace: [[1, 5]],
      };
    },
    plan: (call) => {
      const [x, dt, A, B, C, states, slots] = call.inputs as readonly Operand[];
      const [y, newStates] = call.outputs as [Operand, Operand];
      const batch = x!.shape[0]!;
      const time = isStep ? 1 : x!.shape[1]!;
      const width = x!.shape.at(-1)!;
      const carry = carryOver(states!, newStates, byteLengthOf(states!));
      if (batch * width === 0) return carry;
      const perLane = stateSize(call) <= 4 * lanes ? 4 : 16;
      const strides = [x!, dt!, B!, C!].flatMap((operand) => [
        i64(operand.strides[0]!),
        i64(isStep ? 0 : operand.strides[1]!),
      ]);
      return [
        ...carry,
        {
          kind: 'kernel',
          module: 'selective-scan',
          entry: `selective_scan_${isAllF32([...call.inputs.slice(0, 6), y]) ? 'f32' : 'any'}_${perLane}`,
          grid: [Math.ceil(width / channels), batch, 1],
          block: channels * lanes,
          parameters: [
            ...[x!, dt!, A!, B!, C!, states!].flatMap(typed),
            pointer(slots),
            ...typed(y),
            ...typed(newStates),
            ...[batch, time, width, stateSize(call), states!.shape[0]!, 0].map(u32),
            ...strides,
          ],
        },
      ];
    },
  };
}

function stateSize(call: OpCall): number {
  return call.inputs[2]!.shape[1]!;
}
