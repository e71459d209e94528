import { mandatoryOps } from '@hybra/spec';
import type { CpuKernel } from '../kernel.js';
import { argmaxKernel } from './array/argmax.js';
import { concatKernel } from './array/concat.js';
import { copyKernel } from './array/copy.js';
import { cumulativeSumKernel } from './array/cumulative-sum.js';
import { fillKernel } from './array/fill.js';
import { gatherRowsKernel } from './array/gather-rows.js';
import { iotaKernel } from './array/iota.js';
import { padKernel } from './array/pad.js';
import { randomKernel } from './array/random.js';
import { maxKernel, sumKernel } from './array/reduce.js';
import { scatterAddRowsKernel } from './array/scatter-add-rows.js';
import { sortKernel } from './array/sort.js';
import { writeRowsKernel } from './array/write-rows.js';
import { activationKernels } from './composite/activations.js';
import { crossEntropyKernel } from './composite/cross-entropy.js';
import { gatedRmsNormKernel } from './composite/gated-rms-norm.js';
import { layerNormKernel } from './composite/layer-norm.js';
import { moeKernel } from './composite/moe.js';
import { rmsNormKernel } from './composite/rms-norm.js';
import { sampleKernel } from './composite/sample.js';
import { logSoftmaxKernel, softmaxKernel } from './composite/softmax.js';
import { topKKernel } from './composite/top-k.js';
import { binaryKernels } from './elementwise/binary.js';
import { castKernel } from './elementwise/cast.js';
import { selectKernel } from './elementwise/select.js';
import { unaryKernels } from './elementwise/unary.js';
import { attentionGradientKernel } from './gradient/attention-gradient.js';
import { causalConv1dGradientKernel } from './gradient/causal-conv-gradient.js';
import { crossEntropyGradientKernel } from './gradient/cross-entropy-gradient.js';
import { gatedRmsNormGradientKernel, rmsNormGradientKernel } from './gradient/norm-gradients.js';
import { adamwStepKernel, sumOfSquaresKernel } from './gradient/optimizer.js';
import { selectiveScanGradientKernel } from './gradient/selective-gradient.js';
import { ssdChunkScanGradientKernel } from './gradient/ssd-gradient.js';
import { matmulKernel } from './matmul/matmul.js';
import { quantizedMatmulKernel } from './matmul/quantized-matmul.js';
import { attentionKernel } from './sequence/attention.js';
import { causalConv1dKernel } from './sequence/causal-conv.js';
import { gatedDeltaKernel } from './sequence/gated-delta.js';
import { rgLruKernel } from './sequence/rg-lru.js';
import { ropeKernel } from './sequence/rope.js';
import { segmentSumKernel } from './sequence/segment-sum.js';
import {
  selectiveRecurrentScanKernel,
  selectiveScanKernel,
  selectiveStepKernel,
} from './sequence/selective-scan.js';
import { ssdChunkScanKernel, ssdRecurrentScanKernel, ssdStepKernel } from './sequence/ssd-scan.js';

/** Every kernel of this package: one for each op of the contract. */
export const standardKernels: readonly CpuKernel[] = [
  ...unaryKernels,
  castKernel,
  ...binaryKernels,
  selectKernel,
  sumKernel,
  maxKernel,
  argmaxKernel,
  cumulativeSumKernel,
  sortKernel,
  matmulKernel,
  gatherRowsKernel,
  scatterAddRowsKernel,
  writeRowsKernel,
  concatKernel,
  padKernel,
  fillKernel,
  iotaKernel,
  randomKernel,
  copyKernel,
  ...activationKernels,
  softmaxKernel,
  logSoftmaxKernel,
  rmsNormKernel,
  gatedRmsNormKernel,
  layerNormKernel,
  crossEntropyKernel,
  quantizedMatmulKernel,
  topKKernel,
  sampleKernel,
  moeKernel,
  gatedDeltaKernel,
  rgLruKernel,
  ropeKernel,
  attentionKernel,
  causalConv1dKernel,
  segmentSumKernel,
  selectiveScanKernel,
  selectiveStepKernel,
  ssdChunkScanKernel,
  ssdStepKernel,
  sumOfSquaresKernel,
  rmsNormGradientKernel,
  gatedRmsNormGradientKernel,
  crossEntropyGradientKernel,
  causalConv1dGradientKernel,
  selectiveScanGradientKernel,
  ssdChunkScanGradientKernel,
  attentionGradientKernel,
  adamwStepKernel,
];

/**
 * The kernels of the mandatory ops alone. A device with only these runs everything else through its
 * decomposition: `cpu({ kernels: mandatoryKernels })`.
 */
export const mandatoryKernels: readonly CpuKernel[] = standardKernels.filter((kernel) =>
  mandatoryOps.includes(kernel.op),
);

/**
 * The scans as the recurrences that define them, position by position. In front of {@link standardKernels} they
 * make the device that chunked scans are measured against.
 */
export const recurrentKernels: readonly CpuKernel[] = [selectiveRecurrentScanKernel, ssdRecurrentScanKernel];
