import { rowsOf, type StoredForm, stackOf, wholeTensor } from './stored-form.js';

/**
 * The ways in which a matrix of every expert may lie on disk: a matrix per expert, as checkpoints are published,
 * or the one tensor that transformers 5 has in memory, gate and up together.
 * @param module such as `model.layers.1.mlp.experts`
 * @param part `gate`, `up` or `down`
 * @param shape of the parameter, `[experts, outputs, inputs]`
 */
export function expertForms(module: string, part: string, shape: readonly number[]): readonly StoredForm[] {
  const [experts, outputs, inputs] = shape as [number, number, number];
  const names = Array.from({ length: experts }, (_, expert) => `${module}.${expert}.${part}_proj.weight`);
  const single = stackOf(names, [outputs, inputs]);
  if (part === 'down') return [single, wholeTensor(`${module}.down_proj`, shape)];
  const together = fusedHalf(`${module}.gate_up_proj`, part === 'gate' ? 0 : 1, shape);
  return [single, together, wholeTensor(`${module}.${part}_proj`, shape)];
}

/** The first or second half of the rows of each expert in a tensor `[experts, 2 · outputs, inputs]`. */
export function fusedHalf(tensor: string, half: 0 | 1, shape: readonly number[]): StoredForm {
  const [experts, outputs, inputs] = shape as [number, number, number];
  const whole = [experts, 2 * outputs, inputs];
  return Array.from({ length: experts }, (_, expert) => ({
    tensor,
    shape: whole,
    start: (2 * expert + half) * outputs * inputs,
    count: outputs * inputs,
  }));
}

/** The first or second half of the rows of a matrix. @param shape of the parameter */
export function halfOfRows(tensor: string, half: 0 | 1, shape: readonly number[]): StoredForm {
  const [rows, ...rest] = shape as [number, ...number[]];
  return rowsOf(tensor, [2 * rows, ...rest], [[half * rows, rows]]);
}
