/* All kernels of one instruction set: compiled once for each, with HYBRA_ISA as the namespace. */
#include "../scalar/scalar.hpp"
#include "attention-gradient.hpp"
#include "attention.hpp"
#include "cast.hpp"
#include "causal-conv-gradient.hpp"
#include "causal-conv.hpp"
#include "ceilings.hpp"
#include "elementwise.hpp"
#include "matmul.hpp"
#include "optimizer.hpp"
#include "quantized-matmul.hpp"
#include "reduce.hpp"
#include "rope.hpp"
#include "row-gradients.hpp"
#include "rows.hpp"
#include "selective-gradient.hpp"
#include "selective-step.hpp"
#include "ssd-gradient.hpp"
#include "ssd-scan.hpp"
#include "widen.hpp"

#define HYBRA_STRING_(name) #name
#define HYBRA_STRING(name) HYBRA_STRING_(name)

namespace hybra::HYBRA_ISA {
namespace {

#define HYBRA_USE(name) using scalar::kernel_##name;
HYBRA_USE(argmax) HYBRA_USE(cumulativeSum) HYBRA_USE(sort) HYBRA_USE(gatherRows) HYBRA_USE(scatterAddRows)
HYBRA_USE(writeRows) HYBRA_USE(concat) HYBRA_USE(pad) HYBRA_USE(fill) HYBRA_USE(iota) HYBRA_USE(random)
HYBRA_USE(copy) HYBRA_USE(segmentSum) HYBRA_USE(topK) HYBRA_USE(sample)
#undef HYBRA_USE

/** Another unit's: see `KernelTable::narrow`. */
void kernel_quantizedMatmulInt8(const Call&, const Frame&) {}
void kernel_matmulBfloat16(const Call&, const Frame&) {}
void kernel_matmulInt14(const Call&, const Frame&) {}

/** Scratch of the kernel itself. */
std::int64_t ownScratch(const KernelTable& table, const Call& call, int threads) {
  switch (call.op) {
    case Op::sum:
    case Op::max: return 8 * call.outputs[0].count();
    case Op::matmul: return matmulScratch<FloatPanels>(call, threads);
    case Op::matmulBfloat16: return table.narrow->bfloat16Scratch(call, threads);
    case Op::matmulInt14: return table.narrow->halfScratch(call, threads);
    case Op::quantizedMatmul: return quantizedScratch(call, threads);
    case Op::quantizedMatmulInt8: return table.narrow->integerScratch(call, threads);
    case Op::causalConv1d: return convScratch(call, threads);
    case Op::attention: return attentionScratch(call, threads);
    case Op::selectiveScan:
    case Op::selectiveStep: return selectiveScratch(call, threads);
    case Op::ssdChunkScan:
    case Op::ssdStep: return ssdScratch(call, threads);
    case Op::sumOfSquares: return sumOfSquaresScratch(call);
    case Op::rmsNormGradient: return normGradientScratch(call, 1);
    case Op::gatedRmsNormGradient: return normGradientScratch(call, 2);
    case Op::causalConv1dGradient: return convGradientScratch(call, threads);
    case Op::selectiveScanGradient: return selectiveGradientScratch(call, threads);
    case Op::ssdChunkScanGradient: return ssdGradientScratch(call, threads);
    case Op::attentionGradient: return attentionGradientScratch(call, threads);
    case Op::sort:
    case Op::topK: return 8 * call.inputs[0].extent(1);
    case Op::sample: return 16 * call.inputs[0].extent(1);
    default: return 0;
  }
}

std::int64_t scratchBytes(const KernelTable& table, const Call& call, int threads) {
  const Widening widening(call);
  return widening.bytes + ownScratch(table, widening.call, threads);
}

void run(const KernelTable& table, const Call& call, const Frame& frame) {
  const Kernel kernel = table.kernels[static_cast<int>(call.op)];
  if (hasHalves(call)) Widening(call).run(kernel, call, frame);
  else kernel(call, frame);
}

}  // namespace

extern const KernelTable table;
const KernelTable table = {
    HYBRA_STRING(HYBRA_ISA),
    {
#define HYBRA_OP(name) kernel_##name,
        HYBRA_OPS(HYBRA_OP)
#undef HYBRA_OP
    },
    scratchBytes,
    run,
    peakOperations,
    readBandwidth,
};
}  // namespace hybra::HYBRA_ISA
