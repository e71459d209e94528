import { elementCount, type Operand } from '@hybra/spec';
import { collapse } from './collapse.js';
import type { ElementAction, ElementsStep } from './step.js';

/**
 * An elementwise op for the persistent kernel; `undefined` where an operand does not walk in one stride.
 * @param options.from elements of `y` before the first that is written
 */
export function elementStep(
  action: ElementAction | undefined,
  inputs: readonly Operand[],
  y: Operand,
  options: {
    readonly shape?: readonly number[];
    readonly from?: number;
    readonly numbers?: readonly [number, number];
    /** Rows that a scatter adds. */
    readonly rows?: number;
    /** Of the output, where it is part of a larger one. */
    readonly target?: readonly number[];
  } = {},
): ElementsStep | undefined {
  if (action === undefined) return undefined;
  const { shape = y.shape, from = 0, numbers = [0, 0], rows, target } = options;
  const all = [...inputs.map(({ strides }) => strides), ...(target ? [target] : [])];
  const loops = collapse(shape, all);
  const count = elementCount(shape);
  const isLine = loops.shape.length === 1 && (!target || count === 1 || loops.strides.at(-1)![0] === 1);
  if (!isLine) return undefined;
  const strides = rows === undefined ? inputs.map((_, index) => loops.strides[index]![0]!) : [rows];
  return { op: 'elements', action, inputs, y, from, count, strides, numbers };
}
