/* A batched product as index arithmetic: a[m, k] lies at m·aM + k·aK from its start, b[k, n] at k·bK + n·bN. */
#pragma once
#include "parallel.hpp"

namespace hybra::HYBRA_ISA {
namespace {

struct MatmulPlan {
  std::int64_t M, K, N;
  std::int64_t aM, aK, bK, bN;
  DType bType;
};

/** Attributes: whether a, whether b is transposed. */
inline MatmulPlan planMatmul(const Call& call) {
  const Operand &a = call.inputs[0], &b = call.inputs[1], &y = call.outputs[0];
  const int aRow = call.attributes[0] != 0 ? 1 : 2, bRow = call.attributes[1] != 0 ? 1 : 2;
  MatmulPlan plan;
  plan.M = y.extent(2);
  plan.N = y.extent(1);
  plan.K = a.extent(3 - aRow);
  plan.aM = a.stride(aRow);
  plan.aK = a.stride(3 - aRow);
  plan.bK = b.stride(bRow);
  plan.bN = b.stride(3 - bRow);
  plan.bType = b.dtype;
  return plan;
}

/** Products of a call, and where the operands of each begin. */
struct MatmulBatch {
  int rank;
  std::int64_t count = 1;
  const Operand* operands[2];
  const std::int64_t* shape;

  explicit MatmulBatch(const Call& call)
      : rank(call.outputs[0].rank - 2), operands{&call.inputs[0], &call.inputs[1]}, shape(call.outputs[0].shape) {
    for (int axis = 0; axis < rank; axis++) count *= shape[axis];
  }
  std::int64_t start(int operand, std::int64_t index) const {
    std::int64_t from = 0;
    for (int axis = rank - 1; axis >= 0; axis--) {
      from += index % shape[axis] * operands[operand]->strides[axis];
      index /= shape[axis];
    }
    return from;
  }
};

}  // namespace
}  // namespace hybra::HYBRA_ISA
