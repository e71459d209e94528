/* Sums and maxima over axes. The input is read in memory order, whatever the axes. */
#pragma once
#include "elementwise.hpp"

namespace hybra::HYBRA_ISA {
namespace {

/** Loops over the input (operand 0) and the sums (operand 1, stride 0 along a reduced axis). */
inline Loops reductionLoops(const Call& call) {
  const Operand& x = call.inputs[0];
  const int axisCount = static_cast<int>(call.attributes[0]);
  bool isReduced[maxRank] = {};
  for (int i = 0; i < axisCount; i++) isReduced[static_cast<int>(call.attributes[1 + i])] = true;
  std::int64_t sumStrides[maxRank];
  std::int64_t stride = 1;
  for (int axis = x.rank - 1; axis >= 0; axis--) {
    sumStrides[axis] = isReduced[axis] ? 0 : stride;
    if (!isReduced[axis]) stride *= x.shape[axis];
  }
  const std::int64_t* strides[] = {x.strides, sumStrides};
  return collapse(x.rank, x.shape, 2, strides);
}

/** Visits the rows of the loops one after another. */
template <class F>
void eachRow(const Loops& loops, F f) {
  if (loops.inner() == 0) return;
  const std::int64_t rows = loops.rows();
  std::int64_t counters[maxRank] = {};
  std::int64_t starts[2] = {};
  for (std::int64_t row = 0; row < rows; row++) {
    f(starts[0], starts[1]);
    for (int axis = loops.rank - 2; axis >= 0; axis--) {
      const bool wraps = ++counters[axis] == loops.shape[axis];
      const std::int64_t steps = wraps ? 1 - loops.shape[axis] : 1;
      for (int i = 0; i < 2; i++) starts[i] += steps * loops.strides[i][axis];
      if (!wraps) break;
      counters[axis] = 0;
    }
  }
}

/**
 * Folds into wide sums in scratch, then rounds once.
 * @param foldRow folds a row of stride `xStep` into one sum
 */
template <class T, class Wide, class Fold, class FoldRow>
void reduceWith(const Call& call, const Frame& frame, Wide initial, Fold fold, FoldRow foldRow) {
  const Loops loops = reductionLoops(call);
  const T* x = reinterpret_cast<const T*>(frame.inputs[0]);
  Wide* sums = reinterpret_cast<Wide*>(frame.scratch);
  const std::int64_t sumCount = call.outputs[0].count();
  const std::int64_t xStep = loops.step(0), sumStep = loops.step(1), count = loops.inner();
  for (std::int64_t i = 0; i < sumCount; i++) sums[i] = initial;
  eachRow(loops, [=](std::int64_t xFrom, std::int64_t sumFrom) {
    if (sumStep == 0) {
      sums[sumFrom] = fold(sums[sumFrom], foldRow(x + xFrom, xStep, count));
    } else {
      Wide* row = sums + sumFrom;
      const T* from = x + xFrom;
      if (sumStep == 1 && xStep == 1) {
        for (std::int64_t i = 0; i < count; i++) row[i] = fold(row[i], from[i]);
      } else {
        for (std::int64_t i = 0; i < count; i++) row[i * sumStep] = fold(row[i * sumStep], from[i * xStep]);
      }
    }
  });
  T* y = reinterpret_cast<T*>(frame.outputs[0]);
  for (std::int64_t i = 0; i < sumCount; i++) y[i] = static_cast<T>(sums[i]);
}

/** In doubles, several at a time: the sum of values far from 0 keeps what is left of their differences. */
template <class T>
inline double sumOfRow(const T* x, std::int64_t step, std::int64_t count) {
  double sums[16] = {};
  std::int64_t i = 0;
  if (step == 1) {
    for (; i + 16 <= count; i += 16) {
      for (int lane = 0; lane < 16; lane++) sums[lane] += x[i + lane];
    }
  }
  for (; i < count; i++) sums[i % 16] += x[i * step];
  double total = 0;
  for (double sum : sums) total += sum;
  return total;
}

template <class T>
HYBRA_INLINE T largerOf(T a, T b) {
  return a != a ? a : b > a || b != b ? b : a;
}

/** Folds a row by `fold` alone. */
template <class T, class Fold>
auto rowFolder(T initial, Fold fold) {
  return [=](const T* x, std::int64_t step, std::int64_t count) {
    T folded = initial;
    for (std::int64_t i = 0; i < count; i++) folded = fold(folded, x[i * step]);
    return folded;
  };
}

void kernel_sum(const Call& call, const Frame& frame) {
  const auto add = [](double a, double b) { return a + b; };
  switch (call.inputs[0].dtype) {
    case DType::i32: {
      // Unsigned, because integers wrap.
      const auto wrap = [](std::uint32_t a, std::uint32_t b) { return a + b; };
      return reduceWith<std::uint32_t, std::uint32_t>(call, frame, 0, wrap, rowFolder(0u, wrap));
    }
    case DType::f64: return reduceWith<double, double>(call, frame, 0, add, sumOfRow<double>);
    default: return reduceWith<float, double>(call, frame, 0, add, sumOfRow<float>);
  }
}

template <class T>
void maximumOf(const Call& call, const Frame& frame, T initial) {
  const auto fold = [](T a, T b) { return largerOf(a, b); };
  reduceWith<T, T>(call, frame, initial, fold, rowFolder(initial, fold));
}

void kernel_max(const Call& call, const Frame& frame) {
  switch (call.inputs[0].dtype) {
    case DType::i32: return maximumOf<std::int32_t>(call, frame, INT32_MIN);
    case DType::f64: return maximumOf<double>(call, frame, -__builtin_inf());
    default: return maximumOf<float>(call, frame, -infinity);
  }
}

}  // namespace
}  // namespace hybra::HYBRA_ISA
