import { openSafetensors } from '../safetensors/open-safetensors.js';
import type { WeightSource } from '../safetensors/weight-source.js';
import type { ByteSource } from '../sources/byte-source.js';
import { openTorch } from '../torch/open-torch.js';

/** Opens one file of weights by the ending of its name. Takes the source over. @throws E_FORMAT, E_IO, E_ABORTED */
export function openWeights(source: ByteSource, signal?: AbortSignal): Promise<WeightSource> {
  const isTorch = /\.(bin|pt|pth)$/.test(source.name);
  return isTorch ? openTorch(source, signal) : openSafetensors(source, signal);
}
