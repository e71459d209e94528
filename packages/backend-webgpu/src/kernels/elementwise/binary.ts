import { type DType, elementCount, type OpName } from '@hybra/spec';
import { storedDTypes, type WebGpuKernel } from '../../kernel.js';
import { loadType, numberType } from '../../wgsl/element.js';
import { mapDispatch } from '../../wgsl/map.js';
import { elementwiseInPlace, floats, refusal, unsupported } from '../accept.js';

interface Entry {
  readonly inputs: readonly DType[];
  /** WGSL of `a` and `b`. */
  readonly float?: string;
  readonly integer?: string;
  readonly bool?: string;
}

const numbers: readonly DType[] = [...floats, 'i32', 'u32'];
const integers: readonly DType[] = ['i32', 'u32'];
const hasNaN = '(is_nan(a) || is_nan(b))';

const entries: Partial<Record<OpName, Entry>> = {
  add: { inputs: numbers, float: 'a + b', integer: 'a + b' },
  sub: { inputs: numbers, float: 'a - b', integer: 'a - b' },
  mul: { inputs: numbers, float: 'a * b', integer: 'a * b' },
  // WGSL gives x / 0 = x for integers.
  div: { inputs: numbers, float: 'a / b', integer: 'select(a / b, a ^ a, b == (b ^ b))' },
  // WGSL may give either operand when one is NaN.
  minimum: {
    inputs: numbers,
    float: `select(min(a, b), not_a_number(), ${hasNaN})`,
    integer: 'min(a, b)',
  },
  maximum: {
    inputs: numbers,
    float: `select(max(a, b), not_a_number(), ${hasNaN})`,
    integer: 'max(a, b)',
  },
  pow: { inputs: floats, float: 'pow_f(a, b)' },
  less: { inputs: storedDTypes, float: `a < b && !${hasNaN}`, integer: 'a < b', bool: '!a && b' },
  equal: { inputs: storedDTypes, float: `a == b && !${hasNaN}`, integer: 'a == b', bool: 'a == b' },
  and: { inputs: ['bool'], bool: 'a && b' },
  or: { inputs: ['bool'], bool: 'a || b' },
  bitAnd: { inputs: integers, integer: 'a & b' },
  bitOr: { inputs: integers, integer: 'a | b' },
  bitXor: { inputs: integers, integer: 'a ^ b' },
  shiftLeft: { inputs: integers, integer: 'a << (bitcast<u32>(b) & 31u)' },
  shiftRight: { inputs: integers, integer: 'a >> (bitcast<u32>(b) & 31u)' },
  swiglu: { inputs: floats, float: 'silu_f(a) * b' },
};

/** `webgpu/add`, `webgpu/less`, …: a function of two elements. Take any strides, and work in place. */
export const binaryKernels: readonly WebGpuKernel[] = Object.entries(entries).map(([op, entry]) => ({
  name: `webgpu/${op}`,
  op: op as OpName,
  supports: (call) => {
    const refused = refusal(call, [entry.inputs]);
    if (refused) return refused;
    if (call.inputs[0]!.dtype !== call.inputs[1]!.dtype) return unsupported(`${op}: dtypes differ`);
    return { supported: true, acceptsStrided: true, inPlace: elementwiseInPlace(call, [0, 1]) };
  },
  build: (call) => {
    const { dtype, shape } = call.outputs[0]!;
    const from = numberType(call.inputs[0]!.dtype);
    const expression = from === 'f32' ? entry.float : from === 'bool' ? entry.bool : entry.integer;
    return [
      mapDispatch({
        operands: ['a', 'b'].map((name, index) => ({
          name,
          place: { kind: 'input', index },
          view: 'number',
        })),
        output: { index: 0, dtype, count: elementCount(shape) },
        code: `fn element(i: u32) -> ${loadType(dtype, 'number')} {
  let a = load_a(i);
  let b = load_b(i);
  return ${expression};
}`,
      }),
    ];
  },
}));
