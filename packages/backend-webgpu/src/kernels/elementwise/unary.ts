import { elementCount, type OpName } from '@hybra/spec';
import type { WebGpuKernel } from '../../kernel.js';
import { mapDispatch } from '../../wgsl/map.js';
import { elementwiseInPlace, floats, refusal } from '../accept.js';

const expressions = {
  neg: '-x',
  abs: 'abs(x)',
  exp: 'exp_f(x)',
  expm1: 'expm1_f(x)',
  log: 'log_f(x)',
  log1p: 'log1p_f(x)',
  sin: 'sine_octants(x, 0u)',
  cos: 'sine_octants(x, 1u)',
  tanh: 'tanh_f(x)',
  erf: 'erf_f(x)',
  sqrt: 'select(sqrt(x), not_a_number(), x < 0.0)',
  reciprocal: '1.0 / x',
  floor: 'floor(x)',
  silu: 'silu_f(x)',
  softplus: 'softplus_f(x)',
} as const satisfies Partial<Record<OpName, string>>;

const onIntegers: readonly OpName[] = ['neg', 'abs'];

/** `webgpu/exp`, `webgpu/neg`, …: a function of each element. Take any strides, and work in place. */
export const unaryKernels: readonly WebGpuKernel[] = Object.entries(expressions).map(([op, expression]) =>
  unaryKernel(op as OpName, () => expression),
);

/** GELU (Hendrycks & Gimpel 2016), by erf or by their approximation with tanh. */
export const geluKernel: WebGpuKernel = unaryKernel('gelu', (attributes) =>
  attributes.approximate === 'tanh' ? 'gelu_tanh_f(x)' : 'gelu_f(x)',
);

function unaryKernel(
  op: OpName,
  expression: (attributes: Readonly<Record<string, unknown>>) => string,
): WebGpuKernel {
  const accepted = onIntegers.includes(op) ? [...floats, 'i32' as const] : floats;
  return {
    name: `webgpu/${op}`,
    op,
    supports: (call) =>
      refusal(call, [accepted]) ?? {
        supported: true,
        acceptsStrided: true,
        inPlace: elementwiseInPlace(call, [0]),
      },
    build: (call) => {
      const { dtype, shape } = call.outputs[0]!;
      const type = dtype === 'i32' ? 'i32' : 'f32';
      return [
        mapDispatch({
          operands: [{ name: 'x', place: { kind: 'input', index: 0 }, view: 'number' }],
          output: { index: 0, dtype, count: elementCount(shape) },
          code: `fn element(i: u32) -> ${type} { let x = load_x(i); return ${expression(call.attributes)}; }`,
        }),
      ];
    },
  };
}
