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

  void run(float* local) const {
    float* filters = local;
    const float* past = local + taps * convChannels;
    for (std::int64_t k = 0; k < taps; k++) {
      for (std::int64_t c = 0; c < count; c++) filters[k * convChannels + c] = weight[(from + c) * taps + k];
    }
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
    float* past = local + taps * convChannels;
    for (std::int64_t k = 0; k < taps - 1; k++) {
      readPool(pool, tails.dtype, (slot * (taps - 1) + k) * C + from, count, past + k * convChannels);
      for (std::int64_t c = count; c < convChannels; c++) past[k * convChannels + c] = 0;
    }
    for (std::int64_t k = 0; k < taps; k++) {
      for (std::int64_t c = count; c < convChannels; c++) local[k * convChannels + c] = 0;
    }
    const ConvTask task{x, xs.strides[1], reinterpret_cast<const float*>(frame.inputs[1]),
                        reinterpret_cast<const float*>(frame.inputs[2]), y, C, T, taps, from, count,
                        call.attributes[0] != 0};
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
