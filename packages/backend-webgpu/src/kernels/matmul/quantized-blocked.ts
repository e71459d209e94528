import type { OpCall } from '@hybra/spec';
import type { WebGpuKernel } from '../../kernel.js';
import { floats, refusal, unsupported } from '../accept.js';
import { blockedDispatches, blockedSupport } from './blocked.js';
import { formatOfCodes, sizesOfCodes } from './quantized-plan.js';

/** Many rows times a quantised matrix: codes are widened and scaled when a tile is loaded. */
export const quantizedBlockedKernel: WebGpuKernel = {
  name: 'webgpu/quantized-blocked',
  op: 'quantizedMatmul',
  splitInput: 1,
  supports: (call, facts) => {
    const [x, codes] = call.inputs as [OpCall['inputs'][0], OpCall['inputs'][0]];
    if (codes.offset !== 0 || codes.strides[0] !== codes.shape[1]) {
      return unsupported('quantized-blocked: codes that are a part of a larger matrix');
    }
    return (
      refusal(call, [floats, ['i8', 'u8'], floats], [floats]) ??
      blockedSupport(
        call,
        formatOfCodes(call),
        sizesOfCodes(call),
        { aK: x.strides[1]!, bK: codes.strides[1]! },
        facts,
      )
    );
  },
  build: (call, { facts }) => blockedDispatches(call.inputs, formatOfCodes(call), sizesOfCodes(call), facts),
};
