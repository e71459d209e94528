import type { LayerConfig } from '@hybra/models';

/** A layer in a few words. */
export function describeLayer(layer: LayerConfig): string {
  switch (layer.kind) {
    case 'mamba':
      return `Mamba: ${layer.innerSize} channels, state ${layer.stateSize}`;
    case 'mamba2':
      return `Mamba-2: ${layer.heads} heads of ${layer.headSize}, state ${layer.stateSize}, ${layer.groups} groups, chunks of ${layer.chunkSize}`;
    case 'attention':
      return `attention: ${layer.heads} query and ${layer.keyValueHeads} key heads of ${layer.headSize}, ${layer.rope ? 'RoPE' : 'no position embedding'}${layer.window === undefined ? '' : `, window ${layer.window}`}`;
    case 'mlp':
      return `MLP: ${layer.innerSize}, ${layer.activation}${layer.gated ? ', gated' : ''}`;
    case 'experts':
      return `experts: ${layer.chosen} of ${layer.experts} with ${layer.innerSize}, ${layer.activation}${layer.gated ? ', gated' : ''}${layer.shared ? `, shared ${layer.shared.innerSize}` : ''}`;
    case 'convolution':
      return `short convolution: ${layer.kernelSize} taps`;
    case 'recurrent':
      return `RG-LRU: ${layer.innerSize} channels, ${layer.blocks} blocks`;
    case 'deltaNet':
      return `gated delta net: ${layer.valueHeads} heads of ${layer.keySize} × ${layer.valueSize}, ${layer.keyHeads} key heads`;
    case 'parallel':
      return layer.branches.map((branch) => describeLayer(branch.layer)).join(' beside ');
    case 'shared':
      return `${describeLayer(layer.mamba2)} after shared block ${layer.block} (${describeLayer(layer.attention)}; ${describeLayer(layer.mlp)})`;
  }
}

/** Bytes of a layer's state in float32: what is constant, and what each token adds. */
export interface StateBytes {
  readonly constant: number;
  readonly perToken: number;
}

/** @param hiddenSize width of the model */
export function stateBytes(layer: LayerConfig, hiddenSize: number): StateBytes {
  switch (layer.kind) {
    case 'mamba':
      return constant(layer.innerSize * (layer.stateSize + layer.kernelSize - 1));
    case 'mamba2': {
      const inner = layer.heads * layer.headSize;
      const channels = inner + 2 * layer.groups * layer.stateSize;
      return constant(inner * layer.stateSize + channels * (layer.kernelSize - 1));
    }
    case 'attention': {
      const channels = (layer.heads + 2 * layer.keyValueHeads) * layer.headSize;
      const tail = channels * ((layer.convolution?.kernelSize ?? 1) - 1);
      return { ...constant(tail), perToken: 8 * layer.keyValueHeads * layer.headSize };
    }
    case 'mlp':
    case 'experts':
      return constant(0);
    case 'convolution':
      return constant(hiddenSize * (layer.kernelSize - 1));
    case 'recurrent':
      return constant(layer.innerSize * layer.kernelSize);
    case 'deltaNet': {
      const keys = layer.keyHeads * layer.keySize;
      const values = layer.valueHeads * layer.valueSize;
      return constant(values * layer.keySize + (2 * keys + values) * (layer.kernelSize - 1));
    }
    case 'parallel':
      return sumOf(layer.branches.map((branch) => stateBytes(branch.layer, hiddenSize)));
    case 'shared':
      return sumOf([stateBytes(layer.attention, hiddenSize), stateBytes(layer.mamba2, hiddenSize)]);
  }
}

function constant(numbers: number): StateBytes {
  return { constant: 4 * numbers, perToken: 0 };
}

function sumOf(parts: readonly StateBytes[]): StateBytes {
  return parts.reduce(
    (sum, part) => ({
      constant: sum.constant + part.constant,
      perToken: sum.perToken + part.perToken,
    }),
    constant(0),
  );
}
