/*
 * Kernels of float32 on 16-bit floats: inputs are widened into scratch, the kernel runs, outputs are rounded once,
 * to nearest even. Every half input is read before any half output is written, so that the pairs that may share
 * memory stay the same.
 */
#pragma once
#include "halves.hpp"
#include "loops.hpp"

namespace hybra::HYBRA_ISA {
namespace {

/** Most operands of a call that may be widened. Ops that take more only move elements. */
constexpr int mostWidened = 8;

/** Operands that the kernel takes in 16 bits itself, as bits: inputs from 0 on, outputs from 16 on. */
inline std::uint32_t takenAsHalves(Op op) {
  switch (op) {
    case Op::cast:
    case Op::select:
    case Op::gatherRows:
    case Op::writeRows:
    case Op::concat:
    case Op::pad:
    case Op::fill:
    case Op::copy: return 0xffffffff;
    case Op::matmul:
    case Op::matmulBfloat16:
    case Op::matmulInt14: return 1u << 1;
    case Op::attention: return 1u << 1 | 1u << 2;
    case Op::quantizedMatmul:
    case Op::quantizedMatmulInt8: return 1u << 2 | 1u << 3;
    case Op::causalConv1d: return 1u << 3 | 1u << 17;
    case Op::selectiveScan:
    case Op::selectiveStep:
    case Op::ssdChunkScan:
    case Op::ssdStep: return 1u << 5 | 1u << 17;
    default: return 0;
  }
}

inline bool hasHalves(const Call& call) {
  const std::uint32_t taken = takenAsHalves(call.op);
  if (taken == 0xffffffff) return false;
  for (int i = 0; i < call.inputCount; i++) {
    if (isHalf(call.inputs[i].dtype) && !(taken >> i & 1)) return true;
  }
  for (int i = 0; i < call.outputCount; i++) {
    if (isHalf(call.outputs[i].dtype) && !(taken >> (16 + i) & 1)) return true;
  }
  return false;
}

/** A call with its halves made float32, and where the widened operands lie in scratch. */
struct Widening {
  Call call;
  Operand inputs[mostWidened], outputs[mostWidened];
  std::int64_t inputAt[mostWidened], outputAt[mostWidened];
  /** Bytes of scratch in front of the kernel's own. */
  std::int64_t bytes = 0;

  explicit Widening(const Call& original) : call(original) {
    if (!hasHalves(original)) return;
    const std::uint32_t taken = takenAsHalves(original.op);
    for (int i = 0; i < original.inputCount; i++) place(original.inputs[i], inputs[i], inputAt[i], taken >> i & 1);
    for (int i = 0; i < original.outputCount; i++) {
      place(original.outputs[i], outputs[i], outputAt[i], taken >> (16 + i) & 1);
    }
    call.inputs = inputs;
    call.outputs = outputs;
  }

  void run(Kernel kernel, const Call& original, const Frame& frame) const {
    char *ins[mostWidened], *outs[mostWidened];
    for (int i = 0; i < call.inputCount; i++) {
      ins[i] = inputAt[i] < 0 ? frame.inputs[i] : frame.scratch + inputAt[i];
      if (inputAt[i] >= 0) widen(original.inputs[i], frame.inputs[i], reinterpret_cast<float*>(ins[i]), frame.pool);
    }
    for (int i = 0; i < call.outputCount; i++) {
      outs[i] = outputAt[i] < 0 ? frame.outputs[i] : frame.scratch + outputAt[i];
    }
    kernel(call, Frame{ins, outs, frame.scratch + bytes, frame.pool});
    for (int i = 0; i < call.outputCount; i++) {
      if (outputAt[i] < 0) continue;
      std::uint16_t* to = reinterpret_cast<std::uint16_t*>(frame.outputs[i]);
      const float* from = reinterpret_cast<const float*>(outs[i]);
      const bool isF16 = original.outputs[i].dtype == DType::f16;
      parallelRange(frame.pool, 0.4, call.outputs[i].count(), 4096, [=](std::int64_t first, std::int64_t last) {
        if (isF16) narrowRunF16(from + first, to + first, last - first);
        else narrowRunBf16(from + first, to + first, last - first);
      });
    }
  }

 private:
  void place(const Operand& original, Operand& operand, std::int64_t& at, bool isTaken) {
    operand = original;
    at = -1;
    if (!isHalf(original.dtype) || isTaken) return;
    operand.dtype = DType::f32;
    operand.makeContiguous();
    at = bytes;
    bytes += alignUp(operand.count() * 4);
  }

  static void widen(const Operand& operand, const char* from, float* to, Pool& pool) {
    withReader(operand.dtype, [&](auto reader) {
      using Reader = decltype(reader);
      const auto* halves = reinterpret_cast<const typename Reader::Element*>(from);
      Operand dense = operand;
      dense.makeContiguous();
      const std::int64_t* strides[] = {operand.strides, dense.strides};
      const Loops loops = collapse(operand.rank, operand.shape, 2, strides);
      const std::int64_t step = loops.step(0);
      forRows(loops, pool, 0.3, [=](const std::int64_t* starts, std::int64_t count) {
        if (step == 1) return widenRun<Reader>(halves + starts[0], to + starts[1], count);
        for (std::int64_t i = 0; i < count; i++) to[starts[1] + i] = Reader::get(halves[starts[0] + i * step]);
      });
    });
  }
};

}  // namespace
}  // namespace hybra::HYBRA_ISA
