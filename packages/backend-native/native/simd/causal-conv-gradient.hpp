/*
 * The gradient of the depthwise causal convolution. Inputs x, weight, bias, tails, slots, lengths, dy and perhaps
 * dtails; outputs dx, dweight, dbias, dtails. x and dy may be windows whose last axis is contiguous.
 * Attribute: whether SiLU follows.
 */
#pragma once
#include "causal-conv.hpp"

namespace hybra::HYBRA_ISA {
namespace {

/** Sums of one row of the batch over its positions: each tap of each channel, then the bias. */
inline std::int64_t convRowSums(const Call& call) { return call.inputs[0].shape[2] * (call.inputs[1].shape[1] + 1); }
inline std::int64_t convGradientLocal(const Call& call) {
  return alignUp((5 * call.inputs[1].shape[1] + 3) * convChannels * 4);
}
inline std::int64_t convGradientScratch(const Call& call, int threads) {
  return alignUp(call.inputs[0].shape[0] * convRowSums(call) * 4) + convGradientLocal(call) * threads;
}

/** Channels `from` … `from + count` of one row of the batch. Buffers of `local` hold `convChannels` per line. */
struct ConvGradientTask {
  ConvTask forward;
  const float* dy;
  std::int64_t dyT;
  float* dx;
  /** Lines: filters, the past, gradients of the past, of the filters, of the bias. */
  float *filters, *past, *dpast, *dfilters, *dbias;

  HYBRA_INLINE float* into(std::int64_t position) const {
    return position >= 0 ? dx + position * forward.yT + forward.from
                         : dpast + (position + forward.taps - 1) * convChannels;
  }

  HYBRA_INLINE void vector(std::int64_t t, std::int64_t c, int rest) const {
    const auto get = [=](const float* from) { return rest == lanes ? load(from) : loadSome(from, rest); };
    const auto put = [=](float* to, vf x) { rest == lanes ? store(to, x) : storeSome(to, x, rest); };
    const std::int64_t taps = forward.taps;
    vf gradient = get(dy + t * dyT + forward.from + c);
    if (forward.isSilu) {
      vf sum = get(forward.bias + forward.from + c);
      for (std::int64_t k = 0; k < taps; k++) {
        sum += get(forward.at(t - taps + 1 + k, past) + c) * load(filters + k * convChannels + c);
      }
      const vf opened = 1.0f / (exp(-sum) + 1.0f);
      gradient *= opened * (sum * (1.0f - opened) + 1.0f);
    }
    store(dbias + c, load(dbias + c) + gradient);
    for (std::int64_t k = 0; k < taps; k++) {
      float* sum = dfilters + k * convChannels + c;
      store(sum, load(sum) + gradient * get(forward.at(t - taps + 1 + k, past) + c));
      float* to = into(t - taps + 1 + k) + c;
      const vf term = gradient * load(filters + k * convChannels + c);
      // The newest input of a window is met here first.
      put(to, k == taps - 1 ? term : get(to) + term);
    }
  }

  /** Adds what was summed since the last time to `sums`, in which positions beyond some hundreds lose nothing. */
  void flush(float* sums) const {
    const std::int64_t taps = forward.taps;
    for (std::int64_t c = 0; c < forward.count; c++) {
      float* to = sums + (forward.from + c) * (taps + 1);
      for (std::int64_t k = 0; k < taps; k++) to[k] += dfilters[k * convChannels + c];
      to[taps] += dbias[c];
    }
    std::memset(dfilters, 0, (taps + 1) * convChannels * 4);
  }

  void run(float* sums) const {
    for (std::int64_t t = 0; t < forward.T; t++) {
      for (std::int64_t c = 0; c < forward.count; c += lanes) {
        vector(t, c, static_cast<int>(least(lanes, forward.count - c)));
      }
      if (t % 256 == 255) flush(sums);
    }
    flush(sums);
  }
};

void kernel_causalConv1dGradient(const Call& call, const Frame& frame) {
  const Operand &xs = call.inputs[0], &tails = call.inputs[3], &dys = call.inputs[6];
  const std::int64_t B = xs.shape[0], T = xs.shape[1], C = xs.shape[2], taps = call.inputs[1].shape[1];
  const auto in = [&](int index) { return reinterpret_cast<const float*>(frame.inputs[index]); };
  const std::int32_t* slots = reinterpret_cast<const std::int32_t*>(frame.inputs[4]);
  const std::int32_t* lengths = reinterpret_cast<const std::int32_t*>(frame.inputs[5]);
  float* dtails = reinterpret_cast<float*>(frame.outputs[3]);
  const bool hasArriving = call.inputCount > 7;
  if (hasArriving) std::memcpy(dtails, in(7), tails.count() * 4);
  else std::memset(dtails, 0, tails.count() * 4);
  float* rowSums = reinterpret_cast<float*>(frame.scratch);
  std::memset(rowSums, 0, B * convRowSums(call) * 4);
  char* locals = frame.scratch + alignUp(B * convRowSums(call) * 4);
  const std::int64_t localBytes = convGradientLocal(call), blocks = ceilDivide(C, convChannels);
  parallel(frame.pool, 3.0 * B * T * C, B * blocks, [&](std::int64_t task, int thread) {
    const std::int64_t b = task / blocks, from = task % blocks * convChannels;
    const std::int64_t count = least(convChannels, C - from);
    float* dx = reinterpret_cast<float*>(frame.outputs[0]) + b * T * C;
    const std::int64_t slot = slots[b];
    if (slot < 0 || slot >= tails.shape[0]) {
      for (std::int64_t t = 0; t < T; t++) std::memset(dx + t * C + from, 0, count * 4);
      return;
    }
    float* local = reinterpret_cast<float*>(locals + thread * localBytes);
    std::memset(local, 0, localBytes);
    float *filters = local, *past = filters + taps * convChannels, *dpast = past + taps * convChannels;
    float *dfilters = dpast + taps * convChannels, *dbias = dfilters + taps * convChannels;
    const float* tail = in(3) + slot * (taps - 1) * C + from;
    for (std::int64_t k = 0; k < taps - 1; k++) std::memcpy(past + k * convChannels, tail + k * C, count * 4);
    for (std::int64_t k = 0; k < taps; k++) {
      for (std::int64_t c = 0; c < count; c++) filters[k * convChannels + c] = in(1)[(from + c) * taps + k];
    }
    const ConvTask forward{in(0) + b * xs.strides[0], xs.strides[1], in(1), in(2), nullptr, C, T, taps, from, count,
                           call.attributes[0] != 0};
    const ConvGradientTask gradient{forward, in(6) + b * dys.strides[0], dys.strides[1], dx, filters, past, dpast,
                                    dfilters, dbias};
    gradient.run(rowSums + b * convRowSums(call));
    // The last K − 1 inputs before the length are the tail that was left behind.
    const std::int64_t length = least(most(lengths[b], 0), T);
    float* before = dtails + slot * (taps - 1) * C + from;
    for (std::int64_t i = 0; i < taps - 1 && hasArriving; i++) {
      float* to = gradient.into(length - taps + 1 + i);
      for (std::int64_t c = 0; c < count; c++) to[c] += before[i * C + c];
    }
    for (std::int64_t i = 0; i < taps - 1; i++) std::memcpy(before + i * C, dpast + i * convChannels, count * 4);
  });
  float *dweight = reinterpret_cast<float*>(frame.outputs[1]), *dbias = reinterpret_cast<float*>(frame.outputs[2]);
  for (std::int64_t c = 0; c < C; c++) {
    for (std::int64_t k = 0; k <= taps; k++) {
      double total = 0;
      for (std::int64_t b = 0; b < B; b++) total += rowSums[b * convRowSums(call) + c * (taps + 1) + k];
      (k < taps ? dweight[c * taps + k] : dbias[c]) = static_cast<float>(total);
    }
  }
}

}  // namespace
}  // namespace hybra::HYBRA_ISA
