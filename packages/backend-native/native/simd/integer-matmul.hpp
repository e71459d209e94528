/*
 * x · Wᵀ with W in blocks and x rounded to int8 in blocks of 32 columns (integer-rows.hpp): products of bytes, summed
 * exactly over a block, then in float32. A few rows run as dot products (integer-dots.hpp), more through packed
 * panels (integer-tile.hpp); both round x alike.
 *
 * Wrong by at most Σ over blocks of max |x| / 254 · Σ |w|, besides the roundings of float32.
 */
#pragma once
#include "integer-dots.hpp"
#include "integer-tile.hpp"

namespace hybra::HYBRA_ISA {
namespace {

/** Up to this many rows dot products win over packing. */
constexpr std::int64_t fewIntegerRows = 8;
/** Groups of columns in a packed panel, and panels that one task packs and multiplies with all rows. */
constexpr std::int64_t integerDepth = 16, integerPanels = 8;
/** Rows of x that are packed at once. */
constexpr std::int64_t integerRowsPerBlock = 512;

struct IntegerPlan {
  std::int64_t M, N, groups, stride;

  explicit IntegerPlan(const Call& call)
      : M(call.outputs[0].extent(2)),
        N(call.outputs[0].extent(1)),
        groups(call.inputs[0].extent(1) / integerColumns),
        stride(call.inputs[0].stride(2)) {}
  bool isFew() const { return M <= fewIntegerRows; }
  std::int64_t tiles() const { return ceilDivide(least(M, integerRowsPerBlock), integerTileRows); }
};

/** Room for any kind of codes: a panel of each thread, with zero points, or the arranged rows. */
constexpr std::int64_t integerPanelBytes = alignUp(integerPanels * integerDepth * vectorBytes * (integerColumns / 4 + 2));

inline std::int64_t integerScratch(const Call& call, int threads) {
  const IntegerPlan plan(call);
  if (plan.isFew()) {
    return plan.M * most(ArrangedRow<ByteCodes>::bytes(plan.groups), ArrangedRow<NibbleCodes<8>>::bytes(plan.groups));
  }
  return integerPanelBytes * threads + plan.tiles() * plan.groups * static_cast<std::int64_t>(sizeof(RowsGroup));
}

template <class Weights>
void multiplyFewIntegers(const IntegerPlan& plan, const float* x, const Weights& weights, float* y, const Frame& frame) {
  using Row = ArrangedRow<typename Weights::Codes>;
  const std::int64_t rowBytes = Row::bytes(plan.groups);
  char* rows = frame.scratch;
  for (std::int64_t m = 0; m < plan.M; m++) Row::write(x + m * plan.stride, plan.groups, rows + m * rowBytes);
  const std::int64_t piece = rowsPerTask(frame.pool, plan.N, plan.groups * Weights::Codes::groupBytes);
  parallel(frame.pool, 0.02 * plan.N * plan.groups * integerColumns, ceilDivide(plan.N, piece),
           [&](std::int64_t task, int) {
             // Pieces of the weight small enough to stay in the first cache while four rows after another meet them.
             const std::int64_t last = least(plan.N, (task + 1) * piece), step = plan.M <= 4 ? piece : 4;
             for (std::int64_t n = task * piece; n < last; n += step) {
               const std::int64_t to = least(last, n + step);
               for (std::int64_t m = 0; m < plan.M; m += 4) {
                 const char* four = rows + m * rowBytes;
                 float* results = y + m * plan.N;
                 switch (plan.M - m) {
                   case 1: integerDots<1>(weights, four, rowBytes, results, plan.N, n, to); break;
                   case 2: integerDots<2>(weights, four, rowBytes, results, plan.N, n, to); break;
                   case 3: integerDots<3>(weights, four, rowBytes, results, plan.N, n, to); break;
                   default: integerDots<4>(weights, four, rowBytes, results, plan.N, n, to);
                 }
               }
             }
           });
}

/** A group of panels times `rows` packed rows. */
template <class Weights>
void multiplyIntegerPanels(const IntegerPlan& plan, const RowsGroup* packed, std::int64_t rows, const Weights& weights,
                           float* y, std::int64_t first, char* panels) {
  const std::int64_t columns = least(plan.N - first, integerPanels * lanes);
  for (std::int64_t from = 0; from < plan.groups; from += integerDepth) {
    const std::int64_t depth = least(integerDepth, plan.groups - from);
    const std::int64_t bytes = depth * Weights::panelGroupBytes;
    for (std::int64_t n = 0; n < ceilDivide(columns, integerTileColumns) * integerTileColumns; n += lanes) {
      weights.pack(first + n, most(0, least(lanes, columns - n)), from, depth, panels + n / lanes * bytes);
    }
    for (std::int64_t n = 0; n < columns; n += integerTileColumns) {
      const char* b = panels + n / lanes * bytes;  // in the first cache for all rows
      for (std::int64_t row = 0; row < rows; row += integerTileRows) {
        const RowsGroup* a = packed + row / integerTileRows * plan.groups + from;
        const std::int64_t left = least(integerTileRows, rows - row);
        float* to = y + row * plan.N + first + n;
        if (left <= integerTileRows / 2) {
          multiplyIntegerTile<integerTileRows / 2, Weights>(depth, a, b, bytes, to, plan.N, left, columns - n, from > 0);
        } else {
          multiplyIntegerTile<integerTileRows, Weights>(depth, a, b, bytes, to, plan.N, left, columns - n, from > 0);
        }
      }
    }
  }
}

template <class Weights>
void multiplyIntegers(const IntegerPlan& plan, const Weights& weights, const Frame& frame) {
  const float* x = reinterpret_cast<const float*>(frame.inputs[0]);
  float* y = reinterpret_cast<float*>(frame.outputs[0]);
  if (plan.isFew()) return multiplyFewIntegers(plan, x, weights, y, frame);
  RowsGroup* packed = reinterpret_cast<RowsGroup*>(frame.scratch + integerPanelBytes * frame.pool.threads());
  for (std::int64_t m = 0; m < plan.M; m += integerRowsPerBlock) {
    const std::int64_t rows = least(integerRowsPerBlock, plan.M - m);
    parallel(frame.pool, 0.7 * rows * plan.groups * integerColumns, ceilDivide(rows, integerTileRows),
             [&](std::int64_t tile, int) {
               const std::int64_t row = tile * integerTileRows;
               packRoundedRows<typename Weights::Codes>(x + (m + row) * plan.stride, plan.stride,
                                                        least(integerTileRows, rows - row), plan.groups,
                                                        packed + tile * plan.groups);
             });
    parallel(frame.pool, 0.004 * rows * plan.N * plan.groups * integerColumns,
             ceilDivide(plan.N, integerPanels * lanes), [&](std::int64_t task, int thread) {
               multiplyIntegerPanels(plan, packed, rows, weights, y + m * plan.N, task * integerPanels * lanes,
                                     frame.scratch + thread * integerPanelBytes);
             });
  }
}

/** Attributes: columns of a block. */
void kernel_quantizedMatmulInt8(const Call& call, const Frame& frame) {
  const IntegerPlan plan(call);
  if (plan.M * plan.N == 0) return;
  if (plan.groups == 0) {
    std::memset(frame.outputs[0], 0, plan.M * plan.N * 4);
    return;
  }
  const bool hasZeros = call.inputCount > 3;
  auto multiply = [&]<class Codes, bool HasZeros>() {
    multiplyIntegers(plan,
                     IntegerWeights<Codes, HasZeros>{reinterpret_cast<const std::uint8_t*>(frame.inputs[1]),
                                                     frame.inputs[2], hasZeros ? frame.inputs[3] : nullptr,
                                                     call.inputs[2].dtype == DType::f16, plan.groups,
                                                     static_cast<std::int64_t>(call.attributes[0]) / integerColumns},
                     frame);
  };
  if (call.inputs[1].dtype == DType::i8) {
    if (hasZeros) multiply.template operator()<ByteCodes, true>();
    else multiply.template operator()<ByteCodes, false>();
  } else if (hasZeros) {
    multiply.template operator()<NibbleCodes<0>, true>();
  } else {
    multiply.template operator()<NibbleCodes<8>, false>();
  }
}

}  // namespace
}  // namespace hybra::HYBRA_ISA
