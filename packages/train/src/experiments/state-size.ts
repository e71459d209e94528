import type { HybridConfig } from '@hybra/models';

/** Numbers that a model keeps of one sequence. */
export interface StateSize {
  /** However long the sequence is. */
  readonly constant: number;
  /** For each token. */
  readonly perToken: number;
}

/** The state of the layers that experiments use. */
export function stateSize({ layers }: HybridConfig): StateSize {
  let constant = 0;
  let perToken = 0;
  for (const layer of layers) {
    if (layer.kind === 'mamba') constant += layer.innerSize * (layer.stateSize + layer.kernelSize - 1);
    if (layer.kind === 'mamba2') {
      const inner = layer.heads * layer.headSize;
      const channels = inner + 2 * layer.groups * layer.stateSize;
      constant += inner * layer.stateSize + channels * (layer.kernelSize - 1);
    }
    if (layer.kind === 'attention') {
      const cached = 2 * layer.keyValueHeads * layer.headSize;
      const channels = layer.heads * layer.headSize + cached;
      perToken += cached;
      constant += layer.convolution ? channels * (layer.convolution.kernelSize - 1) : 0;
    }
  }
  return { constant, perToken };
}
