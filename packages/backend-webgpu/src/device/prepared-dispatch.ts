import type { Program } from '@hybra/spec';
import type { PlannedCall } from '../fusion/plan-program.js';
import type { Parameter } from '../kernel.js';
import { type BoundRange, shaderOf } from '../wgsl/shader.js';
import type { Pipeline, PipelineCache } from './pipeline-cache.js';
import { spreadWorkgroups } from './spread-workgroups.js';

/** A dispatch of a program with its shader compiled. */
export interface PreparedDispatch {
  /** Index of the call in the program. */
  readonly call: number;
  readonly pipeline: Pipeline;
  readonly ranges: readonly BoundRange[];
  readonly parameters: readonly Parameter[];
  readonly workgroups: readonly [number, number, number];
}

/**
 * Compiles the shaders of planned calls side by side.
 * @throws E_UNSUPPORTED_OP
 */
export async function prepareDispatches(
  program: Program,
  calls: readonly PlannedCall[],
  cache: PipelineCache,
  onProgress: ((done: number, total: number) => void) | undefined,
): Promise<readonly PreparedDispatch[]> {
  const isSameMemory = (a: number, b: number): boolean => {
    const [one, other] = [program.buffers[a]!.location, program.buffers[b]!.location];
    if (one.kind === 'binding') return other.kind === 'binding' && one.index === other.index;
    return other.kind === 'arena' && one.segment === other.segment;
  };
  const planned = calls.flatMap(({ index, call, label, dispatches }) =>
    dispatches
      .filter(({ workgroups }) => workgroups.every((count) => count > 0))
      .map((dispatch) => ({ index, dispatch, label, shader: shaderOf(call, dispatch, isSameMemory) })),
  );
  let done = 0;
  return Promise.all(
    planned.map(async ({ index, dispatch, shader, label }) => {
      const isWritten = shader.ranges.map((range) => range.isWritten);
      const pipeline = await cache.get(label, shader.code, isWritten);
      onProgress?.(++done, planned.length);
      return {
        call: index,
        pipeline,
        ranges: shader.ranges,
        parameters: shader.parameters,
        workgroups: spreadWorkgroups(dispatch.workgroups),
      };
    }),
  );
}

const uniformAlignment = 256;

/** The parameters of all dispatches, each from a multiple of 256 bytes on. */
export function packParameters(dispatches: readonly PreparedDispatch[]): {
  readonly bytes: ArrayBuffer;
  readonly places: readonly { readonly offset: number; readonly size: number }[];
} {
  let end = 0;
  const places = dispatches.map(({ parameters }) => {
    const offset = end;
    const size = Math.ceil((parameters.length * 4) / 16) * 16;
    end += Math.ceil(size / uniformAlignment) * uniformAlignment;
    return { offset, size };
  });
  const bytes = new ArrayBuffer(Math.max(end, uniformAlignment));
  const view = new DataView(bytes);
  for (const [index, { parameters }] of dispatches.entries()) {
    for (const [member, { type, value }] of parameters.entries()) {
      const at = places[index]!.offset + member * 4;
      if (type === 'f32') view.setFloat32(at, value, true);
      else if (type === 'i32') view.setInt32(at, value, true);
      else view.setUint32(at, value, true);
    }
  }
  return { bytes, places };
}
