/*
 * A Mamba-2 layer fed by a Transformer block that several layers share (Zamba2, Glorioso et al. 2024, arXiv
 * 2411.15242, figure 2).
 *
 *   e = what the embedding gave                        x = the residual stream
 *   s = mlp(mlpNorm(attention(attentionNorm(x | e))))  no residuals inside
 *   y = x + mixer(norm(x + projection(s)))
 */

import { HybraError } from '@hybra/spec';
import { add, concat, type Tensor } from '@hybra/tensor';
import type { Layer, LayerState } from './layer.js';
import type { Linear } from './linear.js';
import type { Norm } from './norm.js';
import { parallelLayer } from './parallel-layer.js';
import { nestParameters } from './parameters.js';
import type { StepContext } from './step-context.js';

/** The parts of {@link sharedBlock}. */
export interface SharedBlockParts {
  /** Over 2 D. */
  readonly attentionNorm: Norm;
  /** 2 D → D. */
  readonly attention: Layer;
  readonly mlpNorm: Norm;
  readonly mlp: Layer;
  /** D → D, this layer's own. */
  readonly projection: Linear;
  /** Before the mixer. */
  readonly norm: Norm;
  readonly mixer: Layer;
}

/**
 * The block with its residual connection. Needs `embedded` in the step context.
 * State: those of attention and mixer, `attention.keys`, `mixer.ssm`, ….
 */
export function sharedBlock(parts: SharedBlockParts): Layer {
  const { attention, mixer } = parts;
  return Object.freeze({
    kind: 'shared',
    stateSpecs: parallelLayer('shared', [
      { name: 'attention', layer: attention },
      { name: 'mixer', layer: mixer },
    ]).stateSpecs,
    forward(x: Tensor, context: StepContext, state: LayerState) {
      if (!context.embedded) {
        throw new HybraError('E_ARGUMENT', 'shared block: the step context has no embedded input.', {});
      }
      const both = parts.attentionNorm.forward(concat([x, context.embedded], -1)); // [B, T, 2 D]
      const heard = attention.forward(both, context, partOf(state, 'attention'));
      const changed = parts.mlp.forward(parts.mlpNorm.forward(heard.y), context, {});
      const fed = add(x, parts.projection.forward(changed.y));
      const mixed = mixer.forward(parts.norm.forward(fed), context, partOf(state, 'mixer'));
      return {
        y: add(x, mixed.y),
        state: Object.freeze({ ...led('attention', heard.state), ...led('mixer', mixed.state) }),
      };
    },
    parameters: () => ({
      ...nestParameters({ norm: parts.norm.parameters() }),
      ...nestParameters({
        'mixer.attentionNorm': parts.attentionNorm.parameters(),
        'mixer.attention': attention.parameters(),
        'mixer.mlpNorm': parts.mlpNorm.parameters(),
        'mixer.mlp': parts.mlp.parameters(),
        'mixer.projection': parts.projection.parameters(),
        'mixer.mamba2': mixer.parameters(),
      }),
    }),
  });
}

function partOf(state: LayerState, part: string): LayerState {
  const own = Object.entries(state).filter(([name]) => name.startsWith(`${part}.`));
  return Object.fromEntries(own.map(([name, tensor]) => [name.slice(part.length + 1), tensor]));
}

function led(part: string, state: LayerState): LayerState {
  return Object.fromEntries(Object.entries(state).map(([name, tensor]) => [`${part}.${name}`, tensor]));
}
