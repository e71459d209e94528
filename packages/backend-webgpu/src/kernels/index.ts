import type { WebGpuKernel } from '../kernel.js';
import { argmaxKernel } from './array/argmax.js';
import { concatKernel } from './array/concat.js';
import { cumulativeSumKernel } from './array/cumulative-sum.js';
import { fillKernel, iotaKernel, randomKernel } from './array/make.js';
import { copyKernel, gatherRowsKernel, padKernel } from './array/move.js';
import { maxKernel, sumKernel } from './array/reduce.js';
import { sortKernel, topKKernel } from './array/sort.js';
import { scatterAddRowsKernel, writeRowsKernel } from './array/write-rows.js';
import { gatedRmsNormKernel, layerNormKernel, rmsNormKernel } from './composite/norms.js';
import { sampleKernel } from './composite/sample.js';
import { crossEntropyKernel, logSoftmaxKernel, softmaxKernel } from './composite/softmax.js';
import { binaryKernels } from './elementwise/binary.js';
import { castKernel } from './elementwise/cast.js';
import { notKernel, selectKernel } from './elementwise/select.js';
import { geluKernel, unaryKernels } from './elementwise/unary.js';
import { moeRowsKernel } from './experts/moe-rows.js';
import { moeTiledKernel } from './experts/moe-tiled.js';
import { matmulBlockedKernel } from './matmul/matmul-blocked.js';
import { matmulElementsKernel } from './matmul/matmul-elements.js';
import { matmulMatrixUnitsKernel } from './matmul/matmul-matrix-units.js';
import { matmulRowsKernel } from './matmul/matmul-rows.js';
import { matmulRowsStridedKernel } from './matmul/matmul-rows-strided.js';
import { matmulTiledKernel } from './matmul/matmul-tiled.js';
import { quantizedBlockedKernel } from './matmul/quantized-blocked.js';
import { quantizedElementsKernel } from './matmul/quantized-elements.js';
import { quantizedRowsKernel } from './matmul/quantized-rows.js';
import { attentionKernel } from './sequence/attention.js';
import { attentionTiledKernel } from './sequence/attention-tiled.js';
import { causalConv1dKernel } from './sequence/causal-conv.js';
import { gatedDeltaStepsKernel } from './sequence/gated-delta-steps.js';
import { rgLruKernel } from './sequence/rg-lru.js';
import { ropeKernel } from './sequence/rope.js';
import { segmentSumKernel } from './sequence/segment-sum.js';
import { selectiveScanKernel, selectiveStepKernel } from './sequence/selective.js';
import { ssdChunkScanKernel } from './sequence/ssd-chunk-scan.js';
import { ssdStepKernel } from './sequence/ssd-step.js';

/** Kernels of the ops that every backend must have, and of the functions of one or two elements. */
export const mandatoryKernels: readonly WebGpuKernel[] = [
  ...unaryKernels,
  ...binaryKernels,
  castKernel,
  notKernel,
  selectKernel,
  sumKernel,
  maxKernel,
  argmaxKernel,
  cumulativeSumKernel,
  sortKernel,
  matmulRowsKernel,
  matmulRowsStridedKernel,
  matmulMatrixUnitsKernel,
  matmulBlockedKernel,
  matmulTiledKernel,
  matmulElementsKernel,
  gatherRowsKernel,
  scatterAddRowsKernel,
  writeRowsKernel,
  concatKernel,
  padKernel,
  fillKernel,
  iotaKernel,
  randomKernel,
  copyKernel,
];

/** All kernels of this backend. */
export const standardKernels: readonly WebGpuKernel[] = [
  ...mandatoryKernels,
  geluKernel,
  softmaxKernel,
  logSoftmaxKernel,
  rmsNormKernel,
  gatedRmsNormKernel,
  layerNormKernel,
  crossEntropyKernel,
  topKKernel,
  sampleKernel,
  quantizedRowsKernel,
  quantizedBlockedKernel,
  quantizedElementsKernel,
  moeRowsKernel,
  moeTiledKernel,
  ropeKernel,
  attentionTiledKernel,
  attentionKernel,
  causalConv1dKernel,
  segmentSumKernel,
  selectiveScanKernel,
  selectiveStepKernel,
  ssdChunkScanKernel,
  ssdStepKernel,
  gatedDeltaStepsKernel,
  rgLruKernel,
];
