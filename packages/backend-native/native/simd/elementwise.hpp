/* Ops that look at one element of each input at a time. */
#pragma once
#include <cmath>

#include "halves.hpp"
#include "loops.hpp"
#include "math.hpp"

namespace hybra::HYBRA_ISA {
namespace {

/** Elements of a strided operand that are gathered at once. */
constexpr int block = 512;

/** A run of float32: where it lies, or gathered into `buffer`. */
HYBRA_INLINE const float* runOf(const float* from, std::int64_t step, std::int64_t at, int count, float* buffer) {
  if (step == 1) return from + at;
  for (int i = 0; i < count; i++) buffer[i] = from[(at + i) * step];
  return buffer;
}

template <class F>
void unaryFloats(const Call& call, const Frame& frame, double cost, F f) {
  const Loops loops = elementwiseLoops(call);
  const float* x = reinterpret_cast<const float*>(frame.inputs[0]);
  float* y = reinterpret_cast<float*>(frame.outputs[0]);
  const std::int64_t step = loops.step(0);
  forRows(loops, frame.pool, cost, [=](const std::int64_t* starts, std::int64_t count) {
    float buffer[block];
    for (std::int64_t at = 0; at < count; at += block) {
      const int length = static_cast<int>(least(block, count - at));
      const float* from = runOf(x + starts[0], step, at, length, buffer);
      float* to = y + starts[1] + at;
      int i = 0;
      for (; i + lanes <= length; i += lanes) store(to + i, f(load(from + i)));
      if (i < length) storeSome(to + i, f(loadSome(from + i, length - i)), length - i);
    }
  });
}

/** A run of an operand whose elements all are one, as vectors. */
struct Repeated {
  vf value;
  HYBRA_INLINE vf at(int) const { return value; }
  HYBRA_INLINE vf some(int, int) const { return value; }
};
/** A run of neighbours. */
struct Neighbours {
  const float* from;
  HYBRA_INLINE vf at(int i) const { return load(from + i); }
  HYBRA_INLINE vf some(int i, int count) const { return loadSome(from + i, count); }
};

template <class A, class B, class F>
HYBRA_INLINE void binaryRun(A a, B b, float* y, int count, F f) {
  int i = 0;
  for (; i + lanes <= count; i += lanes) store(y + i, f(a.at(i), b.at(i)));
  if (i < count) storeSome(y + i, f(a.some(i, count - i), b.some(i, count - i)), count - i);
}

template <class F>
void binaryFloats(const Call& call, const Frame& frame, double cost, F f) {
  const Loops loops = elementwiseLoops(call);
  const float* a = reinterpret_cast<const float*>(frame.inputs[0]);
  const float* b = reinterpret_cast<const float*>(frame.inputs[1]);
  float* y = reinterpret_cast<float*>(frame.outputs[0]);
  const std::int64_t aStep = loops.step(0), bStep = loops.step(1);
  forRows(loops, frame.pool, cost, [=](const std::int64_t* starts, std::int64_t count) {
    float aBuffer[block], bBuffer[block];
    const float *left = a + starts[0], *right = b + starts[1];
    for (std::int64_t at = 0; at < count; at += block) {
      const int length = static_cast<int>(least(block, count - at));
      float* to = y + starts[2] + at;
      if (aStep == 1 && bStep == 0) {
        binaryRun(Neighbours{left + at}, Repeated{splat(*right)}, to, length, f);
      } else if (aStep == 0 && bStep == 1) {
        binaryRun(Repeated{splat(*left)}, Neighbours{right + at}, to, length, f);
      } else {
        const Neighbours x{runOf(left, aStep, at, length, aBuffer)}, z{runOf(right, bStep, at, length, bBuffer)};
        binaryRun(x, z, to, length, f);
      }
    }
  });
}

/** `y = f(x)` element by element on one C++ type: ops that are not worth vectors, and integers. */
template <class T, class F>
void unaryScalars(const Call& call, const Frame& frame, double cost, F f) {
  const Loops loops = elementwiseLoops(call);
  const T* x = reinterpret_cast<const T*>(frame.inputs[0]);
  T* y = reinterpret_cast<T*>(frame.outputs[0]);
  const std::int64_t step = loops.step(0);
  forRows(loops, frame.pool, cost, [=](const std::int64_t* starts, std::int64_t count) {
    for (std::int64_t i = 0; i < count; i++) y[starts[1] + i] = f(x[starts[0] + i * step]);
  });
}

template <class T, class Result, class F>
void binaryScalars(const Call& call, const Frame& frame, double cost, F f) {
  const Loops loops = elementwiseLoops(call);
  const T* a = reinterpret_cast<const T*>(frame.inputs[0]);
  const T* b = reinterpret_cast<const T*>(frame.inputs[1]);
  Result* y = reinterpret_cast<Result*>(frame.outputs[0]);
  const std::int64_t aStep = loops.step(0), bStep = loops.step(1);
  forRows(loops, frame.pool, cost, [=](const std::int64_t* starts, std::int64_t count) {
    for (std::int64_t i = 0; i < count; i++) {
      y[starts[2] + i] = f(a[starts[0] + i * aStep], b[starts[1] + i * bStep]);
    }
  });
}

// float64 exists for checks, not for speed: one element after another, by the library.
#define HYBRA_UNARY(name, cost, expression, onDouble)                                   \
  void kernel_##name(const Call& call, const Frame& frame) {                            \
    if (call.inputs[0].dtype == DType::f64) {                                           \
      unaryScalars<double>(call, frame, 10, [](double x) -> double { return onDouble; }); \
    } else {                                                                            \
      unaryFloats(call, frame, cost, [](vf x) -> vf { return expression; });            \
    }                                                                                   \
  }
HYBRA_UNARY(exp, 0.5, exp(x), std::exp(x))
HYBRA_UNARY(expm1, 0.8, expm1(x), std::expm1(x))
HYBRA_UNARY(log, 1.0, log(x), std::log(x))
HYBRA_UNARY(log1p, 1.5, log1p(x), std::log1p(x))
HYBRA_UNARY(tanh, 1.0, tanh(x), std::tanh(x))
HYBRA_UNARY(erf, 1.0, erf(x), std::erf(x))
HYBRA_UNARY(reciprocal, 0.3, 1.0f / x, 1 / x)
#undef HYBRA_UNARY

void kernel_silu(const Call& call, const Frame& frame) {
  unaryFloats(call, frame, 0.8, [](vf x) -> vf { return silu(x); });
}
void kernel_softplus(const Call& call, const Frame& frame) {
  unaryFloats(call, frame, 2.0, [](vf x) -> vf { return softplus(x); });
}

#define HYBRA_UNARY_LIBRARY(name, cost, function)                                               \
  void kernel_##name(const Call& call, const Frame& frame) {                                    \
    if (call.inputs[0].dtype == DType::f64) {                                                   \
      unaryScalars<double>(call, frame, cost, [](double x) -> double { return function(x); });  \
    } else {                                                                                    \
      unaryScalars<float>(call, frame, cost, [](float x) -> float { return function(x); });     \
    }                                                                                           \
  }
HYBRA_UNARY_LIBRARY(sin, 10, std::sin)
HYBRA_UNARY_LIBRARY(cos, 10, std::cos)
HYBRA_UNARY_LIBRARY(sqrt, 0.5, std::sqrt)
HYBRA_UNARY_LIBRARY(floor, 0.5, std::floor)
#undef HYBRA_UNARY_LIBRARY

void kernel_neg(const Call& call, const Frame& frame) {
  if (call.inputs[0].dtype == DType::i32) {
    unaryScalars<std::uint32_t>(call, frame, 0.2, [](std::uint32_t x) { return 0u - x; });
  } else if (call.inputs[0].dtype == DType::f64) {
    unaryScalars<double>(call, frame, 0.2, [](double x) { return -x; });
  } else {
    unaryFloats(call, frame, 0.2, [](vf x) -> vf { return floatsOf(bitsOf(x) ^ splat(INT32_MIN)); });
  }
}

void kernel_abs(const Call& call, const Frame& frame) {
  if (call.inputs[0].dtype == DType::i32) {
    unaryScalars<std::int32_t>(call, frame, 0.2, [](std::int32_t x) {
      return x < 0 ? static_cast<std::int32_t>(0u - static_cast<std::uint32_t>(x)) : x;
    });
  } else if (call.inputs[0].dtype == DType::f64) {
    unaryScalars<double>(call, frame, 0.2, [](double x) { return std::fabs(x); });
  } else {
    unaryFloats(call, frame, 0.2, [](vf x) -> vf { return absolute(x); });
  }
}

void kernel_logicalNot(const Call& call, const Frame& frame) {
  unaryScalars<std::uint8_t>(call, frame, 0.2, [](std::uint8_t x) -> std::uint8_t { return x == 0; });
}

/** Attribute: whether Φ is approximated through tanh. */
void kernel_gelu(const Call& call, const Frame& frame) {
  if (call.attributes[0] != 0) unaryFloats(call, frame, 0.8, [](vf x) -> vf { return geluTanh(x); });
  else unaryFloats(call, frame, 1.2, [](vf x) -> vf { return geluErf(x); });
}

void kernel_swiglu(const Call& call, const Frame& frame) {
  binaryFloats(call, frame, 0.9, [](vf gate, vf up) -> vf { return silu(gate) * up; });
}

/** By dtype: vectors for float32, else one element after another. */
template <class F, class G, class H>
HYBRA_INLINE void arithmetic(const Call& call, const Frame& frame, F onFloats, G onIntegers, H onDoubles) {
  switch (call.inputs[0].dtype) {
    case DType::i32: return binaryScalars<std::int32_t, std::int32_t>(call, frame, 0.3, onIntegers);
    case DType::u32: return binaryScalars<std::uint32_t, std::uint32_t>(call, frame, 0.3, onIntegers);
    case DType::f64: return binaryScalars<double, double>(call, frame, 0.3, onDoubles);
    default: return binaryFloats(call, frame, 0.3, onFloats);
  }
}

#define HYBRA_ARITHMETIC(name, sign)                                                                       \
  void kernel_##name(const Call& call, const Frame& frame) {                                               \
    const auto onIntegers = [](auto a, auto b) {                                                           \
      return static_cast<decltype(a)>(static_cast<std::uint32_t>(a) sign static_cast<std::uint32_t>(b));   \
    };                                                                                                     \
    arithmetic(call, frame, [](vf a, vf b) { return a sign b; }, onIntegers,                               \
               [](double a, double b) { return a sign b; });                                               \
  }
HYBRA_ARITHMETIC(add, +)
HYBRA_ARITHMETIC(sub, -)
HYBRA_ARITHMETIC(mul, *)
#undef HYBRA_ARITHMETIC

void kernel_div(const Call& call, const Frame& frame) {
  const auto onIntegers = [](auto a, auto b) {
    // In 64 bits, where −2^31 / −1 exists; it wraps on the way back.
    return b == 0 ? decltype(a)(0) : static_cast<decltype(a)>(static_cast<std::int64_t>(a) / b);
  };
  arithmetic(call, frame, [](vf a, vf b) { return a / b; }, onIntegers, [](double a, double b) { return a / b; });
}

/** NaN if either is NaN. */
template <class T, class F>
HYBRA_INLINE T unlessNaN(T a, T b, F f) {
  return a != a ? a : b != b ? b : f(a, b);
}

void kernel_minimum(const Call& call, const Frame& frame) {
  const auto smaller = [](auto a, auto b) { return a < b ? a : b; };
  arithmetic(call, frame, [](vf a, vf b) -> vf { return a != a ? a : b != b ? b : minimum(a, b); }, smaller,
             [=](double a, double b) { return unlessNaN(a, b, smaller); });
}

void kernel_maximum(const Call& call, const Frame& frame) {
  const auto larger = [](auto a, auto b) { return a > b ? a : b; };
  arithmetic(call, frame, [](vf a, vf b) -> vf { return a != a ? a : b != b ? b : maximum(a, b); }, larger,
             [=](double a, double b) { return unlessNaN(a, b, larger); });
}

void kernel_pow(const Call& call, const Frame& frame) {
  if (call.inputs[0].dtype == DType::f64) {
    binaryScalars<double, double>(call, frame, 30, [](double a, double b) { return std::pow(a, b); });
  } else {
    binaryScalars<float, float>(call, frame, 20, [](float a, float b) { return std::pow(a, b); });
  }
}

/** Comparisons of floats that lie side by side, or of such with one, in loops that become vectors. */
template <class F>
void compareFloats(const Call& call, const Frame& frame, F f) {
  const Loops loops = elementwiseLoops(call);
  const float* a = reinterpret_cast<const float*>(frame.inputs[0]);
  const float* b = reinterpret_cast<const float*>(frame.inputs[1]);
  std::uint8_t* y = reinterpret_cast<std::uint8_t*>(frame.outputs[0]);
  const std::int64_t aStep = loops.step(0), bStep = loops.step(1);
  forRows(loops, frame.pool, 0.2, [=](const std::int64_t* starts, std::int64_t count) {
    const float *left = a + starts[0], *right = b + starts[1];
    std::uint8_t* to = y + starts[2];
    const auto run = [&](auto first, auto second) {
#pragma GCC ivdep
      for (std::int64_t i = 0; i < count; i++) to[i] = f(first(i), second(i));
    };
    const auto each = [](const float* x) { return [x](std::int64_t i) { return x[i]; }; };
    const auto same = [](const float* x) { return [value = *x](std::int64_t) { return value; }; };
    if (aStep == 1 && bStep == 1) return run(each(left), each(right));
    if (aStep == 1 && bStep == 0) return run(each(left), same(right));
    if (aStep == 0 && bStep == 1) return run(same(left), each(right));
    for (std::int64_t i = 0; i < count; i++) to[i] = f(left[i * aStep], right[i * bStep]);
  });
}

template <class F>
void compare(const Call& call, const Frame& frame, F f) {
  using Bool = std::uint8_t;
  switch (call.inputs[0].dtype) {
    case DType::f64: return binaryScalars<double, Bool>(call, frame, 0.4, f);
    case DType::i32: return binaryScalars<std::int32_t, Bool>(call, frame, 0.4, f);
    case DType::u32: return binaryScalars<std::uint32_t, Bool>(call, frame, 0.4, f);
    case DType::i8: return binaryScalars<std::int8_t, Bool>(call, frame, 0.4, f);
    case DType::u8:
    case DType::boolean: return binaryScalars<Bool, Bool>(call, frame, 0.4, f);
    default: return compareFloats(call, frame, f);
  }
}

void kernel_less(const Call& call, const Frame& frame) {
  compare(call, frame, [](auto a, auto b) -> std::uint8_t { return a < b; });
}
void kernel_equal(const Call& call, const Frame& frame) {
  compare(call, frame, [](auto a, auto b) -> std::uint8_t { return a == b; });
}
void kernel_logicalAnd(const Call& call, const Frame& frame) {
  binaryScalars<std::uint8_t, std::uint8_t>(call, frame, 0.3,
                                            [](std::uint8_t a, std::uint8_t b) -> std::uint8_t { return a & b; });
}
void kernel_logicalOr(const Call& call, const Frame& frame) {
  binaryScalars<std::uint8_t, std::uint8_t>(call, frame, 0.3,
                                            [](std::uint8_t a, std::uint8_t b) -> std::uint8_t { return a | b; });
}

#define HYBRA_BITS(name, expression)                                                                  \
  void kernel_##name(const Call& call, const Frame& frame) {                                          \
    binaryScalars<std::uint32_t, std::uint32_t>(                                                      \
        call, frame, 0.3, [](std::uint32_t a, std::uint32_t b) -> std::uint32_t { return expression; }); \
  }
HYBRA_BITS(bitAnd, a & b)
HYBRA_BITS(bitOr, a | b)
HYBRA_BITS(bitXor, a ^ b)
HYBRA_BITS(shiftLeft, a << (b & 31))
#undef HYBRA_BITS

void kernel_shiftRight(const Call& call, const Frame& frame) {
  if (call.inputs[0].dtype == DType::u32) {
    binaryScalars<std::uint32_t, std::uint32_t>(call, frame, 0.3,
                                                [](std::uint32_t a, std::uint32_t b) { return a >> (b & 31); });
  } else {
    binaryScalars<std::int32_t, std::int32_t>(call, frame, 0.3,
                                              [](std::int32_t a, std::int32_t b) { return a >> (b & 31); });
  }
}

template <class T>
void selectAs(const Call& call, const Frame& frame) {
  const Loops loops = elementwiseLoops(call);
  const std::uint8_t* condition = reinterpret_cast<const std::uint8_t*>(frame.inputs[0]);
  const T* a = reinterpret_cast<const T*>(frame.inputs[1]);
  const T* b = reinterpret_cast<const T*>(frame.inputs[2]);
  T* y = reinterpret_cast<T*>(frame.outputs[0]);
  const std::int64_t steps[] = {loops.step(0), loops.step(1), loops.step(2)};
  const auto at = [](std::int64_t step) { return step == 1 || step == 0; };
  const bool isRun = steps[0] == 1 && at(steps[1]) && at(steps[2]);
  forRows(loops, frame.pool, isRun ? 0.15 : 0.5, [=](const std::int64_t* starts, std::int64_t count) {
    if (isRun) {
      // Whether a side repeats one element is settled outside, so that the loop becomes vectors.
      const std::uint8_t* holds = condition + starts[0];
      T* to = y + starts[3];
      const auto run = [&](auto left, auto right) {
#pragma GCC ivdep
        for (std::int64_t i = 0; i < count; i++) {
          const T first = left(i), second = right(i);
          to[i] = holds[i] != 0 ? first : second;
        }
      };
      const T *from = a + starts[1], *other = b + starts[2];
      const auto each = [](const T* x) { return [x](std::int64_t i) { return x[i]; }; };
      const auto same = [](const T* x) { return [value = *x](std::int64_t) { return value; }; };
      if (steps[1] == 1) return steps[2] == 1 ? run(each(from), each(other)) : run(each(from), same(other));
      return steps[2] == 1 ? run(same(from), each(other)) : run(same(from), same(other));
    }
    for (std::int64_t i = 0; i < count; i++) {
      const T left = a[starts[1] + i * steps[1]], right = b[starts[2] + i * steps[2]];
      y[starts[3] + i] = condition[starts[0] + i * steps[0]] != 0 ? left : right;
    }
  });
}

void kernel_select(const Call& call, const Frame& frame) {
  switch (byteSize(call.outputs[0].dtype)) {
    case 8: return selectAs<std::uint64_t>(call, frame);
    case 4: return selectAs<std::uint32_t>(call, frame);
    case 2: return selectAs<std::uint16_t>(call, frame);
    default: return selectAs<std::uint8_t>(call, frame);
  }
}

}  // namespace
}  // namespace hybra::HYBRA_ISA
