import type { Program } from '@hybra/spec';
import type { BuildContext, DeviceFacts, Parameter, WebGpuKernel } from '../kernel.js';
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
 * Builds the dispatches of every call and compiles their shaders side by side.
 * @throws E_UNSUPPORTED_OP
 */
export async function prepareDispatches(
  program: Program,
  kernels: readonly WebGpuKernel[],
  facts: DeviceFacts,
  cache: PipelineCache,
  onProgress: ((done: number, total: number) => void) | undefined,
): Promise<readonly PreparedDispatch[]> {
  const planned = program.calls.flatMap((call, index) => {
    const context: BuildContext = {
      facts,
      isInPlace: (output, input) => call.outputs[output]!.buffer === call.inputs[input]!.buffer,
    };
    return kernels[index]!.build(call, context)
      .filter(({ workgroups }) => workgroups.every((count) => count > 0))
      .map((dispatch) => ({ index, dispatch, shader: shaderOf(call, dispatch), kernel: kernels[index]! }));
  });
  let done = 0;
  return Promise.all(
    planned.map(async ({ index, dispatch, shader, kernel }) => {
      const isWritten = shader.ranges.map((range) => range.isWritten);
      const pipeline = await cache.get(kernel.name, shader.code, isWritten);
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
