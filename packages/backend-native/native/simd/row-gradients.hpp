/*
 * Gradients of ops on rows of the last axis: norms and the loss. The gradient of a weight is a sum over rows: it is
 * taken in pieces that depend on the number of rows alone, so that any number of threads gives the same bits.
 */
#pragma once
#include <cmath>

#include "rows.hpp"

namespace hybra::HYBRA_ISA {
namespace {

/** How the rows of a sum over rows are cut: some 64 pieces at most, each with a partial sum in scratch. */
struct RowPieces {
  std::int64_t rows, piece, count;
  explicit RowPieces(std::int64_t all) : rows(all), piece(most(16, ceilDivide(all, 64))), count(ceilDivide(all, piece)) {}
};

inline std::int64_t normGradientScratch(const Call& call, int weight) {
  const std::int64_t width = call.inputs[weight].shape[0];
  return alignUp(RowPieces(rowsOf(call.inputs[0])).count * width * 4);
}

/** Runs `f(row, partial sum)` over all rows, then adds the partial sums up into `total`. */
template <class F>
void sumRowsInPieces(const Frame& frame, std::int64_t rows, std::int64_t width, double nanosecondsPerElement,
                     float* total, F f) {
  const RowPieces pieces(rows);
  float* partials = reinterpret_cast<float*>(frame.scratch);
  parallel(frame.pool, nanosecondsPerElement * rows * width, pieces.count, [&](std::int64_t index, int) {
    float* partial = partials + index * width;
    std::memset(partial, 0, width * 4);
    const std::int64_t last = least(rows, (index + 1) * pieces.piece);
    for (std::int64_t row = index * pieces.piece; row < last; row++) f(row, partial);
  });
  std::memset(total, 0, width * 4);
  for (std::int64_t index = 0; index < pieces.count; index++) {
    const float* partial = partials + index * width;
    for (std::int64_t i = 0; i < width; i++) total[i] += partial[i];
  }
}

/** Where a row of the leading axes begins. */
inline std::int64_t rowStart(const Operand& x, std::int64_t row) {
  std::int64_t from = 0;
  for (int axis = x.rank - 2; axis >= 0; axis--) {
    from += row % x.shape[axis] * x.strides[axis];
    row /= x.shape[axis];
  }
  return from;
}

/** Calls `f(i, load, store)` for the vectors of a row; the last may be a part of one. */
template <class F>
HYBRA_INLINE void forVectors(std::int64_t count, F f) {
  std::int64_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    f([i](const float* from) { return load(from + i); }, [i](float* to, vf x) { store(to + i, x); });
  }
  if (i < count) {
    const int rest = static_cast<int>(count - i);
    f([i, rest](const float* from) { return loadSome(from + i, rest); },
      [i, rest](float* to, vf x) { storeSome(to + i, x, rest); });
  }
}

/** Inputs x, weight, dy; outputs dx, dweight. Attribute: epsilon. */
void kernel_rmsNormGradient(const Call& call, const Frame& frame) {
  const float* x = reinterpret_cast<const float*>(frame.inputs[0]);
  const float* weight = reinterpret_cast<const float*>(frame.inputs[1]);
  const float* dy = reinterpret_cast<const float*>(frame.inputs[2]);
  float* dx = reinterpret_cast<float*>(frame.outputs[0]);
  const double epsilon = call.attributes[0];
  const std::int64_t width = call.inputs[1].shape[0];
  sumRowsInPieces(frame, rowsOf(call.inputs[0]), width, 0.6, reinterpret_cast<float*>(frame.outputs[1]),
                  [&](std::int64_t row, float* dweight) {
    const float *in = x + row * width, *g = dy + row * width;
    const double r = 1 / std::sqrt(sumOfSquares(in, width) / width + epsilon);
    vf sums = {};
    forVectors(width, [&](auto at, auto) { sums += at(g) * at(weight) * at(in); });
    const float scale = static_cast<float>(r), back = static_cast<float>(r * r * r * sumOf(sums) / width);
    forVectors(width, [&](auto at, auto put) {
      const vf value = at(in), gradient = at(g);
      put(dweight, at(dweight) + gradient * value * scale);
      put(dx + row * width, gradient * at(weight) * scale - value * back);
    });
  });
}

/** One group of a row of gatedRmsNormGradient. */
struct GatedGroup {
  const float *x, *gate, *weight, *dy;
  float *dx, *dgate, *dweight;
  std::int64_t width;
  double epsilon;

  /** norm(x · silu(gate)) · weight */
  void gatedFirst() const {
    vf squares = {}, sums = {};
    forVectors(width, [&](auto at, auto put) {
      const vf z = at(gate), opened = 1.0f / (exp(-z) + 1.0f), u = at(x) * (z * opened);
      put(dgate, opened); // kept for the second pass
      squares += u * u;
      sums += at(dy) * at(weight) * u;
    });
    const double r = 1 / std::sqrt(static_cast<double>(sumOf(squares)) / width + epsilon);
    const float scale = static_cast<float>(r), back = static_cast<float>(r * r * r * sumOf(sums) / width);
    forVectors(width, [&](auto at, auto put) {
      const vf z = at(gate), opened = at(dgate), value = at(x), activated = z * opened, u = value * activated;
      const vf gradient = at(dy), du = gradient * at(weight) * scale - u * back;
      put(dweight, at(dweight) + gradient * u * scale);
      put(dx, du * activated);
      put(dgate, du * value * (opened * (z * (1.0f - opened) + 1.0f)));
    });
  }

  /** norm(x) · weight · silu(gate) */
  void gatedLast() const {
    vf squares = {}, sums = {};
    forVectors(width, [&](auto at, auto put) {
      const vf z = at(gate), opened = 1.0f / (exp(-z) + 1.0f), value = at(x);
      put(dgate, opened);
      squares += value * value;
      sums += at(dy) * at(weight) * (z * opened) * value;
    });
    const double r = 1 / std::sqrt(static_cast<double>(sumOf(squares)) / width + epsilon);
    const float scale = static_cast<float>(r), back = static_cast<float>(r * r * r * sumOf(sums) / width);
    forVectors(width, [&](auto at, auto put) {
      const vf z = at(gate), opened = at(dgate), value = at(x), gradient = at(dy), normed = value * scale;
      const vf activated = z * opened, weighted = gradient * at(weight);
      put(dweight, at(dweight) + gradient * activated * normed);
      put(dx, weighted * activated * scale - value * back);
      put(dgate, weighted * normed * (opened * (z * (1.0f - opened) + 1.0f)));
    });
  }
};

/**
 * Inputs x, gate, weight, dy, of which all but the weight may be windows whose rows lie apart; outputs dx, dgate,
 * dweight. Attributes: epsilon, groups, whether the norm comes before the gate.
 */
void kernel_gatedRmsNormGradient(const Call& call, const Frame& frame) {
  const auto in = [&](int index) { return reinterpret_cast<const float*>(frame.inputs[index]); };
  const std::int64_t width = call.inputs[2].shape[0], groups = static_cast<std::int64_t>(call.attributes[1]);
  const std::int64_t groupWidth = width / groups;
  sumRowsInPieces(frame, rowsOf(call.inputs[0]), width, 2.5, reinterpret_cast<float*>(frame.outputs[2]),
                  [&](std::int64_t row, float* dweight) {
    const auto rowOf = [&](int index) { return in(index) + rowStart(call.inputs[index], row); };
    const float *x = rowOf(0), *gate = rowOf(1), *dy = rowOf(3);
    float* dx = reinterpret_cast<float*>(frame.outputs[0]) + row * width;
    float* dgate = reinterpret_cast<float*>(frame.outputs[1]) + row * width;
    for (std::int64_t at = 0; at < width; at += groupWidth) {
      const GatedGroup group{x + at,  gate + at,  in(2) + at,   dy + at,    dx + at,
                             dgate + at, dweight + at, groupWidth, call.attributes[0]};
      if (call.attributes[2] != 0) group.gatedLast();
      else group.gatedFirst();
    }
  });
}

/** Inputs logits, targets, dloss; output dlogits, which may take the place of the logits. */
void kernel_crossEntropyGradient(const Call& call, const Frame& frame) {
  const float* logits = reinterpret_cast<const float*>(frame.inputs[0]);
  const std::int32_t* targets = reinterpret_cast<const std::int32_t*>(frame.inputs[1]);
  const float* dloss = reinterpret_cast<const float*>(frame.inputs[2]);
  float* dlogits = reinterpret_cast<float*>(frame.outputs[0]);
  const std::int64_t width = call.inputs[0].shape[1];
  parallelRange(frame.pool, 1.5 * width, call.inputs[0].shape[0], 1, [=](std::int64_t from, std::int64_t to) {
    for (std::int64_t row = from; row < to; row++) {
      const float* x = logits + row * width;
      float* dx = dlogits + row * width;
      if (targets[row] < 0 || targets[row] >= width) {
        std::memset(dx, 0, width * 4);
        continue;
      }
      const float largest = largestOfRow(x, width), g = dloss[row];
      if (largest == -infinity) {
        std::memset(dx, 0, width * 4);
      } else {
        const float scale = static_cast<float>(1 / exponentialSum(x, width, largest));
        eachVector(dx, width, [=](auto at) -> vf { return exp(at(x) - largest) * scale * g; });
      }
      dx[targets[row]] -= g;
    }
  });
}

}  // namespace
}  // namespace hybra::HYBRA_ISA
