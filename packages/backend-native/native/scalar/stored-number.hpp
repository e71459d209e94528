/* What memory of a dtype holds for a number. Needs HYBRA_ISA to be `scalar`. */
#pragma once
#include <cmath>
#include <cstring>
#include <limits>

#include "../core/dtype.hpp"
#include "../simd/halves.hpp"

namespace hybra::scalar {
namespace {

/** Truncates towards 0 and saturates; NaN gives 0. */
template <class T>
inline T saturated(double value) {
  using Limits = std::numeric_limits<T>;
  if (!(value == value)) return 0;
  if (value <= static_cast<double>(Limits::min())) return Limits::min();
  if (value >= static_cast<double>(Limits::max())) return Limits::max();
  return static_cast<T>(value);
}

/**
 * The half nearest to a double, ties to even, rounded once: rounding to float32 first is made harmless by rounding
 * to odd (Boldo & Melquiond 2008).
 */
inline float toOddFloat(double value) {
  float near = static_cast<float>(value);
  if (static_cast<double>(near) == value || near != near || std::isinf(near)) return near;
  std::uint32_t bits = bitsFromFloat(near);
  // Towards zero, then the last bit stands for all that was cut off.
  if (std::fabs(static_cast<double>(near)) > std::fabs(value)) bits--;
  return floatFromBits(bits | 1);
}

inline void storeNumber(DType dtype, double value, void* to) {
  const auto put = [to](auto stored) { std::memcpy(to, &stored, sizeof stored); };
  switch (dtype) {
    case DType::f64: return put(value);
    case DType::f32: return put(static_cast<float>(value));
    case DType::f16: return put(narrowF16(toOddFloat(value)));
    case DType::bf16: return put(narrowBf16(toOddFloat(value)));
    case DType::i32: return put(saturated<std::int32_t>(value));
    case DType::u32: return put(saturated<std::uint32_t>(value));
    case DType::i8: return put(saturated<std::int8_t>(value));
    case DType::u8: return put(saturated<std::uint8_t>(value));
    case DType::boolean: return put(static_cast<std::uint8_t>(value != 0));
  }
}

}  // namespace
}  // namespace hybra::scalar
