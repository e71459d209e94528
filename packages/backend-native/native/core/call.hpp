#pragma once
#include <cstdint>

#include "dtype.hpp"
#include "ops.hpp"

/**
 * For members that kernels of several instruction sets use: a copy that is not inlined would be merged by the linker
 * with those of the others, and an old processor might run the newest one's.
 */
#define HYBRA_ALWAYS_INLINE __attribute__((always_inline))

namespace hybra {

class Pool;

/** Most axes an operand may have; the JavaScript side refuses more. */
constexpr int maxRank = 8;

/** A strided window on a buffer of the program, in elements, as in @hybra/spec. */
struct Operand {
  DType dtype;
  std::int32_t rank;
  std::int32_t buffer;
  std::int64_t offset;
  std::int64_t shape[maxRank];
  std::int64_t strides[maxRank];

  HYBRA_ALWAYS_INLINE std::int64_t count() const {
    std::int64_t product = 1;
    for (int axis = 0; axis < rank; axis++) product *= shape[axis];
    return product;
  }
  /** Extent of an axis counted from the end: 1 is the last. */
  HYBRA_ALWAYS_INLINE std::int64_t extent(int fromEnd) const { return shape[rank - fromEnd]; }
  HYBRA_ALWAYS_INLINE std::int64_t stride(int fromEnd) const { return strides[rank - fromEnd]; }
  HYBRA_ALWAYS_INLINE bool isContiguous() const {
    std::int64_t expected = 1;
    for (int axis = rank - 1; axis >= 0; axis--) {
      if (shape[axis] == 0) return true;
      if (shape[axis] != 1 && strides[axis] != expected) return false;
      expected *= shape[axis];
    }
    return true;
  }
  HYBRA_ALWAYS_INLINE void makeContiguous() {
    std::int64_t stride = 1;
    for (int axis = rank - 1; axis >= 0; axis--) {
      strides[axis] = stride;
      stride *= shape[axis];
    }
  }
};

/** One application of an op. Attributes are numbers in the order that the op's kernel documents. */
struct Call {
  Op op;
  int inputCount;
  int outputCount;
  const Operand* inputs;
  const Operand* outputs;
  const double* attributes;
};

/** What a kernel runs on. Every pointer is that of an operand's first element. */
struct Frame {
  char* const* inputs;
  char* const* outputs;
  char* scratch;
  Pool& pool;
};

using Kernel = void (*)(const Call&, const Frame&);

/** Products of numbers narrower than float32 of one instruction set. */
struct NarrowProducts {
  const char* name;
  Kernel integers;
  std::int64_t (*integerScratch)(const Call&, int threads);
  Kernel bfloat16;
  std::int64_t (*bfloat16Scratch)(const Call&, int threads);
  Kernel halves;
  std::int64_t (*halfScratch)(const Call&, int threads);
};

/** The kernels of one instruction set. */
struct KernelTable {
  const char* name;
  Kernel kernels[static_cast<int>(Op::count)];
  /** Bytes of scratch a call needs with so many threads. */
  std::int64_t (*scratchBytes)(const KernelTable&, const Call&, int threads);
  /** Runs a call, widening 16-bit floats where its kernel wants float32. */
  void (*run)(const KernelTable&, const Call&, const Frame&);
  /** Multiply-adds in registers: floating-point operations per second on all threads. */
  double (*peakOperations)(Pool&);
  /** Bytes per second of reading floats once on all threads. */
  double (*readBandwidth)(Pool&, const float*, std::int64_t count);
  /** Those of this instruction set or of one that extends it. */
  const NarrowProducts* narrow = nullptr;
};

constexpr std::int64_t scratchAlignment = 64;
static constexpr std::int64_t alignUp(std::int64_t bytes) {
  return (bytes + scratchAlignment - 1) / scratchAlignment * scratchAlignment;
}

}  // namespace hybra
