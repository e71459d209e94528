/* Casts between float32 and 16-bit floats, which models use; the others are not worth vectors. */
#pragma once
#include "../scalar/scalar.hpp"
#include "halves.hpp"
#include "loops.hpp"

namespace hybra::HYBRA_ISA {
namespace {

void kernel_cast(const Call& call, const Frame& frame) {
  const DType from = call.inputs[0].dtype, to = call.outputs[0].dtype;
  const bool isPlain = call.inputs[0].isContiguous();
  const std::int64_t count = call.outputs[0].count();
  if (isPlain && isHalf(from) && to == DType::f32) {
    float* y = reinterpret_cast<float*>(frame.outputs[0]);
    withReader(from, [&](auto reader) {
      using Reader = decltype(reader);
      const auto* x = reinterpret_cast<const typename Reader::Element*>(frame.inputs[0]);
      parallelRange(frame.pool, 0.3, count, 4096, [=](std::int64_t first, std::int64_t last) {
        widenRun<Reader>(x + first, y + first, last - first);
      });
    });
  } else if (isPlain && from == DType::f32 && isHalf(to)) {
    const float* x = reinterpret_cast<const float*>(frame.inputs[0]);
    std::uint16_t* y = reinterpret_cast<std::uint16_t*>(frame.outputs[0]);
    parallelRange(frame.pool, 0.4, count, 4096, [=](std::int64_t first, std::int64_t last) {
      if (to == DType::f16) narrowRunF16(x + first, y + first, last - first);
      else narrowRunBf16(x + first, y + first, last - first);
    });
  } else {
    scalar::kernel_cast(call, frame);
  }
}

}  // namespace
}  // namespace hybra::HYBRA_ISA
