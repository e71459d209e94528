import type { DType } from '@hybra/spec';
import {
  attentionGradient,
  type CausalConv1dInputs,
  cast,
  causalConv1dGradient,
  fill,
  selectiveScanGradient,
  ssdChunkScanGradient,
  type Tensor,
} from '@hybra/tensor';
import type { Rule } from './rule.js';
import { wideDType } from './wide.js';

/** What arrives at an output in the dtype of the rule; zeros where nothing does. */
function arriving(gradient: Tensor | undefined, output: Tensor, dtype: DType): Tensor {
  return gradient ? cast(gradient, dtype) : fill(output.shape, 0, dtype);
}

/** Gradients in the dtypes of the inputs that they belong to; indices have none. */
function narrowed(gradients: readonly Tensor[], inputs: readonly Tensor[]): readonly (Tensor | undefined)[] {
  return inputs.map(({ dtype }, index) => gradients[index] && cast(gradients[index], dtype));
}

/** Through `ssdChunkScanGradient`. */
export const ssdChunkScanRule: Rule = ({ cotangents: [dy, dstates], inputs, outputs, attributes }) => {
  const [x, dt, A, B, C, states, slots] = inputs as [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor];
  const dtype = wideDType(x, B, C, states);
  const wide = (each: Tensor): Tensor => cast(each, dtype);
  const gradients = ssdChunkScanGradient(
    { x: wide(x), dt, A, B: wide(B), C: wide(C), states: wide(states), slots },
    { dy: arriving(dy, outputs[0]!, dtype), dstates: dstates && wide(dstates) },
    { chunkSize: attributes.chunkSize as number },
  );
  const { dx, ddt, dA, dB, dC, dstates: before } = gradients;
  return narrowed([dx, ddt, dA, dB, dC, before], inputs);
};

/** Through `selectiveScanGradient`. */
export const selectiveScanRule: Rule = ({ cotangents: [dy, dstates], inputs, outputs }) => {
  const [x, dt, A, B, C, states, slots] = inputs as [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor];
  const dtype = wideDType(x, B, C, states);
  const wide = (each: Tensor): Tensor => cast(each, dtype);
  const gradients = selectiveScanGradient(
    { x: wide(x), dt, A, B: wide(B), C: wide(C), states: wide(states), slots },
    { dy: arriving(dy, outputs[0]!, dtype), dstates: dstates && wide(dstates) },
  );
  const { dx, ddt, dA, dB, dC, dstates: before } = gradients;
  return narrowed([dx, ddt, dA, dB, dC, before], inputs);
};

/** Through `causalConv1dGradient`. */
export const causalConv1dRule: Rule = ({ cotangents: [dy, dtails], inputs, outputs, attributes }) => {
  const [x, weight, bias, tails, slots, lengths] = inputs as [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor];
  const dtype = wideDType(x, weight, bias, tails);
  const wide = (each: Tensor): Tensor => cast(each, dtype);
  const wideInputs: CausalConv1dInputs = {
    x: wide(x),
    weight: wide(weight),
    bias: wide(bias),
    tails: wide(tails),
    slots,
    lengths,
  };
  const gradients = causalConv1dGradient(
    wideInputs,
    { dy: arriving(dy, outputs[0]!, dtype), dtails: dtails && wide(dtails) },
    { activation: attributes.activation as 'none' | 'silu' },
  );
  return narrowed([gradients.dx, gradients.dweight, gradients.dbias, gradients.dtails], inputs);
};

/** Through `attentionGradient`. */
export const attentionRule: Rule = ({ cotangents: [dy], inputs, attributes }) => {
  const [q, k, v, slots, starts, lengths] = inputs as [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor];
  const dtype = wideDType(q, k, v);
  const wide = (each: Tensor): Tensor => cast(each, dtype);
  const { dq, dk, dv } = attentionGradient(
    { q: wide(q), k: wide(k), v: wide(v), slots, starts, lengths },
    wide(dy!),
    {
      scale: attributes.scale as number,
      window: attributes.window as number,
      ring: attributes.ring === true,
    },
  );
  return narrowed([dq, dk, dv], inputs);
};
