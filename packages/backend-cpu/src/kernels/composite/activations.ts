import type { DType, OpCall, OpName } from '@hybra/spec';
import type { CpuKernel } from '../../kernel.js';
import { refusal } from '../accept.js';
import { binaryRun } from '../elementwise/binary.js';
import { unaryRun } from '../elementwise/unary.js';
import type { UnaryLoop } from '../elementwise/unary-loops.js';
import { elementwiseInPlace } from '../in-place.js';
import { withHalves } from '../with-halves.js';
import { activationLoops, swigluLoop } from './activation-loops.js';

const floats: readonly DType[] = ['f32', 'f64'];

/** `cpu/silu`, `cpu/softplus`, `cpu/gelu` and `cpu/swiglu`. They take any strides and work in place. */
export const activationKernels: readonly CpuKernel[] = [
  activation('silu', () => activationLoops.silu),
  activation('softplus', () => activationLoops.softplus),
  activation('gelu', (call) =>
    call.attributes.approximate === 'tanh' ? activationLoops.geluTanh : activationLoops.gelu,
  ),
  withHalves({
    name: 'cpu/swiglu',
    op: 'swiglu',
    supports: (call) =>
      refusal(call, { inputs: floats }) ?? {
        supported: true,
        acceptsStrided: true,
        inPlace: elementwiseInPlace(call, [0, 1]),
      },
    build: (call) => binaryRun(call, swigluLoop),
  }),
];

function activation(op: OpName, loop: (call: OpCall) => UnaryLoop): CpuKernel {
  return withHalves({
    name: `cpu/${op}`,
    op,
    supports: (call) =>
      refusal(call, { inputs: floats }) ?? {
        supported: true,
        acceptsStrided: true,
        inPlace: elementwiseInPlace(call, [0]),
      },
    build: (call) => unaryRun(call, loop(call)),
  });
}
