/*
 * Depthwise causal convolution whose past is a tail of K − 1 inputs kept in a pool.
 * Attribute: whether SiLU follows. x may be a window whose last axis is contiguous.
 */
#pragma once
#include "math.hpp"
#include "parallel.hpp"
#include "pools.hpp"

namespace hybra::HYBRA_ISA {
namespace {

/** Channels that one task takes: its inputs of K positions stay in registers or the first cache. */
constexpr std::int64_t convChannels = 16 * lanes;

inline std::int64_t convScratch(const Call& call, int threads) {
  const std::int64_t taps = call.inputs[1].shape[1];
  return alignUp((2 * taps + 1) * convChannels * 4) * threads;
}

/** One task: channels `from` … `from + count` of one row of the batch. `local` holds weights and the past. */
struct ConvTask {
  const float* x;
  std::int64_t xT;
  const float* weight;
  const float* bias;
  float* y;
  std::int64_t yT;
  std::int64_t T, taps, from, count;
  bool isSilu;

  /** Where the input of a position lies: in x, or before the chunk in the past. */
  HYBRA_INLINE const float* at(std::int64_t position, const float* past) const {
    return position >= 0 ? x + position * xT + from : past + (position + taps - 1) * convChannels;
  }

  /** The weights of each tap side by side. */
  void arrangeFilters(float* filters) const {
    const float* rows = weight + from * taps;
    std::int64_t c = 0;
    for (; taps == 4 && c + 4 <= count; c += 4) {
      quad channels[4];
      std::memcpy(channels, rows + c * 4, sizeof channels);
      const auto [a, b, d, e] = channels;
      const quad low = __builtin_shufflevector(a, b, 0, 4, 1, 5), low2 = __builtin_shufflevector(d, e, 0, 4, 1, 5);
      const quad high = __builtin_shufflevector(a, b, 2, 6, 3, 7), high2 = __builtin_shufflevector(d, e, 2, 6, 3, 7);
      const quad byTap[4] = {
          __builtin_shufflevector(low, low2, 0, 1, 4, 5), __builtin_shufflevector(low, low2, 2, 3, 6, 7),
          __builtin_shufflevector(high, high2, 0, 1, 4, 5), __builtin_shufflevector(high, high2, 2, 3, 6, 7)};
#pragma GCC unroll 4
      for (int k = 0; k < 4; k++) std::memcpy(filters + k * convChannels + c, &byTap[k], sizeof byTap[k]);
    }
    for (; c < count; c++) {
      for (std::int64_t k = 0; k < taps; k++) filters[k * convChannels + c] = rows[c * taps + k];
    }
  }

  /** One position, with the tail where it lies in its pool, rows `C` apart: it moves on if the position counts. */
  void step(const float* filters, float* tail, std::int64_t C, bool counts) const {
    for (std::int64_t c = 0; c < count; c += lanes) {
      const int rest = static_cast<int>(least(lanes, count - c));
      const auto read = [=](const float* at) { return rest == lanes ? load(at) : loadSome(at, rest); };
      const auto write = [=](float* at, vf value) {
        if (rest == lanes) store(at, value);
        else storeSome(at, value, rest);
      };
      vf sum = read(bias + from + c);
      for (std::int64_t k = 0; k < taps; k++) {
        const vf in = read(k < taps - 1 ? tail + k * C + from + c : x + from + c);
        sum += in * load(filters + k * convChannels + c);
        if (counts && k > 0) write(tail + (k - 1) * C + from + c, in);
      }
      write(y + from + c, isSilu ? silu(sum) : sum);
    }
  }

  void run(float* local) const {
    float* filters = local;
    const float* past = local + taps * convChannels;
    arrangeFilters(filters);
    for (std::int64_t t = 0; t < T; t++) {
      float* to = y + t * yT + from;
      for (std::int64_t c = 0; c < count; c += lanes) {
        const int rest = static_cast<int>(least(lanes, count - c));
        vf sum = rest == lanes ? load(bias + from + c) : loadSome(bias + from + c, rest);
        for (std::int64_t k = 0; k < taps; k++) {
          const float* in = at(t - taps + 1 + k, past) + c;
          sum += (rest == lanes ? load(in) : loadSome(in, rest)) * load(filters + k * convChannels + c);
        }
        if (isSilu) sum = silu(sum);
        if (rest == lanes) store(to + c, sum);
        else storeSome(to + c, sum, rest);
      }
    }
  }
};

void kernel_causalConv1d(const Call& call, const Frame& frame) {
  const Operand &xs = call.inputs[0], &tails = call.inputs[3];
  const std::int64_t B = xs.shape[0], T = xs.shape[1], C = xs.shape[2], taps = call.inputs[1].shape[1];
  const std::int32_t* slots = reinterpret_cast<const std::int32_t*>(frame.inputs[4]);
  const std::int32_t* lengths = reinterpret_cast<const std::int32_t*>(frame.inputs[5]);
  const std::int64_t pieces = ceilDivide(C, convChannels), localBytes = convScratch(call, 1);
  char* pool = frame.outputs[1];
  startPool(call, frame, 3, 1);
  parallel(frame.pool, (call.attributes[0] != 0 ? 1.0 : 0.4) * B * T * C, B * pieces, [&](std::int64_t index, int thread) {
    const std::int64_t b = index / pieces, from = index % pieces * convChannels, count = least(convChannels, C - from);
    const float* x = reinterpret_cast<const float*>(frame.inputs[0]) + b * xs.strides[0];
    float* y = reinterpret_cast<float*>(frame.outputs[0]) + b * T * C;
    const std::int64_t slot = slots[b];
    if (slot < 0 || slot >= tails.shape[0]) {
      for (std::int64_t t = 0; t < T; t++) std::memset(y + t * C + from, 0, count * 4);
      return;
    }
    float* local = reinterpret_cast<float*>(frame.scratch + thread * localBytes);
    for (std::int64_t k = 0; k < taps; k++) {
      for (std::int64_t c = count; c < convChannels; c++) local[k * convChannels + c] = 0;
    }
    const ConvTask task{x, xs.strides[1], reinterpret_cast<const float*>(frame.inputs[1]),
                        reinterpret_cast<const float*>(frame.inputs[2]), y, C, T, taps, from, count,
                        call.attributes[0] != 0};
    if (T == 1 && tails.dtype == DType::f32) {
      task.arrangeFilters(local);
      task.step(local, reinterpret_cast<float*>(pool) + slot * (taps - 1) * C, C, lengths[b] > 0);
      return;
    }
    float* past = local + taps * convChannels;
    for (std::int64_t k = 0; k < taps - 1; k++) {
      readPool(pool, tails.dtype, (slot * (taps - 1) + k) * C + from, count, past + k * convChannels);
      for (std::int64_t c = count; c < convChannels; c++) past[k * convChannels + c] = 0;
    }
    task.run(local);
    // The last K − 1 inputs before the length, oldest first; some may be of the past still.
    const std::int64_t length = least(most(lengths[b], 0), T);
    for (std::int64_t i = 0; i < taps - 1; i++) {
      writePool(pool, tails.dtype, (slot * (taps - 1) + i) * C + from, count, task.at(length - taps + 1 + i, past));
    }
  });
}

}  // namespace
}  // namespace hybra::HYBRA_ISA
