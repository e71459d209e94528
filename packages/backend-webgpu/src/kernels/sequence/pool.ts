import type { OpCall, ProgramCall } from '@hybra/spec';
import type { BuildContext, Dispatch, WebGpuSupport } from '../../kernel.js';
import { floats, refusal } from '../accept.js';
import { copiesInput } from '../array/write-rows.js';

/** Index of the state pool among the inputs of scans and steps. */
export const states = 5;

/** The answer of scans and steps: x, dt, A, states and y in float32, B and C in any float. */
export function scanSupport(call: OpCall, scratchBytes = 0): WebGpuSupport {
  const single = ['f32'] as const;
  return (
    refusal(call, [single, single, single, floats, floats, single, ['i32']], [single]) ?? {
      supported: true,
      acceptsStrided: true,
      inPlace: [[1, states]],
      ...(scratchBytes > 0 && { scratchBytes }),
    }
  );
}

/**
 * The copy of the pool that a call starts with unless it works in place. Shaders then read and write output 1
 * alone: that is one binding less, and some devices have no more than eight.
 */
export function poolCopy(call: ProgramCall, context: BuildContext): readonly Dispatch[] {
  return context.isInPlace(1, states) ? [] : copiesInput(call, states, 1);
}

/** Numbers as parameters of type u32. */
export function counts(values: Readonly<Record<string, number>>): Dispatch['parameters'] {
  return Object.entries(values).map(([name, value]) => ({ name, type: 'u32', value }));
}

/** The head of an entry point that numbers its invocations. */
export const gridMain = (workgroupSize: number): string => `@compute @workgroup_size(${workgroupSize})
fn main(@builtin(workgroup_id) g: vec3<u32>, @builtin(num_workgroups) n: vec3<u32>,
        @builtin(local_invocation_index) l: u32) {
  let group = g.y * n.x + g.x;`;
