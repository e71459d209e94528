import type { OpName } from '@hybra/spec';
import type { OpDefinition } from '../graph/op-definition.js';
import { geluDefinition } from './activation/gelu.js';
import { logSoftmaxDefinition } from './activation/log-softmax.js';
import { siluDefinition } from './activation/silu.js';
import { softmaxDefinition } from './activation/softmax.js';
import { softplusDefinition } from './activation/softplus.js';
import { swigluDefinition } from './activation/swiglu.js';
import { argmaxDefinition } from './array/argmax.js';
import { concatDefinition } from './array/concat.js';
import { copyDefinition } from './array/copy.js';
import { cumulativeSumDefinition } from './array/cumulative-sum.js';
import { fillDefinition } from './array/fill.js';
import { gatherRowsDefinition } from './array/gather-rows.js';
import { iotaDefinition } from './array/iota.js';
import { matmulDefinition } from './array/matmul.js';
import { padDefinition } from './array/pad.js';
import { randomDefinition } from './array/random.js';
import { maxDefinition, sumDefinition } from './array/reduce.js';
import { scatterAddRowsDefinition, writeRowsDefinition } from './array/scatter-rows.js';
import { sortDefinition } from './array/sort.js';
import { binaryDefinitions } from './elementwise/binary.js';
import { castDefinition } from './elementwise/cast.js';
import { notDefinition } from './elementwise/not.js';
import { selectDefinition } from './elementwise/select.js';
import { unaryDefinitions } from './elementwise/unary.js';
import { moeDefinition } from './experts/moe.js';
import { adamwStepDefinition } from './gradient/adamw-step.js';
import { attentionGradientDefinition } from './gradient/attention-gradient.js';
import { causalConv1dGradientDefinition } from './gradient/causal-conv1d-gradient.js';
import { crossEntropyGradientDefinition } from './gradient/cross-entropy-gradient.js';
import { gatedRmsNormGradientDefinition } from './gradient/gated-rms-norm-gradient.js';
import { rmsNormGradientDefinition } from './gradient/rms-norm-gradient.js';
import { selectiveScanGradientDefinition } from './gradient/selective-scan-gradient.js';
import { ssdChunkScanGradientDefinition } from './gradient/ssd-chunk-scan-gradient.js';
import { sumOfSquaresDefinition } from './gradient/sum-of-squares.js';
import { crossEntropyDefinition } from './loss/cross-entropy.js';
import { gatedRmsNormDefinition } from './norm/gated-rms-norm.js';
import { layerNormDefinition } from './norm/layer-norm.js';
import { rmsNormDefinition } from './norm/rms-norm.js';
import { quantizedMatmulDefinition } from './quantized/quantized-matmul.js';
import { sampleDefinition } from './sampling/sample.js';
import { topKDefinition } from './sampling/top-k.js';
import { attentionDefinition } from './sequence/attention.js';
import { causalConv1dDefinition } from './sequence/causal-conv1d.js';
import { gatedDeltaDefinition } from './sequence/gated-delta.js';
import { rgLruDefinition } from './sequence/rg-lru.js';
import { ropeDefinition } from './sequence/rope.js';
import { segmentSumDefinition } from './sequence/segment-sum.js';
import { selectiveScanDefinition } from './sequence/selective-scan.js';
import { selectiveStepDefinition } from './sequence/selective-step.js';
import { ssdChunkScanDefinition } from './sequence/ssd-chunk-scan.js';
import { ssdStepDefinition } from './sequence/ssd-step.js';

export { type GeluOptions, gelu } from './activation/gelu.js';
export { logSoftmax } from './activation/log-softmax.js';
export { silu } from './activation/silu.js';
export { softmax } from './activation/softmax.js';
export { softplus } from './activation/softplus.js';
export { swiglu } from './activation/swiglu.js';
export { argmax } from './array/argmax.js';
export { concat } from './array/concat.js';
export { copy } from './array/copy.js';
export { type CumulativeSumOptions, cumulativeSum } from './array/cumulative-sum.js';
export { fill } from './array/fill.js';
export { gatherRows } from './array/gather-rows.js';
export { iota } from './array/iota.js';
export { literal, scalar } from './array/literal.js';
export { type MatmulOptions, matmul } from './array/matmul.js';
export { pad } from './array/pad.js';
export { random } from './array/random.js';
export { type Axes, max, mean, type ReduceOptions, sum } from './array/reduce.js';
export { scatterAddRows, writeRows } from './array/scatter-rows.js';
export { type Sorted, type SortOptions, sort } from './array/sort.js';
export type { Operand } from './broadcast.js';
export {
  add,
  and,
  bitAnd,
  bitOr,
  bitXor,
  div,
  equal,
  less,
  maximum,
  minimum,
  mul,
  or,
  pow,
  shiftLeft,
  shiftRight,
  sub,
} from './elementwise/binary.js';
export { cast } from './elementwise/cast.js';
export {
  clamp,
  greater,
  greaterEqual,
  lessEqual,
  relu,
  rsqrt,
  sigmoid,
  square,
} from './elementwise/derived.js';
export { not } from './elementwise/not.js';
export { select } from './elementwise/select.js';
export {
  abs,
  cos,
  erf,
  exp,
  expm1,
  floor,
  log,
  log1p,
  neg,
  reciprocal,
  sin,
  sqrt,
  tanh,
} from './elementwise/unary.js';
export { type ExpertActivation, type MoeInputs, moe } from './experts/moe.js';
export { type AdamwMoments, type AdamwStepOptions, adamwStep } from './gradient/adamw-step.js';
export { attentionGradient } from './gradient/attention-gradient.js';
export { causalConv1dGradient } from './gradient/causal-conv1d-gradient.js';
export { crossEntropyGradient } from './gradient/cross-entropy-gradient.js';
export { type GatedRmsNormGradientInputs, gatedRmsNormGradient } from './gradient/gated-rms-norm-gradient.js';
export { rmsNormGradient } from './gradient/rms-norm-gradient.js';
export type { ScanGradients as SsdChunkScanGradients } from './gradient/scan-gradient.js';
export { selectiveScanGradient } from './gradient/selective-scan-gradient.js';
export { ssdChunkScanGradient } from './gradient/ssd-chunk-scan-gradient.js';
export { sumOfSquares } from './gradient/sum-of-squares.js';
export { crossEntropy } from './loss/cross-entropy.js';
export { type GatedRmsNormOptions, gatedRmsNorm } from './norm/gated-rms-norm.js';
export { layerNorm } from './norm/layer-norm.js';
export { type NormOptions, rmsNorm } from './norm/rms-norm.js';
export { dequantize } from './quantized/dequantize.js';
export { gatherQuantizedRows } from './quantized/gather-quantized-rows.js';
export { quantizedMatmul } from './quantized/quantized-matmul.js';
export { isQuantizedWeight, type QuantizedWeight, quantizedWeight } from './quantized/quantized-weight.js';
export { type SampleInputs, sample } from './sampling/sample.js';
export { topK } from './sampling/top-k.js';
export { type AttentionInputs, type AttentionOptions, attention } from './sequence/attention.js';
export { type CausalConv1dInputs, type CausalConv1dOptions, causalConv1d } from './sequence/causal-conv1d.js';
export { type GatedDeltaInputs, type GatedDeltaOptions, gatedDelta } from './sequence/gated-delta.js';
export { type RgLruInputs, rgLru } from './sequence/rg-lru.js';
export { type RopeOptions, rope } from './sequence/rope.js';
export { segmentSum } from './sequence/segment-sum.js';
export { type SelectiveScanInputs, selectiveScan } from './sequence/selective-scan.js';
export { selectiveStep } from './sequence/selective-step.js';
export {
  type SsdChunkScanInputs,
  type SsdChunkScanOptions,
  ssdChunkScan,
} from './sequence/ssd-chunk-scan.js';
export { ssdStep } from './sequence/ssd-step.js';

/** Every op of this version, by name. */
export const opDefinitions: Readonly<Record<OpName, OpDefinition>> = {
  ...unaryDefinitions,
  ...binaryDefinitions,
  cast: castDefinition,
  not: notDefinition,
  select: selectDefinition,
  sum: sumDefinition,
  max: maxDefinition,
  argmax: argmaxDefinition,
  cumulativeSum: cumulativeSumDefinition,
  sort: sortDefinition,
  matmul: matmulDefinition,
  gatherRows: gatherRowsDefinition,
  scatterAddRows: scatterAddRowsDefinition,
  writeRows: writeRowsDefinition,
  concat: concatDefinition,
  pad: padDefinition,
  fill: fillDefinition,
  iota: iotaDefinition,
  random: randomDefinition,
  copy: copyDefinition,
  gelu: geluDefinition,
  logSoftmax: logSoftmaxDefinition,
  silu: siluDefinition,
  softmax: softmaxDefinition,
  softplus: softplusDefinition,
  swiglu: swigluDefinition,
  moe: moeDefinition,
  crossEntropy: crossEntropyDefinition,
  gatedRmsNorm: gatedRmsNormDefinition,
  layerNorm: layerNormDefinition,
  rmsNorm: rmsNormDefinition,
  quantizedMatmul: quantizedMatmulDefinition,
  sample: sampleDefinition,
  topK: topKDefinition,
  attention: attentionDefinition,
  causalConv1d: causalConv1dDefinition,
  gatedDelta: gatedDeltaDefinition,
  rgLru: rgLruDefinition,
  rope: ropeDefinition,
  segmentSum: segmentSumDefinition,
  selectiveScan: selectiveScanDefinition,
  selectiveStep: selectiveStepDefinition,
  ssdChunkScan: ssdChunkScanDefinition,
  ssdStep: ssdStepDefinition,
  adamwStep: adamwStepDefinition,
  attentionGradient: attentionGradientDefinition,
  causalConv1dGradient: causalConv1dGradientDefinition,
  crossEntropyGradient: crossEntropyGradientDefinition,
  gatedRmsNormGradient: gatedRmsNormGradientDefinition,
  rmsNormGradient: rmsNormGradientDefinition,
  selectiveScanGradient: selectiveScanGradientDefinition,
  ssdChunkScanGradient: ssdChunkScanGradientDefinition,
  sumOfSquares: sumOfSquaresDefinition,
};
