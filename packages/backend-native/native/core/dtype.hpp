#pragma once
#include <cstdint>

namespace hybra {

/** Element types, in the order of `dtypes` in @hybra/spec: the JavaScript side sends the index. */
enum class DType : std::uint8_t { f64, f32, f16, bf16, i32, u32, i8, u8, boolean };

static constexpr std::int64_t byteSize(DType dtype) {
  switch (dtype) {
    case DType::f64: return 8;
    case DType::f32:
    case DType::i32:
    case DType::u32: return 4;
    case DType::f16:
    case DType::bf16: return 2;
    default: return 1;
  }
}

static constexpr bool isHalf(DType dtype) { return dtype == DType::f16 || dtype == DType::bf16; }

}  // namespace hybra
