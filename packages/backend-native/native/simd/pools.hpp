/* State pools [S, …]: what row b of the batch uses, and states of 16-bit floats. */
#pragma once
#include "halves.hpp"

namespace hybra::HYBRA_ISA {
namespace {

/** Copies a pool into the output where the two do not share memory. */
inline void startPool(const Call& call, const Frame& frame, int input, int output) {
  if (frame.inputs[input] == frame.outputs[output]) return;
  const Operand& pool = call.inputs[input];
  std::memcpy(frame.outputs[output], frame.inputs[input], pool.count() * byteSize(pool.dtype));
}

/** Reads `count` elements of a pool from element `from` on. */
inline void readPool(const char* pool, DType dtype, std::int64_t from, std::int64_t count, float* to) {
  withReader(dtype, [&](auto reader) {
    using Reader = decltype(reader);
    widenRun<Reader>(reinterpret_cast<const typename Reader::Element*>(pool) + from, to, count);
  });
}

/** Rounds `count` elements into a pool. */
inline void writePool(char* pool, DType dtype, std::int64_t from, std::int64_t count, const float* values) {
  if (dtype == DType::f16) narrowRunF16(values, reinterpret_cast<std::uint16_t*>(pool) + from, count);
  else if (dtype == DType::bf16) narrowRunBf16(values, reinterpret_cast<std::uint16_t*>(pool) + from, count);
  else std::memcpy(reinterpret_cast<float*>(pool) + from, values, count * 4);
}

}  // namespace
}  // namespace hybra::HYBRA_ISA
