import { contiguousStrides, isContiguous } from '@hybra/spec';
import type { Parameter } from '../kernel.js';

/** Shape and strides of what an operand looks at, in elements. */
export interface Window {
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly offset: number;
}

/** How WGSL finds an element of a window, with the numbers it needs. */
export interface WindowCode {
  /** `fn at_NAME(i: u32) -> u32`: the place of element i (row-major) in the operand's buffer. */
  readonly code: string;
  readonly parameters: readonly Parameter[];
}

/**
 * Code that finds elements of a window. It depends on the number of axes that are left when neighbouring axes
 * are merged, never on extents.
 */
export function windowCode(name: string, window: Window): WindowCode {
  const offset: Parameter = { name: `${name}_offset`, type: 'u32', value: window.offset };
  if (isContiguous(window)) {
    return { code: `fn at_${name}(i: u32) -> u32 { return p.${name}_offset + i; }`, parameters: [offset] };
  }
  const { shape, strides } = merged(window);
  const parameters: Parameter[] = [offset];
  const lines: string[] = [];
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    parameters.push({ name: `${name}_stride${axis}`, type: 'u32', value: strides[axis]! });
    if (axis === 0) {
      lines.push(`at += rest * p.${name}_stride0;`);
      continue;
    }
    parameters.push({ name: `${name}_extent${axis}`, type: 'u32', value: shape[axis]! });
    lines.push(`at += (rest % p.${name}_extent${axis}) * p.${name}_stride${axis};`);
    lines.push(`rest /= p.${name}_extent${axis};`);
  }
  const code = `fn at_${name}(i: u32) -> u32 {
  var rest = i;
  var at = p.${name}_offset;
  ${lines.join('\n  ')}
  return at;
}`;
  return { code, parameters };
}

/** The same elements in the same order with as few axes as possible. */
function merged({ shape, strides }: Window): { shape: number[]; strides: number[] } {
  const extents: number[] = [];
  const steps: number[] = [];
  for (let axis = 0; axis < shape.length; axis++) {
    if (shape[axis] === 1) continue;
    const last = extents.length - 1;
    if (last >= 0 && steps[last] === strides[axis]! * shape[axis]!) {
      extents[last]! *= shape[axis]!;
      steps[last] = strides[axis]!;
    } else {
      extents.push(shape[axis]!);
      steps.push(strides[axis]!);
    }
  }
  return extents.length === 0 ? { shape: [1], strides: [0] } : { shape: extents, strides: steps };
}

/** A contiguous window from offset 0 on. */
export function wholeWindow(shape: readonly number[]): Window {
  return { shape, strides: contiguousStrides(shape), offset: 0 };
}
