/* Index spaces of elementwise kernels: several strided operands over one shape, in as few axes as possible. */
#pragma once
#include "parallel.hpp"

namespace hybra::HYBRA_ISA {
namespace {

constexpr int mostOperands = 4;

struct Loops {
  int rank = 0;
  int operands = 0;
  std::int64_t shape[maxRank];
  std::int64_t strides[mostOperands][maxRank];

  std::int64_t inner() const { return shape[rank - 1]; }
  std::int64_t step(int operand) const { return strides[operand][rank - 1]; }
  std::int64_t rows() const {
    std::int64_t count = 1;
    for (int axis = 0; axis < rank - 1; axis++) count *= shape[axis];
    return count;
  }
};

/** Drops axes of extent 1 and merges neighbours that every operand walks in one stride. */
inline Loops collapse(int rank, const std::int64_t* shape, int operands, const std::int64_t* const* strides) {
  Loops loops;
  loops.operands = operands;
  for (int axis = 0; axis < rank; axis++) {
    if (shape[axis] == 1) continue;
    bool merges = loops.rank > 0;
    for (int i = 0; i < operands && merges; i++) {
      merges = loops.strides[i][loops.rank - 1] == strides[i][axis] * shape[axis];
    }
    if (!merges) loops.shape[loops.rank++] = 1;
    loops.shape[loops.rank - 1] *= shape[axis];
    for (int i = 0; i < operands; i++) loops.strides[i][loops.rank - 1] = strides[i][axis];
  }
  if (loops.rank == 0) {
    loops.rank = 1;
    loops.shape[0] = 1;
    for (int i = 0; i < operands; i++) loops.strides[i][0] = 1;
  }
  return loops;
}

/** The loops over a call's inputs and its first output, in that order. */
inline Loops elementwiseLoops(const Call& call) {
  const std::int64_t* strides[mostOperands];
  for (int i = 0; i < call.inputCount; i++) strides[i] = call.inputs[i].strides;
  strides[call.inputCount] = call.outputs[0].strides;
  return collapse(call.outputs[0].rank, call.outputs[0].shape, call.inputCount + 1, strides);
}

/** Elements one task takes at most, and fewer where rows are shorter. */
constexpr std::int64_t elementsPerTask = 8192;

/**
 * Calls `f(starts, count)` for pieces of rows of the innermost axis, on several threads if there is enough to
 * do; `starts` are where each operand's piece begins.
 */
template <class F>
inline void forRows(const Loops& loops, Pool& pool, double nanosecondsPerElement, F f) {
  const std::int64_t inner = loops.inner(), rows = loops.rows();
  if (inner == 0 || rows == 0) return;
  const std::int64_t piece = least(inner, elementsPerTask);
  const std::int64_t piecesPerRow = ceilDivide(inner, piece);
  const std::int64_t rowsPerTask = most(1, elementsPerTask / inner);
  const std::int64_t tasks = piecesPerRow > 1 ? rows * piecesPerRow : ceilDivide(rows, rowsPerTask);
  parallel(pool, nanosecondsPerElement * rows * inner, tasks, [&](std::int64_t task, int) {
    const std::int64_t firstRow = piecesPerRow > 1 ? task / piecesPerRow : task * rowsPerTask;
    const std::int64_t lastRow = piecesPerRow > 1 ? firstRow + 1 : least(rows, firstRow + rowsPerTask);
    const std::int64_t from = piecesPerRow > 1 ? task % piecesPerRow * piece : 0;
    const std::int64_t count = least(piece, inner - from);
    std::int64_t counters[maxRank] = {};
    std::int64_t starts[mostOperands] = {};
    std::int64_t rest = firstRow;
    for (int axis = loops.rank - 2; axis >= 0; axis--) {
      counters[axis] = rest % loops.shape[axis];
      rest /= loops.shape[axis];
      for (int i = 0; i < loops.operands; i++) starts[i] += counters[axis] * loops.strides[i][axis];
    }
    for (int i = 0; i < loops.operands; i++) starts[i] += from * loops.step(i);
    for (std::int64_t row = firstRow; row < lastRow; row++) {
      f(starts, count);
      for (int axis = loops.rank - 2; axis >= 0; axis--) {
        const bool wraps = ++counters[axis] == loops.shape[axis];
        const std::int64_t steps = wraps ? 1 - loops.shape[axis] : 1;
        for (int i = 0; i < loops.operands; i++) starts[i] += steps * loops.strides[i][axis];
        if (!wraps) break;
        counters[axis] = 0;
      }
    }
  });
}

}  // namespace
}  // namespace hybra::HYBRA_ISA
