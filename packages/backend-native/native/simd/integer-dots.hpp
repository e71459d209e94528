/*
 * Products of a few rows of x, rounded to int8, with a weight in blocks: dot products that read the codes once, in
 * memory order, and multiply them as they are.
 */
#pragma once
#include "integer-rows.hpp"
#include "integer-weights.hpp"

namespace hybra::HYBRA_ISA {
namespace {

/**
 * A row of x beside the vectors of codes that it meets. A run covers `lanes` groups of columns: their scales, their
 * sums times scale, then for each vector of codes its parts of x, and what the codes' offset adds to each lane,
 * negated.
 */
template <class Codes>
struct ArrangedRow {
  static constexpr int vectorsPerRun = lanes * Codes::groupBytes / vectorBytes;
  static constexpr int vectorsPerStep = Codes::parts + (Codes::offset != 0 ? 1 : 0);
  static constexpr std::int64_t runBytes = vectorBytes * (2 + vectorsPerRun * vectorsPerStep);

  static std::int64_t bytes(std::int64_t groups) { return ceilDivide(groups, lanes) * runBytes; }

  static void write(const float* x, std::int64_t groups, char* to) {
    std::memset(to, 0, bytes(groups));
    for (std::int64_t group = 0; group < groups; group++) {
      RoundedGroup rounded;
      roundGroup(x + group * integerColumns, rounded);
      std::int8_t codes[integerColumns];
      arrange<Codes>(rounded.codes, codes);
      char* run = to + group / lanes * runBytes;
      const std::int64_t inRun = group % lanes;
      const float sum = rounded.scale * rounded.sum;
      std::memcpy(run + inRun * 4, &rounded.scale, 4);
      std::memcpy(run + vectorBytes + inRun * 4, &sum, 4);
      // A group's codes lie in one vector, or in whole ones, side by side with those of its neighbours.
      for (std::int64_t byte = 0; byte < Codes::groupBytes; byte += 4) {
        const std::int64_t at = inRun * Codes::groupBytes + byte;
        char* step = run + vectorBytes * (2 + at / vectorBytes * vectorsPerStep) + at % vectorBytes;
        std::int32_t sumOfFour = 0;
        for (int part = 0; part < Codes::parts; part++) {
          const std::int8_t* four = codes + part * Codes::groupBytes + byte;
          std::memcpy(step + part * vectorBytes, four, 4);
          for (int i = 0; i < 4; i++) sumOfFour += four[i];
        }
        const std::int32_t offset = -Codes::offset * sumOfFour;
        if constexpr (Codes::offset != 0) std::memcpy(step + Codes::parts * vectorBytes, &offset, 4);
      }
    }
  }
};

/** Scales of a run spread over the lanes of its vector `v` of codes. */
template <class Codes>
HYBRA_INLINE vf spread(vf scales, int v) {
  constexpr int lanesPerGroup = Codes::groupBytes / 4;
#if defined(__AVX512F__)
  constexpr int step = lanes / lanesPerGroup;
  const vi order = vi{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15} / lanesPerGroup + v * step;
  return (vf)_mm512_permutexvar_ps((__m512i)order, (__m512)scales);
#elif defined(__AVX2__)
  constexpr int step = lanes / lanesPerGroup;
  const vi order = vi{0, 1, 2, 3, 4, 5, 6, 7} / lanesPerGroup + v * step;
  return (vf)_mm256_permutevar8x32_ps((__m256)scales, (__m256i)order);
#else
  return splat(scales[v * lanes / lanesPerGroup]);
#endif
}

/**
 * Bytes ahead at which codes are asked for. Codes of 4 bits are unpacked for longer than a core looks ahead by itself;
 * those of 8 bits are waited for as they are, and asking costs a tenth.
 */
template <class Codes>
constexpr std::int64_t codesAhead = Codes::parts > 1 ? 4096 : 0;

/** Dot products of `Rows` rows of x with row n of the weight: still spread over lanes. */
template <int Rows, class Weights>
HYBRA_INLINE void integerDot(const Weights& weights, std::int64_t n, const char* x, std::int64_t rowBytes,
                             vf totals[Rows]) {
  using Codes = typename Weights::Codes;
  using Row = ArrangedRow<Codes>;
  vf sums[Rows] = {};
  const std::uint8_t* codes = weights.codes + n * weights.groups * Codes::groupBytes;
  auto addVector = [&](vi bytes, int v, const char* run, const vf scales[Rows]) __attribute__((always_inline)) {
    vi parts[Codes::parts];
    holdInRegister(bytes);
    Codes::split(bytes, parts);
#pragma GCC unroll 4
    for (int row = 0; row < Rows; row++) {
      const char* step = run + row * rowBytes + vectorBytes * (2 + v * Row::vectorsPerStep);
      vi sum = Codes::offset != 0 ? loadBytes(step + Codes::parts * vectorBytes) : vi{};
#pragma GCC unroll 2
      for (int part = 0; part < Codes::parts; part++) {
        sum = dotBytes<Codes::areSigned>(sum, parts[part], loadBytes(step + part * vectorBytes));
      }
      sums[row] += __builtin_convertvector(sum, vf) * spread<Codes>(scales[row], v);
    }
  };
  for (std::int64_t first = 0; first < weights.groups; first += lanes, x += Row::runBytes) {
    const std::int64_t count = least(lanes, weights.groups - first);
    const vf scale = weights.scalesOf(n, first, count);
    vf scales[Rows];
#pragma GCC unroll 4
    for (int row = 0; row < Rows; row++) {
      const float* run = reinterpret_cast<const float*>(x + row * rowBytes);
      scales[row] = scale * load(run);
      if constexpr (Weights::HasZeros) sums[row] -= weights.zerosOf(n, first, count) * scale * load(run + lanes);
    }
    std::int64_t left = count * Codes::groupBytes;
#pragma GCC unroll 8
    for (int v = 0; v < Row::vectorsPerRun && left > 0; v++, left -= vectorBytes, codes += vectorBytes) {
      if constexpr (codesAhead<Codes> > 0) __builtin_prefetch(codes + codesAhead<Codes>);
      addVector(left >= vectorBytes ? loadBytes(codes) : loadSomeBytes(codes, left), v, x, scales);
    }
  }
#pragma GCC unroll 4
  for (int row = 0; row < Rows; row++) totals[row] = sums[row];
}

/** Columns from … to of the product of `Rows` rows. */
template <int Rows, class Weights>
void integerDots(const Weights& weights, const char* x, std::int64_t rowBytes, float* y, std::int64_t N,
                 std::int64_t from, std::int64_t to) {
  std::int64_t n = from;
  for (; n + 4 <= to; n += 4) {
    vf totals[4][Rows];
    for (int column = 0; column < 4; column++) integerDot<Rows>(weights, n + column, x, rowBytes, totals[column]);
    for (int row = 0; row < Rows; row++) {
      const quad results = sumsOf(totals[0][row], totals[1][row], totals[2][row], totals[3][row]);
      std::memcpy(y + row * N + n, &results, sizeof results);
    }
  }
  for (; n < to; n++) {
    vf totals[Rows];
    integerDot<Rows>(weights, n, x, rowBytes, totals);
    for (int row = 0; row < Rows; row++) y[row * N + n] = sumOf(totals[row]);
  }
}

}  // namespace
}  // namespace hybra::HYBRA_ISA
