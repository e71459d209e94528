import { elementCount } from '@hybra/spec';
import type { WebGpuKernel } from '../../kernel.js';
import { mapDispatch } from '../../wgsl/map.js';
import { floats, refusal } from '../accept.js';
import { numbers } from '../composite/row-dispatch.js';

/**
 * Rotary position embedding (Su et al. 2021, eq. 34): pair i of the first R dimensions turns by
 * position · inverseFrequencies[i]; the rest passes. Takes any strides. Angles beyond 8192 radians lose digits.
 */
export const ropeKernel: WebGpuKernel = {
  name: 'webgpu/rope',
  op: 'rope',
  supports: (call) =>
    refusal(call, [floats, ['i32'], ['f32']], [floats]) ?? { supported: true, acceptsStrided: true },
  build: (call) => {
    const { dtype, shape } = call.outputs[0]!;
    const [, , heads, width] = shape as [number, number, number, number];
    const isInterleaved = call.attributes.interleaved === true;
    return [
      mapDispatch({
        operands: [numbers('x', 0), numbers('positions', 1), numbers('frequencies', 2)],
        output: { index: 0, dtype, count: elementCount(shape) },
        parameters: [
          { name: 'width', type: 'u32', value: width },
          { name: 'token', type: 'u32', value: heads * width },
          { name: 'pairs', type: 'u32', value: call.inputs[2]!.shape[0]! },
        ],
        code: `fn element(i: u32) -> f32 {
  let d = i % p.width;
  let x = load_x(i);
  if (d >= 2u * p.pairs) { return x; }
  ${
    isInterleaved
      ? `let is_second = (d & 1u) == 1u;
  let pair = d / 2u;
  let partner = select(i + 1u, i - 1u, is_second);`
      : `let is_second = d >= p.pairs;
  let pair = d % p.pairs;
  let partner = select(i + p.pairs, i - p.pairs, is_second);`
  }
  let angle = f32(load_positions(i / p.token)) * load_frequencies(pair);
  let sine = sine_octants(angle, 0u);
  let cosine = sine_octants(angle, 1u);
  return x * cosine + load_x(partner) * select(-sine, sine, is_second);
}`,
      }),
    ];
  },
};
