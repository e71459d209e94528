import type { CudaKernel } from '../kernel.js';
import { scatterAddManyKernel, sumColumnsKernel, sumSpansKernel } from './array/columns.js';
import { iotaKernel, randomKernel } from './array/make.js';
import { concatKernel, copyKernel, fillKernel, padKernel } from './array/move.js';
import { argmaxKernel, sortKernel, topKKernel } from './array/order.js';
import { cumulativeSumKernel, maxKernel, sumKernel } from './array/reduce.js';
import { gatherRowsKernel, scatterAddRowsKernel, writeRowsKernel } from './array/rows.js';
import { gatedRmsNormKernel, layerNormKernel, rmsNormKernel } from './composite/norms.js';
import { sampleKernel } from './composite/sample.js';
import { crossEntropyKernel, logSoftmaxKernel, softmaxKernel } from './composite/softmax.js';
import { binaryKernels } from './elementwise/binary.js';
import { castKernel } from './elementwise/cast.js';
import { selectKernel } from './elementwise/select.js';
import { unaryKernels } from './elementwise/unary.js';
import { convGradientKernel } from './gradient/conv-gradient.js';
import { gatedRmsNormGradientKernel, rmsNormGradientKernel } from './gradient/norm-gradients.js';
import { adamwStepKernel, crossEntropyGradientKernel, sumOfSquaresKernel } from './gradient/optimizer.js';
import { roundedAttentionGradientKernel } from './gradient/rounded-attention-gradient.js';
import { roundedSsdGradientKernel } from './gradient/rounded-ssd-gradient.js';
import { ssdGradientKernel } from './gradient/ssd-gradient.js';
import { gemvKernel } from './matmul/gemv.js';
import { matmulKernel } from './matmul/matmul.js';
import { quantizedGemvKernel } from './matmul/quantized-gemv.js';
import { tensorMatmulKernel } from './matmul/tensor-matmul.js';
import { wgmmaMatmulKernel } from './matmul/wgmma-matmul.js';
import { attentionKernel } from './sequence/attention.js';
import { causalConv1dKernel } from './sequence/causal-conv.js';
import { decodeAttentionKernel } from './sequence/decode-attention.js';
import { ropeKernel } from './sequence/rope.js';
import { selectiveScanKernel, selectiveStepKernel } from './sequence/selective.js';
import { ssdChunksKernel, ssdScanKernel, ssdStepKernel } from './sequence/ssd.js';
import { wgmmaAttentionKernel } from './sequence/wgmma-attention.js';
import { wgmmaSsdKernel } from './sequence/wgmma-ssd.js';

/** Choices among kernels. */
export interface KernelOptions {
  /**
   * Arithmetic of products of float32 activations with bfloat16 weights. `float32` (the default) cuts the
   * activations into three bfloat16 pieces, so that every term is exact; `bfloat16` rounds them, three times
   * faster where matrices are large, with a relative error of at most 2⁻⁸ per activation.
   */
  readonly products?: 'float32' | 'bfloat16';
  /** Compute capability of the GPU: 9.0 has kernels of its own. Default is 8.0, whose kernels run everywhere. */
  readonly capability?: number;
}

/** Every kernel of this package, in the order in which they are tried. */
export function standardKernels({
  products = 'float32',
  capability = 8,
}: KernelOptions = {}): readonly CudaKernel[] {
  const pieces = products === 'float32' ? 3 : 1;
  const forHopper = (kernel: CudaKernel): readonly CudaKernel[] => (capability === 9 ? [kernel] : []);
  return [
    ...unaryKernels,
    ...binaryKernels,
    castKernel,
    selectKernel,
    sumColumnsKernel,
    sumSpansKernel,
    sumKernel,
    maxKernel,
    argmaxKernel,
    cumulativeSumKernel,
    sortKernel,
    gemvKernel,
    quantizedGemvKernel,
    ...forHopper(wgmmaMatmulKernel(pieces)),
    tensorMatmulKernel(pieces),
    matmulKernel,
    gatherRowsKernel,
    scatterAddManyKernel,
    scatterAddRowsKernel,
    writeRowsKernel,
    concatKernel,
    padKernel,
    fillKernel,
    iotaKernel,
    randomKernel,
    copyKernel,
    softmaxKernel,
    logSoftmaxKernel,
    rmsNormKernel,
    gatedRmsNormKernel,
    layerNormKernel,
    crossEntropyKernel,
    topKKernel,
    sampleKernel,
    ropeKernel,
    decodeAttentionKernel,
    ...forHopper(wgmmaAttentionKernel(pieces)),
    attentionKernel,
    causalConv1dKernel,
    selectiveScanKernel,
    selectiveStepKernel,
    ...forHopper(wgmmaSsdKernel(pieces)),
    ssdChunksKernel,
    ssdScanKernel,
    ssdStepKernel,
    rmsNormGradientKernel,
    gatedRmsNormGradientKernel,
    convGradientKernel,
    ...(pieces === 1 ? [roundedSsdGradientKernel, roundedAttentionGradientKernel] : []),
    ssdGradientKernel,
    crossEntropyGradientKernel,
    sumOfSquaresKernel,
    adamwStepKernel,
  ];
}
