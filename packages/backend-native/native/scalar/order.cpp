/* Ops that compare elements along the last axis, and running sums. */
#include <algorithm>
#include <cmath>
#include <cstring>

#include "order.hpp"
#include "scalar.hpp"

namespace hybra::scalar {
namespace {

std::int64_t rowsOf(const Operand& x) { return x.extent(1) == 0 ? 0 : x.count() / x.extent(1); }

}  // namespace

namespace {

template <class T>
void argmaxOf(const Call& call, const Frame& frame) {
  const T* x = reinterpret_cast<const T*>(frame.inputs[0]);
  std::int32_t* y = reinterpret_cast<std::int32_t*>(frame.outputs[0]);
  const std::int64_t width = call.inputs[0].extent(1);
  for (std::int64_t row = 0; row < rowsOf(call.inputs[0]); row++, x += width) {
    std::int64_t best = 0;
    for (std::int64_t i = 1; i < width; i++) {
      // False if the largest is NaN: the first NaN stays.
      if (x[i] > x[best] || (std::isnan(x[i]) && !std::isnan(x[best]))) best = i;
    }
    y[row] = static_cast<std::int32_t>(best);
  }
}

template <class T>
void sortOf(const Call& call, const Frame& frame) {
  const T* x = reinterpret_cast<const T*>(frame.inputs[0]);
  T* values = reinterpret_cast<T*>(frame.outputs[0]);
  std::int32_t* indices = reinterpret_cast<std::int32_t*>(frame.outputs[1]);
  const std::int64_t width = call.inputs[0].extent(1);
  const bool isDescending = call.attributes[0] != 0;
  for (std::int64_t row = 0; row < rowsOf(call.inputs[0]); row++, x += width, values += width, indices += width) {
    std::uint32_t* positions = reinterpret_cast<std::uint32_t*>(frame.scratch);
    for (std::int64_t i = 0; i < width; i++) positions[i] = static_cast<std::uint32_t>(i);
    if (isDescending) std::sort(positions, positions + width, LargestFirst<T>{x});
    else std::sort(positions, positions + width, SmallestFirst<T>{x});
    for (std::int64_t i = 0; i < width; i++) {
      values[i] = x[positions[i]];
      indices[i] = static_cast<std::int32_t>(positions[i]);
    }
  }
}

}  // namespace

void kernel_argmax(const Call& call, const Frame& frame) {
  if (call.inputs[0].dtype == DType::f64) argmaxOf<double>(call, frame);
  else argmaxOf<float>(call, frame);
}

/** Attribute: whether the largest come first. */
void kernel_sort(const Call& call, const Frame& frame) {
  if (call.inputs[0].dtype == DType::f64) sortOf<double>(call, frame);
  else sortOf<float>(call, frame);
}

void kernel_topK(const Call& call, const Frame& frame) {
  const float* x = reinterpret_cast<const float*>(frame.inputs[0]);
  float* values = reinterpret_cast<float*>(frame.outputs[0]);
  std::int32_t* indices = reinterpret_cast<std::int32_t*>(frame.outputs[1]);
  const std::int64_t width = call.inputs[0].extent(1), kept = call.outputs[0].extent(1);
  for (std::int64_t row = 0; row < rowsOf(call.inputs[0]); row++, x += width, values += kept, indices += kept) {
    std::uint32_t* positions = reinterpret_cast<std::uint32_t*>(frame.scratch);
    for (std::int64_t i = 0; i < width; i++) positions[i] = static_cast<std::uint32_t>(i);
    std::partial_sort(positions, positions + kept, positions + width, LargestFirst<float>{x});
    for (std::int64_t i = 0; i < kept; i++) {
      values[i] = x[positions[i]];
      indices[i] = static_cast<std::int32_t>(positions[i]);
    }
  }
}

namespace {

template <class T, class Wide>
void runningSum(const Call& call, const Frame& frame) {
  const Operand& x = call.inputs[0];
  const int axis = static_cast<int>(call.attributes[0]);
  const bool isReverse = call.attributes[1] != 0;
  const std::int64_t extent = x.shape[axis];
  std::int64_t inner = 1, outer = 1;
  for (int i = axis + 1; i < x.rank; i++) inner *= x.shape[i];
  for (int i = 0; i < axis; i++) outer *= x.shape[i];
  const T* from = reinterpret_cast<const T*>(frame.inputs[0]);
  T* to = reinterpret_cast<T*>(frame.outputs[0]);
  for (std::int64_t blockIndex = 0; blockIndex < outer; blockIndex++) {
    const std::int64_t first = (blockIndex * extent + (isReverse ? extent - 1 : 0)) * inner;
    for (std::int64_t lane = 0; lane < inner; lane++) {
      Wide sum = 0;
      std::int64_t at = first + lane;
      for (std::int64_t t = 0; t < extent; t++, at += isReverse ? -inner : inner) {
        sum += static_cast<Wide>(from[at]);
        to[at] = static_cast<T>(sum);
      }
    }
  }
}

}  // namespace

/** Attributes: axis, whether to sum from the end. */
void kernel_cumulativeSum(const Call& call, const Frame& frame) {
  // Unsigned, because integers wrap.
  if (call.inputs[0].dtype == DType::i32) runningSum<std::uint32_t, std::uint32_t>(call, frame);
  else if (call.inputs[0].dtype == DType::f64) runningSum<double, double>(call, frame);
  else runningSum<float, double>(call, frame);
}

/** Each column is a running sum of its own, so that no two long sums are subtracted (Dao & Gu 2024, Listing 1). */
void kernel_segmentSum(const Call& call, const Frame& frame) {
  const float* x = reinterpret_cast<const float*>(frame.inputs[0]);
  float* y = reinterpret_cast<float*>(frame.outputs[0]);
  const std::int64_t length = call.inputs[0].extent(1);
  for (std::int64_t row = 0; row < rowsOf(call.inputs[0]); row++, x += length, y += length * length) {
    for (std::int64_t j = 0; j < length; j++) {
      for (std::int64_t i = 0; i < j; i++) y[i * length + j] = -INFINITY;
      double sum = 0;
      for (std::int64_t i = j; i < length; i++) {
        if (i > j) sum += x[i];
        y[i * length + j] = static_cast<float>(sum);
      }
    }
  }
}

}  // namespace hybra::scalar
