import { type Attributes, type DType, formatType, HybraError, isInteger, type TensorType } from '@hybra/spec';

/** The floating-point dtypes. */
export const floats: readonly DType[] = ['f64', 'f32', 'f16', 'bf16'];

/** The dtypes that arithmetic is defined on. */
export const numbers: readonly DType[] = [...floats, 'i32', 'u32'];

/** @throws E_DTYPE unless the dtype of `type` is one of `allowed` */
export function requireDType(
  op: string,
  argument: string,
  type: TensorType,
  allowed: readonly DType[],
): void {
  if (allowed.includes(type.dtype)) return;
  throw new HybraError(
    'E_DTYPE',
    `${op}: ${argument} is ${formatType(type)}, expected ${allowed.join(', ')}. Convert it with cast().`,
    { op, argument, dtype: type.dtype, allowed },
  );
}

/** @throws E_DTYPE unless both have one dtype: nothing is promoted silently */
export function requireSameDType(
  op: string,
  [first, a]: readonly [string, TensorType],
  [second, b]: readonly [string, TensorType],
): void {
  if (a.dtype === b.dtype) return;
  throw new HybraError(
    'E_DTYPE',
    `${op}: ${first} is ${a.dtype}, ${second} is ${b.dtype}. Dtypes are not promoted: convert one with cast().`,
    { op, arguments: [first, second], dtypes: [a.dtype, b.dtype] },
  );
}

/** @throws E_SHAPE unless both have the same shape */
export function requireSameShape(
  op: string,
  [first, a]: readonly [string, TensorType],
  [second, b]: readonly [string, TensorType],
): void {
  if (sameShape(a.shape, b.shape)) return;
  throw new HybraError(
    'E_SHAPE',
    `${op}: ${first} is ${formatType(a)}, ${second} is ${formatType(b)}, expected equal shapes.`,
    { op, arguments: [first, second], shapes: [a.shape, b.shape] },
  );
}

/** @throws E_SHAPE unless `type` has at least `rank` axes */
export function requireRank(op: string, argument: string, type: TensorType, rank: number): void {
  if (type.shape.length >= rank) return;
  throw new HybraError(
    'E_SHAPE',
    `${op}: ${argument} is ${formatType(type)}, expected at least ${rank} ${rank === 1 ? 'axis' : 'axes'}.`,
    { op, argument, shape: type.shape, rank },
  );
}

/** @throws E_ARGUMENT unless `holds`; the message names the attribute, what it is and what is expected */
export function requireAttribute(
  op: string,
  attributes: Attributes,
  name: string,
  expected: string,
  holds: boolean,
): void {
  if (holds) return;
  const value = attributes[name];
  const got = Array.isArray(value) ? `[${value.join(', ')}]` : String(value);
  throw new HybraError('E_ARGUMENT', `${op}: ${name} is ${got}, expected ${expected}.`, {
    op,
    argument: name,
    value,
    expected,
  });
}

/** The type that the caller asked for, for ops whose inputs do not determine it. @throws E_ARGUMENT */
export function requireDeclared(op: string, declared: readonly TensorType[] | undefined): TensorType {
  const type = declared?.[0];
  if (type === undefined) {
    throw new HybraError('E_ARGUMENT', `${op}: the type of the output has to be declared.`, { op });
  }
  for (const extent of type.shape) {
    if (!Number.isInteger(extent) || extent < 0) {
      throw new HybraError(
        'E_SHAPE',
        `${op}: ${formatType(type)} is no shape: extents are whole numbers from 0.`,
        { op, shape: type.shape },
      );
    }
  }
  return type;
}

/** Whether two shapes are equal. */
export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((extent, axis) => extent === b[axis]);
}

/** @throws E_ARGUMENT when `value` is no number of the integer or bool type `dtype` */
export function requireRepresentable(op: string, value: number, dtype: DType): void {
  if (typeof value !== 'number') {
    throw new HybraError('E_ARGUMENT', `${op}: a value is ${typeof value}, expected a number.`, { op });
  }
  const fits =
    dtype === 'bool' ? value === 0 || value === 1 : !isInteger(dtype) || inIntegerRange(value, dtype);
  if (!fits) {
    throw new HybraError('E_ARGUMENT', `${op}: ${value} is not a number of type ${dtype}.`, {
      op,
      value,
      dtype,
    });
  }
}

const integerRanges: Readonly<Partial<Record<DType, readonly [number, number]>>> = {
  i32: [-(2 ** 31), 2 ** 31 - 1],
  u32: [0, 2 ** 32 - 1],
  i8: [-128, 127],
  u8: [0, 255],
};

function inIntegerRange(value: number, dtype: DType): boolean {
  const [low, high] = integerRanges[dtype]!;
  return Number.isInteger(value) && value >= low && value <= high;
}
