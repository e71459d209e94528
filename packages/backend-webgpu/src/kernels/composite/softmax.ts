import { elementCount, type OpCall } from '@hybra/spec';
import type { WebGpuKernel } from '../../kernel.js';
import { floats, refusal } from '../accept.js';
import { larger, maxAll, rowMain, sumAll } from '../row-workgroup.js';
import { numbers, overColumns, rowDispatch, rowSupport } from './row-dispatch.js';

const helpers = `${larger}${maxAll}${sumAll}`;

/** The largest element, and Σ e^(x − largest). A row of −∞ has no terms. */
const statistics = `var best = -infinity();
  ${overColumns('best = larger(best, load_x(first + c));')}
  let largest = max_all(best, l);
  let is_empty = bitcast<u32>(largest) == 0xff800000u;
  var terms = 0.0;
  ${overColumns('terms += exp_f(load_x(first + c) - largest);')}
  let total = sum_all(terms, l);`;

/** e^(x − max) / Σ along the last axis; a row of −∞ gives zeros. Works in place. */
export const softmaxKernel: WebGpuKernel = {
  name: 'webgpu/softmax',
  op: 'softmax',
  supports: (call) => rowSupport(call, widthOf(call), [[0, 0]]),
  build: (call) => [
    rowDispatch({
      call,
      width: widthOf(call),
      operands: [numbers('x', 0)],
      helpers,
      statistics,
      value: 'select(exp_f(load_x(first + c) - largest) / total, 0.0, is_empty)',
    }),
  ],
};

/** x − max − log Σ e^(x − max) along the last axis. Works in place. */
export const logSoftmaxKernel: WebGpuKernel = {
  name: 'webgpu/log-softmax',
  op: 'logSoftmax',
  supports: (call) => rowSupport(call, widthOf(call), [[0, 0]]),
  build: (call) => [
    rowDispatch({
      call,
      width: widthOf(call),
      operands: [numbers('x', 0)],
      helpers,
      statistics: `${statistics}
  let log_total = log_f(total);`,
      value: 'load_x(first + c) - largest - log_total',
    }),
  ],
};

/** −log softmax(logits)[target] in nats, per row; 0 for a target outside the vocabulary. */
export const crossEntropyKernel: WebGpuKernel = {
  name: 'webgpu/cross-entropy',
  op: 'crossEntropy',
  supports: (call) =>
    refusal(call, [floats, ['i32']], [['f32']]) ?? { supported: true, acceptsStrided: true },
  build: (call) => {
    const rows = elementCount(call.outputs[0]!.shape);
    return [
      {
        operands: [
          numbers('x', 0),
          numbers('targets', 1),
          { name: 'y', place: { kind: 'output', index: 0 }, view: 'f32', isWritten: true },
        ],
        parameters: [
          { name: 'rows', type: 'u32', value: rows },
          { name: 'width', type: 'u32', value: widthOf(call) },
        ],
        code: `${helpers}
${rowMain}
  let first = row * p.width;
  ${statistics}
  if (l == 0u) {
    let wanted = bitcast<u32>(load_targets(row));
    var loss = 0.0;
    if (wanted < p.width) { loss = (largest - load_x(first + wanted)) + log_f(total); }
    y[row] = loss;
  }
}`,
        workgroups: [rows, 1, 1],
      },
    ];
  },
};

function widthOf(call: OpCall): number {
  return call.inputs[0]!.shape.at(-1) ?? 1;
}
