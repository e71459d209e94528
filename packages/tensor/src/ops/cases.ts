import type { OpName } from '@hybra/spec';
import type { OpCase } from '../graph/op-case.js';
import {
  geluCases,
  logSoftmaxCases,
  siluCases,
  softmaxCases,
  softplusCases,
  swigluCases,
} from './activation/activation.cases.js';
import { argmaxCases } from './array/argmax.cases.js';
import { concatCases } from './array/concat.cases.js';
import { copyCases } from './array/copy.cases.js';
import { cumulativeSumCases } from './array/cumulative-sum.cases.js';
import { gatherRowsCases } from './array/gather-rows.cases.js';
import { fillCases, iotaCases, randomCases } from './array/make.cases.js';
import { matmulCases } from './array/matmul.cases.js';
import { padCases } from './array/pad.cases.js';
import { maxCases, sumCases } from './array/reduce.cases.js';
import { scatterAddRowsCases, writeRowsCases } from './array/scatter-rows.cases.js';
import { sortCases } from './array/sort.cases.js';
import { binaryCases } from './elementwise/binary.cases.js';
import { castCases } from './elementwise/cast.cases.js';
import { notCases } from './elementwise/not.cases.js';
import { selectCases } from './elementwise/select.cases.js';
import { unaryCases } from './elementwise/unary.cases.js';
import { moeCases } from './experts/moe.cases.js';
import {
  adamwStepCases,
  attentionGradientCases,
  causalConv1dGradientCases,
  crossEntropyGradientCases,
  gatedRmsNormGradientCases,
  rmsNormGradientCases,
  selectiveScanGradientCases,
  ssdChunkScanGradientCases,
  sumOfSquaresCases,
} from './gradient/gradient.cases.js';
import { crossEntropyCases } from './loss/cross-entropy.cases.js';
import { gatedRmsNormCases } from './norm/gated-rms-norm.cases.js';
import { layerNormCases, rmsNormCases } from './norm/norm.cases.js';
import { quantizedMatmulCases } from './quantized/quantized-matmul.cases.js';
import { sampleCases } from './sampling/sample.cases.js';
import { topKCases } from './sampling/top-k.cases.js';
import { attentionCases } from './sequence/attention.cases.js';
import { causalConv1dCases } from './sequence/causal-conv1d.cases.js';
import { gatedDeltaCases } from './sequence/gated-delta.cases.js';
import { rgLruCases } from './sequence/rg-lru.cases.js';
import { ropeCases } from './sequence/rope.cases.js';
import { segmentSumCases } from './sequence/segment-sum.cases.js';
import { selectiveScanCases, selectiveStepCases } from './sequence/selective.cases.js';
import { ssdChunkScanCases, ssdStepCases } from './sequence/ssd.cases.js';

/** The conformance cases of every op: what a backend has to agree with the reference on. */
export const opCases: Readonly<Record<OpName, readonly OpCase[]>> = {
  ...unaryCases,
  ...binaryCases,
  cast: castCases,
  not: notCases,
  select: selectCases,
  sum: sumCases,
  max: maxCases,
  argmax: argmaxCases,
  cumulativeSum: cumulativeSumCases,
  sort: sortCases,
  matmul: matmulCases,
  gatherRows: gatherRowsCases,
  scatterAddRows: scatterAddRowsCases,
  writeRows: writeRowsCases,
  concat: concatCases,
  pad: padCases,
  fill: fillCases,
  iota: iotaCases,
  random: randomCases,
  copy: copyCases,
  silu: siluCases,
  gelu: geluCases,
  softplus: softplusCases,
  swiglu: swigluCases,
  softmax: softmaxCases,
  logSoftmax: logSoftmaxCases,
  rmsNorm: rmsNormCases,
  gatedRmsNorm: gatedRmsNormCases,
  layerNorm: layerNormCases,
  moe: moeCases,
  crossEntropy: crossEntropyCases,
  topK: topKCases,
  quantizedMatmul: quantizedMatmulCases,
  sample: sampleCases,
  gatedDelta: gatedDeltaCases,
  rgLru: rgLruCases,
  rope: ropeCases,
  attention: attentionCases,
  causalConv1d: causalConv1dCases,
  segmentSum: segmentSumCases,
  selectiveScan: selectiveScanCases,
  selectiveStep: selectiveStepCases,
  ssdChunkScan: ssdChunkScanCases,
  ssdStep: ssdStepCases,
  adamwStep: adamwStepCases,
  attentionGradient: attentionGradientCases,
  causalConv1dGradient: causalConv1dGradientCases,
  crossEntropyGradient: crossEntropyGradientCases,
  gatedRmsNormGradient: gatedRmsNormGradientCases,
  rmsNormGradient: rmsNormGradientCases,
  selectiveScanGradient: selectiveScanGradientCases,
  ssdChunkScanGradient: ssdChunkScanGradientCases,
  sumOfSquares: sumOfSquaresCases,
};
