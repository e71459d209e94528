import type { OpCall } from '@hybra/spec';
import type { WebGpuKernel } from '../../kernel.js';
import { sumAll } from '../row-workgroup.js';
import { numbers, overColumns, rowDispatch, rowSupport } from './row-dispatch.js';

/** x / √(mean(x²) + ε) · weight (Zhang & Sennrich 2019), a workgroup per row. Works in place. */
export const rmsNormKernel: WebGpuKernel = {
  name: 'webgpu/rms-norm',
  op: 'rmsNorm',
  supports: (call) => rowSupport(call, widthOf(call), sameDType(call)),
  build: (call) => [
    rowDispatch({
      call,
      width: widthOf(call),
      operands: [numbers('x', 0), numbers('weight', 1)],
      parameters: [{ name: 'epsilon', type: 'f32', value: call.attributes.epsilon as number }],
      helpers: sumAll,
      statistics: `var squares = 0.0;
  ${overColumns('let v = load_x(first + c); squares += v * v;')}
  let scale = 1.0 / sqrt(sum_all(squares, l) / f32(p.width) + p.epsilon);`,
      value: 'load_x(first + c) * scale * load_weight(c)',
    }),
  ],
};

/** (x − mean) / √(variance + ε) · weight + bias (Ba et al. 2016), in two passes. Works in place. */
export const layerNormKernel: WebGpuKernel = {
  name: 'webgpu/layer-norm',
  op: 'layerNorm',
  supports: (call) => rowSupport(call, widthOf(call), sameDType(call)),
  build: (call) => {
    const hasBias = call.inputs.length > 2;
    return [
      rowDispatch({
        call,
        width: widthOf(call),
        operands: [numbers('x', 0), numbers('weight', 1), ...(hasBias ? [numbers('bias', 2)] : [])],
        parameters: [{ name: 'epsilon', type: 'f32', value: call.attributes.epsilon as number }],
        helpers: sumAll,
        // Sums of differences from the first element: their rounding is relative to the spread, not the mean.
        statistics: `let pivot = load_x(first);
  var total = 0.0;
  ${overColumns('total += load_x(first + c) - pivot;')}
  let mean = sum_all(total, l) / f32(p.width);
  var squares = 0.0;
  ${overColumns('let v = load_x(first + c) - pivot - mean; squares += v * v;')}
  let scale = 1.0 / sqrt(sum_all(squares, l) / f32(p.width) + p.epsilon);`,
        value: `(load_x(first + c) - pivot - mean) * scale * load_weight(c)${hasBias ? ' + load_bias(c)' : ''}`,
      }),
    ];
  },
};

/**
 * Gated RMSNorm of Mamba-2 (Dao & Gu 2024, §7.1), a workgroup per group of a row: norm(x · silu(gate)) · weight,
 * or norm(x) · weight · silu(gate) if `normBeforeGate`. Works in place of x.
 */
export const gatedRmsNormKernel: WebGpuKernel = {
  name: 'webgpu/gated-rms-norm',
  op: 'gatedRmsNorm',
  supports: (call) => rowSupport(call, widthOf(call) / groupsOf(call), sameDType(call)),
  build: (call) => {
    const isGatedFirst = call.attributes.normBeforeGate !== true;
    const gated = 'load_x(first + c) * silu_f(load_gate(first + c))';
    const groups = groupsOf(call);
    // What was gated waits in y, where it has all its digits there: each invocation reads what it wrote.
    const isKept = isGatedFirst && call.outputs[0]!.dtype === 'f32';
    return [
      rowDispatch({
        call,
        width: widthOf(call) / groups,
        operands: [numbers('x', 0), numbers('gate', 1), numbers('weight', 2)],
        parameters: [
          { name: 'epsilon', type: 'f32', value: call.attributes.epsilon as number },
          { name: 'groups', type: 'u32', value: groups },
        ],
        helpers: sumAll,
        statistics: `var squares = 0.0;
  ${overColumns(`let v = ${isGatedFirst ? gated : 'load_x(first + c)'}; squares += v * v; ${isKept ? 'y[first + c] = v;' : ''}`)}
  let scale = 1.0 / sqrt(sum_all(squares, l) / f32(p.width) + p.epsilon);
  let column = row % p.groups * p.width;`,
        value: `${isKept ? 'y[first + c]' : gated} * scale * load_weight(column + c)`,
      }),
    ];
  },
};

function widthOf(call: OpCall): number {
  return call.inputs[0]!.shape.at(-1)!;
}

function groupsOf(call: OpCall): number {
  return (call.attributes.groups as number | undefined) ?? 1;
}

function sameDType({ inputs, outputs }: OpCall): readonly (readonly [number, number])[] {
  return inputs[0]!.dtype === outputs[0]!.dtype ? [[0, 0]] : [];
}
