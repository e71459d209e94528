import { type Program, type ProgramCall, ProgramMemory } from '@hybra/spec';
import type { BuildContext, DeviceFacts, Dispatch, WebGpuKernel } from '../kernel.js';
import { fuseProduct } from './fuse-product.js';
import { fuseSmall } from './fuse-small.js';
import { fuseSsdStep } from './fuse-ssd-step.js';
import type { Fuser, FusionContext } from './fusion.js';

/** Dispatches that compute one call, or several in the place of the last of them. */
export interface PlannedCall {
  /** Index of the call in the program. */
  readonly index: number;
  /** What the dispatches' places refer to. */
  readonly call: ProgramCall;
  readonly label: string;
  readonly dispatches: readonly Dispatch[];
}

/** Each sees what those before it left. */
const fusers: readonly Fuser[] = [fuseSsdStep, fuseProduct];

/** The dispatches of every call, in order; a call that is computed with a later one has none. */
export function planProgram(
  program: Program,
  kernels: readonly WebGpuKernel[],
  facts: DeviceFacts,
  isFusing: boolean,
): readonly PlannedCall[] {
  const taken = new Set<number>();
  const fused = new Map<number, PlannedCall>();
  if (isFusing && program.calls.length > 1) {
    const context: FusionContext = {
      program,
      memory: new ProgramMemory(program),
      facts,
      isTaken: (index) => taken.has(index),
    };
    for (const fuse of fusers) {
      for (const index of program.calls.keys()) {
        if (taken.has(index)) continue;
        const fusion = fuse(context, index);
        if (!fusion || fusion.members.some((member) => taken.has(member))) continue;
        for (const member of fusion.members) taken.add(member);
        const at = Math.max(...fusion.members);
        fused.set(at, {
          index: at,
          call: fusion.call,
          label: fusion.call.kernel,
          dispatches: fusion.dispatches,
        });
      }
    }
  }
  const planned = program.calls.flatMap((call, index): readonly PlannedCall[] => {
    const planned = fused.get(index);
    if (planned) return [planned];
    if (taken.has(index)) return [];
    const context: BuildContext = {
      facts,
      isInPlace: (output, input) => call.outputs[output]!.buffer === call.inputs[input]!.buffer,
    };
    return [{ index, call, label: call.kernel, dispatches: kernels[index]!.build(call, context) }];
  });
  // Shaders of their own for small calls are worth their compilation in programs of a model's step, which have others.
  return fused.size > 0 ? fuseSmall(program, planned, facts) : planned;
}
