import { contiguousStrides, type DType, type HostArray, isFloat, isHalf } from '@hybra/spec';
import type { CpuKernel, Scratch } from '../../kernel.js';
import { collapse } from '../../layout/collapse.js';
import { rowWalk } from '../../layout/walk.js';
import { numberToHalf } from '../../numbers/half-number.js';
import { halfRuns } from '../../numbers/half-runs.js';
import { integerLimits } from '../../numbers/saturate.js';
import type { UnaryLoop } from './unary-loops.js';

type Half = 'f16' | 'bf16';
/** A conversion of a row. `scratch` holds {@link chunk} floats. */
type CastLoop = (
  x: HostArray,
  xFrom: number,
  xStep: number,
  y: HostArray,
  yFrom: number,
  count: number,
  scratch: Scratch,
) => void;

const chunk = 256;

/** Any dtype to any dtype, each value rounded once. Takes any strides. */
export const castKernel: CpuKernel = {
  name: 'cpu/cast',
  op: 'cast',
  supports: (call) => {
    const isStaged = isHalf(call.inputs[0]!.dtype) || isHalf(call.outputs[0]!.dtype);
    return { supported: true, acceptsStrided: true, scratchBytes: isStaged ? chunk * 4 : 0 };
  },
  build: (call) => {
    const { shape, strides, dtype } = call.inputs[0]!;
    const loop = castLoop(dtype, call.outputs[0]!.dtype);
    const loops = collapse(shape, [strides, contiguousStrides(shape)]);
    const walk = rowWalk(loops);
    const count = loops.shape.at(-1)!;
    const step = loops.strides[0]!.at(-1)!;
    return ([x], [y], scratch) =>
      walk((starts) => loop(x!, starts[0]!, step, y!, starts[1]!, count, scratch));
  },
};

function castLoop(from: DType, to: DType): CastLoop {
  if (from === to) return store;
  if (isHalf(from)) return fromHalf(from as Half, isHalf(to) ? undefined : numberLoop('f32', to), to);
  if (isHalf(to)) return isExactInFloat32(from) ? viaFloat32(to as Half) : fromNumber(to as Half);
  return numberLoop(from, to);
}

/** Whether float32 holds every value of the dtype, so that going through it rounds nothing. */
function isExactInFloat32(dtype: DType): boolean {
  return dtype !== 'f64' && dtype !== 'i32' && dtype !== 'u32';
}

/** Between dtypes whose arrays hold numbers. Storing rounds floats to nearest even and wraps integers. */
function numberLoop(from: DType, to: DType): UnaryLoop {
  if (to === 'bool') return storeTruth;
  if (!isFloat(from) || isFloat(to)) return store;
  const [low, high] = integerLimits(to as 'i32' | 'u32' | 'i8' | 'u8');
  return (x, xFrom, xStep, y, yFrom, count) => {
    for (let i = 0; i < count; i++) {
      const value = x[xFrom + i * xStep]!;
      // Storing truncates towards 0 and turns NaN into 0; only the bounds are ours.
      y[yFrom + i] = Math.min(Math.max(value, low), high);
    }
  };
}

function store(x: HostArray, xFrom: number, xStep: number, y: HostArray, yFrom: number, count: number): void {
  for (let i = 0; i < count; i++) y[yFrom + i] = x[xFrom + i * xStep]!;
}

function storeTruth(
  x: HostArray,
  xFrom: number,
  xStep: number,
  y: HostArray,
  yFrom: number,
  count: number,
): void {
  for (let i = 0; i < count; i++) y[yFrom + i] = x[xFrom + i * xStep] !== 0 ? 1 : 0;
}

function fromHalf(from: Half, loop: UnaryLoop | undefined, to: DType): CastLoop {
  const { decode } = halfRuns[from];
  const encode = isHalf(to) ? halfRuns[to as Half].encode : undefined;
  return (x, xFrom, xStep, y, yFrom, count, { words, floats }) => {
    for (let start = 0; start < count; start += chunk) {
      const length = Math.min(chunk, count - start);
      if (xStep === 1) decode(x as Uint16Array, xFrom + start, words, 0, length);
      else {
        for (let i = 0; i < length; i++) decode(x as Uint16Array, xFrom + (start + i) * xStep, words, i, 1);
      }
      if (loop) loop(floats, 0, 1, y, yFrom + start, length);
      else encode!(words, 0, y as Uint16Array, yFrom + start, length);
    }
  };
}

function viaFloat32(to: Half): CastLoop {
  const { encode } = halfRuns[to];
  return (x, xFrom, xStep, y, yFrom, count, { words, floats }) => {
    for (let start = 0; start < count; start += chunk) {
      const length = Math.min(chunk, count - start);
      store(x, xFrom + start * xStep, xStep, floats, 0, length);
      encode(words, 0, y as Uint16Array, yFrom + start, length);
    }
  };
}

function fromNumber(to: Half): CastLoop {
  return (x, xFrom, xStep, y, yFrom, count) => {
    for (let i = 0; i < count; i++) y[yFrom + i] = numberToHalf(to, x[xFrom + i * xStep]!);
  };
}
