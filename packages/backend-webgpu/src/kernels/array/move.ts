import { byteSize, type DType, elementCount, isContiguous, type OpCall } from '@hybra/spec';
import { type DeviceFacts, storedDTypes, type WebGpuKernel } from '../../kernel.js';
import { mapDispatch } from '../../wgsl/map.js';
import { elementwiseInPlace, refusal, unsupported } from '../accept.js';
import { boundPart, type WeightPart, weightParts } from '../matmul/weight-parts.js';
import { counts } from '../sequence/pool.js';

/** Any strided window, put side by side. */
export const copyKernel: WebGpuKernel = {
  name: 'webgpu/copy',
  op: 'copy',
  supports: (call) =>
    refusal(call, [storedDTypes]) ?? {
      supported: true,
      acceptsStrided: true,
      inPlace: elementwiseInPlace(call, [0]),
    },
  build: (call) => {
    const { dtype, shape } = call.outputs[0]!;
    return [
      mapDispatch({
        operands: [{ name: 'x', place: { kind: 'input', index: 0 }, view: 'bits' }],
        output: { index: 0, dtype, count: elementCount(shape) },
        gives: 'bits',
        code: 'fn element(i: u32) -> u32 { return load_x(i); }',
      }),
    ];
  },
};

/** rows[i] = table[indices[i]]; zeros for an index outside. Takes any strides. */
export const gatherRowsKernel: WebGpuKernel = {
  name: 'webgpu/gather-rows',
  op: 'gatherRows',
  splitInput: 0,
  supports: (call, facts) => {
    const refused = refusal(call, [storedDTypes, ['i32']]);
    if (refused) return refused;
    if (tableParts(call, facts).length === 0) return unsupported('gather-rows: rows that no binding covers');
    return { supported: true, acceptsStrided: true };
  },
  build: (call, { facts }) => {
    const [table] = call.inputs;
    const { dtype, shape } = call.outputs[0]!;
    return tableParts(call, facts).map((part) =>
      mapDispatch({
        operands: [
          boundPart({ name: 'table', place: { kind: 'input', index: 0 }, view: 'bits' }, part),
          { name: 'indices', place: { kind: 'input', index: 1 }, view: 'number' },
        ],
        output: { index: 0, dtype, count: elementCount(shape) },
        parameters: [
          { name: 'rows', type: 'u32', value: table!.shape[0]! },
          { name: 'width', type: 'u32', value: elementCount(table!.shape.slice(1)) },
          ...(part ? counts({ first: part.from, end: part.end }) : []),
        ],
        gives: 'bits',
        ...(part && { isPartial: true }),
        // A negative index is a large unsigned one.
        code: `fn element(i: u32) -> u32 {
  let row = bitcast<u32>(load_indices(i / p.width));
  if (row >= p.rows) { return 0u; }
  return load_table(row * p.width + i % p.width);
}
${
  part
    ? `// What no part has is outside, which is for the first to say.
fn writes(i: u32) -> bool {
  let row = bitcast<u32>(load_indices(i / p.width));
  return (row >= p.first && row < p.end) || (p.first == 0u && row >= p.rows);
}`
    : ''
}`,
      }),
    );
  },
};

/** How the table is bound: in runs of rows where it is large. A large one with rows apart is refused. */
function tableParts({ inputs: [table] }: OpCall, facts: DeviceFacts): readonly (WeightPart | undefined)[] {
  const { dtype, shape, offset } = table!;
  const size = byteSize(dtype);
  const bytes = isContiguous(table!) ? elementCount(shape.slice(1)) * size : Number.POSITIVE_INFINITY;
  const count = shape[0]!;
  if (!Number.isFinite(bytes) || bytes === 0) return [undefined];
  return weightParts({ count, bytes, byteOffset: offset * size }, 1, facts);
}

/** Room around a value, filled with a constant. Takes any strides. */
export const padKernel: WebGpuKernel = {
  name: 'webgpu/pad',
  op: 'pad',
  supports: (call) => refusal(call, [storedDTypes]) ?? { supported: true, acceptsStrided: true },
  build: (call) => {
    const { shape: inner } = call.inputs[0]!;
    const { dtype, shape } = call.outputs[0]!;
    const before = call.attributes.before as readonly number[];
    const axes = shape.map((_, axis) => axis).reverse();
    return [
      mapDispatch({
        operands: [{ name: 'x', place: { kind: 'input', index: 0 }, view: 'bits' }],
        output: { index: 0, dtype, count: elementCount(shape) },
        parameters: [
          { name: 'value', type: 'u32', value: bitsOf(dtype, call.attributes.value as number) },
          ...axes.flatMap((axis) => [
            { name: `outer${axis}`, type: 'u32' as const, value: shape[axis]! },
            { name: `inner${axis}`, type: 'u32' as const, value: inner[axis]! },
            { name: `before${axis}`, type: 'u32' as const, value: before[axis]! },
          ]),
        ],
        gives: 'bits',
        code: `fn element(i: u32) -> u32 {
  var rest = i;
  var at = 0u;
  var step = 1u;
  var position = 0u;
${axes
  .map(
    // Before the value the difference wraps and is as far outside as behind it.
    (axis) => `  position = rest % p.outer${axis} - p.before${axis};
  if (position >= p.inner${axis}) { return p.value; }
  at += position * step;
  step *= p.inner${axis};
  rest /= p.outer${axis};`,
  )
  .join('\n')}
  return load_x(at);
}`,
      }),
    ];
  },
};

/** The bits of a number as an element of `dtype`, zero-extended. Halves are rounded to nearest even. */
export function bitsOf(dtype: DType, value: number): number {
  const view = new DataView(new ArrayBuffer(4));
  switch (dtype) {
    case 'f32':
      view.setFloat32(0, value);
      return view.getUint32(0);
    case 'bf16': {
      if (Number.isNaN(value)) return 0x7fc0;
      view.setFloat32(0, value);
      const bits = view.getUint32(0);
      return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
    }
    case 'f16':
      return float16Bits(value);
    case 'bool':
      return value ? 1 : 0;
    case 'i8':
    case 'u8':
      return value & 0xff;
    default:
      return value >>> 0;
  }
}

function float16Bits(value: number): number {
  if (Number.isNaN(value)) return 0x7e00;
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  if (size >= 65520) return sign | 0x7c00;
  if (size === 0) return sign;
  const exponent = Math.max(Math.floor(Math.log2(size)), -14);
  const scaled = size / 2 ** (exponent - 10);
  const low = Math.floor(scaled);
  const rest = scaled - low;
  const steps = low + (rest > 0.5 || (rest === 0.5 && low % 2 === 1) ? 1 : 0);
  return sign | (((exponent + 14) << 10) + steps);
}
