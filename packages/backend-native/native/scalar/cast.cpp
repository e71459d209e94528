/* Any dtype to any dtype, each value rounded once. */
#include "scalar.hpp"

#define HYBRA_ISA scalar
#include <type_traits>

#include "../simd/halves.hpp"
#include "../simd/loops.hpp"
#include "stored-number.hpp"

namespace hybra::scalar {
namespace {

// Storage types that look alike are told apart by a tag.
struct F16 { std::uint16_t bits; };
struct BF16 { std::uint16_t bits; };
struct Bool { std::uint8_t bits; };

inline double numberOf(double x) { return x; }
inline double numberOf(float x) { return x; }
inline double numberOf(F16 x) { return widenF16(x.bits); }
inline double numberOf(BF16 x) { return widenBf16(x.bits); }
inline std::int64_t numberOf(std::int32_t x) { return x; }
inline std::int64_t numberOf(std::uint32_t x) { return x; }
inline std::int64_t numberOf(std::int8_t x) { return x; }
inline std::int64_t numberOf(std::uint8_t x) { return x; }
inline std::int64_t numberOf(Bool x) { return x.bits; }

/** Float to integer truncates and saturates, integer to integer wraps. */
template <class To, class Number>
inline To converted(Number x) {
  if constexpr (std::is_same_v<To, Bool>) return Bool{static_cast<std::uint8_t>(x != 0)};
  else if constexpr (std::is_same_v<To, F16>) return F16{narrowF16(toOddFloat(static_cast<double>(x)))};
  else if constexpr (std::is_same_v<To, BF16>) return BF16{narrowBf16(toOddFloat(static_cast<double>(x)))};
  else if constexpr (std::is_floating_point_v<To> || std::is_integral_v<Number>) return static_cast<To>(x);
  else return saturated<To>(x);
}

template <class From, class To>
void castAs(const Call& call, const Frame& frame) {
  const std::int64_t* strides[] = {call.inputs[0].strides, call.outputs[0].strides};
  const Loops loops = collapse(call.outputs[0].rank, call.outputs[0].shape, 2, strides);
  const From* x = reinterpret_cast<const From*>(frame.inputs[0]);
  To* y = reinterpret_cast<To*>(frame.outputs[0]);
  const std::int64_t step = loops.step(0);
  forRows(loops, frame.pool, 1.0, [=](const std::int64_t* starts, std::int64_t count) {
    for (std::int64_t i = 0; i < count; i++) y[starts[1] + i] = converted<To>(numberOf(x[starts[0] + i * step]));
  });
}

template <class From>
void castFrom(const Call& call, const Frame& frame) {
  switch (call.outputs[0].dtype) {
    case DType::f64: return castAs<From, double>(call, frame);
    case DType::f32: return castAs<From, float>(call, frame);
    case DType::f16: return castAs<From, F16>(call, frame);
    case DType::bf16: return castAs<From, BF16>(call, frame);
    case DType::i32: return castAs<From, std::int32_t>(call, frame);
    case DType::u32: return castAs<From, std::uint32_t>(call, frame);
    case DType::i8: return castAs<From, std::int8_t>(call, frame);
    case DType::u8: return castAs<From, std::uint8_t>(call, frame);
    case DType::boolean: return castAs<From, Bool>(call, frame);
  }
}

}  // namespace

void kernel_cast(const Call& call, const Frame& frame) {
  if (call.inputs[0].dtype == call.outputs[0].dtype) return kernel_copy(call, frame);
  switch (call.inputs[0].dtype) {
    case DType::f64: return castFrom<double>(call, frame);
    case DType::f32: return castFrom<float>(call, frame);
    case DType::f16: return castFrom<F16>(call, frame);
    case DType::bf16: return castFrom<BF16>(call, frame);
    case DType::i32: return castFrom<std::int32_t>(call, frame);
    case DType::u32: return castFrom<std::uint32_t>(call, frame);
    case DType::i8: return castFrom<std::int8_t>(call, frame);
    case DType::u8: return castFrom<std::uint8_t>(call, frame);
    case DType::boolean: return castFrom<Bool>(call, frame);
  }
}

}  // namespace hybra::scalar
