/* What the machine allows: the figures that a kernel's speed is held against. */
#pragma once
#include <chrono>

#include "matmul-tile.hpp"
#include "parallel.hpp"

namespace hybra::HYBRA_ISA {
namespace {

HYBRA_INLINE double secondsNow() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/** Floating-point operations per second of multiply-adds in registers, on all threads at once. */
inline double peakOperations(Pool& pool) {
  constexpr int chains = 2 * tileRows > 24 ? 24 : 12;
  constexpr std::int64_t rounds = 1 << 19;
  const int threads = pool.threads();
  const double start = secondsNow();
  auto burn = [](std::int64_t task, int) {
    vf sums[chains];
    const vf factor = splat(0.999f + 1e-9f * task), term = splat(1e-3f);
#pragma GCC unroll 24
    for (int i = 0; i < chains; i++) sums[i] = splat(1.0f * i);
    for (std::int64_t round = 0; round < rounds; round++) {
#pragma GCC unroll 24
      for (int i = 0; i < chains; i++) sums[i] = sums[i] * factor + term;
    }
    vf total = {};
    for (int i = 0; i < chains; i++) total += sums[i];
    volatile float sink = sumOf(total);
    (void)sink;
  };
  parallel(pool, 1e9, threads, burn);
  return 2.0 * lanes * chains * rounds * threads / (secondsNow() - start);
}

/** Bytes per second of reading `count` floats once, on all threads together. */
inline double readBandwidth(Pool& pool, const float* from, std::int64_t count) {
  constexpr std::int64_t piece = 1 << 16;
  const double start = secondsNow();
  auto read = [=](std::int64_t task, int) {
    const float* at = from + task * piece;
    vf sums[8] = {};
    for (std::int64_t i = 0; i + 8 * lanes <= piece; i += 8 * lanes) {
#pragma GCC unroll 8
      for (int k = 0; k < 8; k++) sums[k] += load(at + i + k * lanes);
    }
    for (int k = 1; k < 8; k++) sums[0] += sums[k];
    volatile float sink = sumOf(sums[0]);
    (void)sink;
  };
  parallel(pool, 1e9, count / piece, read);
  return count / piece * piece * 4.0 / (secondsNow() - start);
}

}  // namespace
}  // namespace hybra::HYBRA_ISA
