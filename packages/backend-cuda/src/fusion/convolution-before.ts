import { type FusedAccess, isContiguous, type Operand, overlap, type ProgramMemory } from '@hybra/spec';
import { causalConv1dKernel } from '../kernels/sequence/causal-conv.js';
import type { Launch } from '../launch/launch.js';
import type { ConvStep } from '../launch/step.js';

/** The convolution of one position that makes what a recurrence reads. */
export interface Convolution {
  readonly at: number;
  readonly launch: Launch;
  readonly step: ConvStep;
  readonly reads: readonly FusedAccess[];
  readonly writes: readonly (FusedAccess & { readonly over?: Operand | undefined })[];
  readonly dropped: FusedAccess;
}

/**
 * The convolution before call `index` that these windows are parts of: x, then B and C in order, of every head and
 * group side by side.
 */
export function convolutionBefore(
  memory: ProgramMemory,
  index: number,
  windows: { readonly x: Operand; readonly B: Operand; readonly C: Operand },
): Convolution | undefined {
  const { calls } = memory.program;
  const { x, B, C } = windows;
  const range = memory.rangeOf(x);
  let at = index - 1;
  while (at >= 0 && !memory.accesses[at]!.writes.some((write) => overlap(write, range))) at -= 1;
  const call = calls[at];
  if (call?.kernel !== causalConv1dKernel.name) return undefined;
  const launches = causalConv1dKernel.plan(call);
  const [launch] = launches;
  const step = launch?.kind === 'kernel' && launch.step?.op === 'conv' ? launch.step : undefined;
  if (launches.length !== 1 || !launch || !step) return undefined;
  const [H, P] = x.shape.slice(-2) as [number, number];
  const [G, N] = B.shape.slice(-2) as [number, number];
  const [made, newTails] = call.outputs as [Operand, Operand];
  const starts = [0, H * P, H * P + G * N];
  const areParts = [x, B, C].every(
    (part, place) =>
      part.buffer === made.buffer &&
      part.offset === made.offset + starts[place]! &&
      isContiguous({ shape: part.shape.slice(1), strides: part.strides.slice(1) }),
  );
  const areWords = [step.x, step.tails, step.bias, step.weight].every(({ offset }) => offset % 4 === 0);
  if (
    !areParts ||
    !areWords ||
    step.taps !== 4 ||
    step.channels !== H * P + 2 * G * N ||
    step.channels % 4 !== 0
  )
    return undefined;
  return {
    at,
    launch,
    step,
    reads: call.inputs.map((operand) => ({ at, operand })),
    writes: [
      { at, operand: made },
      { at, operand: newTails, over: call.inputs[3] },
    ],
    dropped: { at, operand: made },
  };
}
