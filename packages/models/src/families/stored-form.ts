import { elementCount } from '@hybra/spec';
import type { HybridConfig } from '../config/hybrid-config.js';
import type { ParameterSpec } from '../config/parameter-spec.js';

/** A run of elements of a tensor on disk. */
export interface StoredRun {
  readonly tensor: string;
  /** Of the whole tensor. */
  readonly shape: readonly number[];
  /** Row-major index of the first element. */
  readonly start: number;
  readonly count: number;
}

/** How a parameter lies on disk: runs of elements, which laid end to end are its own. */
export type StoredForm = readonly StoredRun[];

/** The shape of a parameter's tensor on disk: depthwise convolutions have PyTorch's middle axis of 1. */
export function tensorShape(spec: Pick<ParameterSpec, 'name' | 'shape'>): readonly number[] {
  const [channels, taps] = spec.shape;
  return spec.name.endsWith('convolution.weight') ? [channels!, 1, taps!] : spec.shape;
}

/** A tensor of its own. */
export function wholeTensor(tensor: string, shape: readonly number[]): StoredForm {
  return [{ tensor, shape, start: 0, count: elementCount(shape) }];
}

/**
 * Rows of a tensor along its first axis.
 * @param ranges first row and number of rows, in the order of the parameter
 */
export function rowsOf(
  tensor: string,
  shape: readonly number[],
  ranges: readonly (readonly [first: number, rows: number])[],
): StoredForm {
  const width = elementCount(shape.slice(1));
  return ranges.map(([first, rows]) => ({ tensor, shape, start: first * width, count: rows * width }));
}

/** Columns of a matrix: one run per row. */
export function columnsOf(
  tensor: string,
  shape: readonly [number, number],
  columns: readonly [first: number, count: number],
): StoredForm {
  const [rows, width] = shape;
  const [first, count] = columns;
  return Array.from({ length: rows }, (_, row) => ({ tensor, shape, start: row * width + first, count }));
}

/** Tensors of equal shape, one for each entry of the parameter's first axis. */
export function stackOf(tensors: readonly string[], shape: readonly number[]): StoredForm {
  return tensors.flatMap((tensor) => wholeTensor(tensor, shape));
}

/** The stored forms of a family whose parameters are tensors of their own, given their names. */
export function namedForms(
  names: (parameter: string, config: HybridConfig) => readonly string[],
): (spec: ParameterSpec, config: HybridConfig) => readonly StoredForm[] {
  return (spec, config) => names(spec.name, config).map((name) => wholeTensor(name, tensorShape(spec)));
}
