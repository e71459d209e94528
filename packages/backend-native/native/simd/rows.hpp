/* Ops on rows of the last axis: norms, softmax and the loss. */
#pragma once
#include <cmath>

#include "elementwise.hpp"
#include "reduce.hpp"

namespace hybra::HYBRA_ISA {
namespace {

/** Adds up `term(i)` vectors: four running sums, and wide ones across blocks, so that long rows lose nothing. */
template <class Full, class Rest>
HYBRA_INLINE double sumOver(std::int64_t count, Full full, Rest rest) {
  double total = 0;
  for (std::int64_t at = 0; at < count; at += 4096) {
    const std::int64_t end = least(count, at + 4096);
    vf sums[4] = {};
    std::int64_t i = at;
    for (; i + 4 * lanes <= end; i += 4 * lanes) {
      for (int k = 0; k < 4; k++) sums[k] += full(i + k * lanes);
    }
    for (; i + lanes <= end; i += lanes) sums[0] += full(i);
    if (i < end) sums[1] += rest(i, static_cast<int>(end - i));
    total += sumOf((sums[0] + sums[1]) + (sums[2] + sums[3]));
  }
  return total;
}

HYBRA_INLINE double sumOfSquares(const float* x, std::int64_t count) {
  return sumOver(
      count,
      [=](std::int64_t i) -> vf {
        const vf value = load(x + i);
        return value * value;
      },
      [=](std::int64_t i, int rest) -> vf {
        const vf value = loadSome(x + i, rest);
        return value * value;
      });
}

/** `y[i] = f(i, load)` for a row, where `load(p)` reads a full vector or the rest of one. */
template <class F>
HYBRA_INLINE void eachVector(float* y, std::int64_t count, F f) {
  std::int64_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    store(y + i, f([i](const float* from) { return load(from + i); }));
  }
  if (i < count) {
    const int rest = static_cast<int>(count - i);
    storeSome(y + i, f([i, rest](const float* from) { return loadSome(from + i, rest); }), rest);
  }
}

HYBRA_INLINE std::int64_t rowsOf(const Operand& x) {
  const std::int64_t width = x.rank == 0 ? 1 : x.extent(1);
  return width == 0 ? 0 : x.count() / width;
}

template <class F>
void eachRowOf(const Call& call, const Frame& frame, double nanosecondsPerElement, F f) {
  const Operand& x = call.inputs[0];
  const std::int64_t width = x.rank == 0 ? 1 : x.extent(1);
  parallelRange(frame.pool, nanosecondsPerElement * width, rowsOf(x), 1, [=](std::int64_t from, std::int64_t to) {
    for (std::int64_t row = from; row < to; row++) f(row * width, width);
  });
}

/** Attribute: epsilon. */
void kernel_rmsNorm(const Call& call, const Frame& frame) {
  const float* x = reinterpret_cast<const float*>(frame.inputs[0]);
  const float* weight = reinterpret_cast<const float*>(frame.inputs[1]);
  float* y = reinterpret_cast<float*>(frame.outputs[0]);
  const double epsilon = call.attributes[0];
  eachRowOf(call, frame, 0.4, [=](std::int64_t from, std::int64_t width) {
    const float scale = static_cast<float>(1 / std::sqrt(sumOfSquares(x + from, width) / width + epsilon));
    eachVector(y + from, width, [=](auto at) -> vf { return at(x + from) * scale * at(weight); });
  });
}

/** Attribute: epsilon. The variance is taken around the mean, not as a difference of squares. */
void kernel_layerNorm(const Call& call, const Frame& frame) {
  const float* x = reinterpret_cast<const float*>(frame.inputs[0]);
  const float* weight = reinterpret_cast<const float*>(frame.inputs[1]);
  const float* bias = call.inputCount > 2 ? reinterpret_cast<const float*>(frame.inputs[2]) : nullptr;
  float* y = reinterpret_cast<float*>(frame.outputs[0]);
  const double epsilon = call.attributes[0];
  eachRowOf(call, frame, 0.8, [=](std::int64_t from, std::int64_t width) {
    const float* row = x + from;
    const double mean = sumOfRow(row, 1, width) / width;
    // Differences from the mean in doubles: far from 0 they are all that is left of the values.
    const auto centre = [=](std::int64_t at, float* centred) {
      const std::int64_t count = least(block, width - at);
      for (std::int64_t i = 0; i < count; i++) centred[i] = static_cast<float>(row[at + i] - mean);
      return count;
    };
    float centred[block];
    double squares = 0;
    for (std::int64_t at = 0; at < width; at += block) squares += sumOfSquares(centred, centre(at, centred));
    const float scale = static_cast<float>(1 / std::sqrt(squares / width + epsilon));
    for (std::int64_t first = 0; first < width; first += block) {
      eachVector(y + from + first, centre(first, centred), [=, &centred](auto at) -> vf {
        const vf scaled = at(centred) * scale * at(weight + first);
        return bias ? scaled + at(bias + first) : scaled;
      });
    }
  });
}

/**
 * Gated RMSNorm of Mamba-2 (Dao & Gu 2024, §7.1). The gate may be a window whose rows lie apart.
 * Attributes: epsilon, groups, whether the norm comes before the gate.
 */
void kernel_gatedRmsNorm(const Call& call, const Frame& frame) {
  const float* x = reinterpret_cast<const float*>(frame.inputs[0]);
  const float* gate = reinterpret_cast<const float*>(frame.inputs[1]);
  const float* weight = reinterpret_cast<const float*>(frame.inputs[2]);
  float* y = reinterpret_cast<float*>(frame.outputs[0]);
  const double epsilon = call.attributes[0];
  const std::int64_t groups = static_cast<std::int64_t>(call.attributes[1]);
  const bool isGatedLast = call.attributes[2] != 0;
  const Operand& gates = call.inputs[1];
  const Operand& xs = call.inputs[0];
  const std::int64_t width = call.inputs[2].shape[0], rows = rowsOf(xs), groupWidth = width / groups;
  parallelRange(frame.pool, 1.2 * width, rows, 1, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t row = first; row < last; row++) {
      const std::int64_t from = row * width;
      std::int64_t gateFrom = 0, xFrom = 0, rest = row;
      for (int axis = gates.rank - 2; axis >= 0; axis--) {
        gateFrom += rest % gates.shape[axis] * gates.strides[axis];
        xFrom += rest % gates.shape[axis] * xs.strides[axis];
        rest /= gates.shape[axis];
      }
      for (std::int64_t column = 0; column < width; column += groupWidth) {
        const float* in = x + xFrom + column;
        const float* z = gate + gateFrom + column;
        const float* w = weight + column;
        float* out = y + from + column;
        if (isGatedLast) {
          const float scale = static_cast<float>(1 / std::sqrt(sumOfSquares(in, groupWidth) / groupWidth + epsilon));
          eachVector(out, groupWidth, [=](auto at) -> vf { return at(in) * scale * at(w) * silu(at(z)); });
        } else {
          eachVector(out, groupWidth, [=](auto at) -> vf { return at(in) * silu(at(z)); });
          const float scale = static_cast<float>(1 / std::sqrt(sumOfSquares(out, groupWidth) / groupWidth + epsilon));
          eachVector(out, groupWidth, [=](auto at) -> vf { return at(out) * scale * at(w); });
        }
      }
    }
  });
}

/** The largest of a row; −∞ for an empty one, NaN if any is NaN. */
inline float largestOfRow(const float* x, std::int64_t count) {
  vf largest = splat(-infinity), nans = {};
  std::int64_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const vf value = load(x + i);
    largest = maximum(value, largest);
    nans += value - value; // NaN for NaN, and for infinities, which are looked at again
  }
  float best = largestOf(largest), suspect = sumOf(nans);
  for (; i < count; i++) {
    best = x[i] > best ? x[i] : best;
    suspect += x[i] - x[i];
  }
  if (suspect == suspect) return best;
  for (i = 0; i < count; i++) {
    if (x[i] != x[i]) return x[i];
  }
  return best;
}

/** Σ e^(x − shift) over a row. */
inline double exponentialSum(const float* x, std::int64_t count, float shift) {
  return sumOver(
      count, [=](std::int64_t i) -> vf { return exp(load(x + i) - shift); },
      [=](std::int64_t i, int rest) -> vf {
        float values[lanes];
        for (int k = 0; k < lanes; k++) values[k] = k < rest ? x[i + k] - shift : -infinity;
        return exp(load(values));
      });
}

void kernel_softmax(const Call& call, const Frame& frame) {
  const float* x = reinterpret_cast<const float*>(frame.inputs[0]);
  float* y = reinterpret_cast<float*>(frame.outputs[0]);
  eachRowOf(call, frame, 1.5, [=](std::int64_t from, std::int64_t width) {
    const float largest = largestOfRow(x + from, width);
    if (largest == -infinity) {
      for (std::int64_t i = 0; i < width; i++) y[from + i] = 0;
      return;
    }
    const float scale = static_cast<float>(1 / exponentialSum(x + from, width, largest));
    eachVector(y + from, width, [=](auto at) -> vf { return exp(at(x + from) - largest) * scale; });
  });
}

void kernel_logSoftmax(const Call& call, const Frame& frame) {
  const float* x = reinterpret_cast<const float*>(frame.inputs[0]);
  float* y = reinterpret_cast<float*>(frame.outputs[0]);
  eachRowOf(call, frame, 1.2, [=](std::int64_t from, std::int64_t width) {
    const float largest = largestOfRow(x + from, width);
    const float logTotal = static_cast<float>(std::log(exponentialSum(x + from, width, largest)));
    eachVector(y + from, width, [=](auto at) -> vf { return at(x + from) - largest - logTotal; });
  });
}

void kernel_crossEntropy(const Call& call, const Frame& frame) {
  const float* logits = reinterpret_cast<const float*>(frame.inputs[0]);
  const std::int32_t* targets = reinterpret_cast<const std::int32_t*>(frame.inputs[1]);
  float* loss = reinterpret_cast<float*>(frame.outputs[0]);
  const std::int64_t width = call.inputs[0].shape[1];
  parallelRange(frame.pool, 1.0 * width, call.inputs[0].shape[0], 1, [=](std::int64_t from, std::int64_t to) {
    for (std::int64_t row = from; row < to; row++) {
      const float* x = logits + row * width;
      if (targets[row] < 0 || targets[row] >= width) {
        loss[row] = 0;
        continue;
      }
      const float largest = largestOfRow(x, width);
      const double logTotal = std::log(exponentialSum(x, width, largest));
      loss[row] = static_cast<float>(largest + logTotal - x[targets[row]]);
    }
  });
}

}  // namespace
}  // namespace hybra::HYBRA_ISA
