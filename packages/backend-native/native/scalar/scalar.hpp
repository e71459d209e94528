/* Kernels that vectors do not help: compiled once, for the oldest processor. */
#pragma once
#include "../core/call.hpp"

namespace hybra::scalar {

#define HYBRA_SCALAR_KERNELS(X) \
  X(argmax) X(cumulativeSum) X(sort) X(gatherRows) X(scatterAddRows) X(writeRows) X(concat) X(pad) X(fill) X(iota) \
  X(random) X(copy) X(cast) X(segmentSum) X(topK) X(sample)

#define HYBRA_DECLARE(name) void kernel_##name(const Call& call, const Frame& frame);
HYBRA_SCALAR_KERNELS(HYBRA_DECLARE)
#undef HYBRA_DECLARE

}  // namespace hybra::scalar
