#pragma once

/** Every op with a kernel: X(name). The order gives each op its number. */
#define HYBRA_OPS(X) \
  X(neg) X(abs) X(exp) X(expm1) X(log) X(log1p) X(sin) X(cos) X(tanh) X(erf) X(sqrt) X(reciprocal) X(floor) \
  X(logicalNot) X(cast) X(add) X(sub) X(mul) X(div) X(minimum) X(maximum) X(pow) X(less) X(equal) \
  X(logicalAnd) X(logicalOr) X(bitAnd) X(bitOr) X(bitXor) X(shiftLeft) X(shiftRight) X(select) \
  X(sum) X(max) X(argmax) X(cumulativeSum) X(sort) X(matmul) X(matmulBfloat16) X(matmulInt14) \
  X(gatherRows) X(scatterAddRows) X(writeRows)   X(concat) X(pad) X(fill) X(iota) X(random) X(copy) \
  X(silu) X(gelu) X(softplus) X(swiglu) X(softmax) X(logSoftmax) X(rmsNorm) X(gatedRmsNorm) X(layerNorm) \
  X(quantizedMatmul) X(quantizedMatmulInt8) X(crossEntropy) X(topK) X(sample) \
  X(rope) X(attention) X(causalConv1d) X(segmentSum) X(selectiveScan) X(selectiveStep) X(ssdChunkScan) \
  X(ssdStep) \
  X(sumOfSquares) X(rmsNormGradient) X(gatedRmsNormGradient) X(crossEntropyGradient) X(causalConv1dGradient) \
  X(selectiveScanGradient) X(ssdChunkScanGradient) X(attentionGradient) X(adamwStep)

namespace hybra {

enum class Op {
#define HYBRA_OP(name) name,
  HYBRA_OPS(HYBRA_OP)
#undef HYBRA_OP
  count
};

}  // namespace hybra
