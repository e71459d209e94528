/*
 * Rotary position embedding (Su et al. 2021, eq. 34). The angle is a float32 product, as in every implementation
 * that models were trained with. x may be a window whose last two axes are contiguous.
 * Attribute: whether pairs are (2i, 2i + 1) instead of (i, i + R/2).
 */
#pragma once
#include <cmath>

#include "parallel.hpp"

namespace hybra::HYBRA_ISA {
namespace {

void kernel_rope(const Call& call, const Frame& frame) {
  const Operand& xs = call.inputs[0];
  const std::int64_t T = xs.shape[1], heads = xs.shape[2], width = xs.shape[3], pairs = call.inputs[2].shape[0];
  const float* x = reinterpret_cast<const float*>(frame.inputs[0]);
  const std::int32_t* positions = reinterpret_cast<const std::int32_t*>(frame.inputs[1]);
  const float* frequencies = reinterpret_cast<const float*>(frame.inputs[2]);
  float* y = reinterpret_cast<float*>(frame.outputs[0]);
  const std::int64_t pairStep = call.attributes[0] != 0 ? 2 : 1, partner = call.attributes[0] != 0 ? 1 : pairs;
  parallelRange(frame.pool, 20.0 * pairs + heads * width, xs.shape[0] * T, 1, [=](std::int64_t first, std::int64_t last) {
    for (std::int64_t token = first; token < last; token++) {
      const float* in = x + token / T * xs.strides[0] + token % T * xs.strides[1];
      float* out = y + token * heads * width;
      for (std::int64_t i = 0; i < pairs; i++) {
        const float angle = static_cast<float>(positions[token]) * frequencies[i];
        const float cosine = std::cos(angle), sine = std::sin(angle);
        for (std::int64_t head = 0; head < heads; head++) {
          const std::int64_t at = head * width + i * pairStep;
          const float left = in[at], right = in[at + partner];
          out[at] = left * cosine - right * sine;
          out[at + partner] = right * cosine + left * sine;
        }
      }
      for (std::int64_t head = 0; head < heads; head++) {
        for (std::int64_t at = head * width + 2 * pairs; at < (head + 1) * width; at++) out[at] = in[at];
      }
    }
  });
}

}  // namespace
}  // namespace hybra::HYBRA_ISA
