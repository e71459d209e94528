/* Ops that move elements as they are. */
#include "scalar.hpp"

#define HYBRA_ISA scalar
#include "../simd/halves.hpp"
#include "../simd/loops.hpp"
#include "stored-number.hpp"

namespace hybra::scalar {
namespace {

/** Copies `shape` elements between two strided windows. */
template <class T>
void copyAs(int rank, const std::int64_t* shape, const std::int64_t* fromStrides, const std::int64_t* toStrides,
            const char* source, char* target, Pool& pool) {
  const std::int64_t* strides[] = {fromStrides, toStrides};
  const Loops loops = collapse(rank, shape, 2, strides);
  const std::int64_t fromStep = loops.step(0), toStep = loops.step(1);
  const T* x = reinterpret_cast<const T*>(source);
  T* y = reinterpret_cast<T*>(target);
  forRows(loops, pool, 0.1 * sizeof(T), [=](const std::int64_t* starts, std::int64_t count) {
    const T* from = x + starts[0];
    T* to = y + starts[1];
    if (fromStep == 1 && toStep == 1) std::memcpy(to, from, count * sizeof(T));
    else {
      for (std::int64_t i = 0; i < count; i++) to[i * toStep] = from[i * fromStep];
    }
  });
}

void copyWindow(const Operand& x, const std::int64_t* toStrides, const char* source, char* target, Pool& pool) {
  switch (byteSize(x.dtype)) {
    case 8: return copyAs<std::uint64_t>(x.rank, x.shape, x.strides, toStrides, source, target, pool);
    case 4: return copyAs<std::uint32_t>(x.rank, x.shape, x.strides, toStrides, source, target, pool);
    case 2: return copyAs<std::uint16_t>(x.rank, x.shape, x.strides, toStrides, source, target, pool);
    default: return copyAs<std::uint8_t>(x.rank, x.shape, x.strides, toStrides, source, target, pool);
  }
}

/** Fills `count` elements with one value's bytes. */
void fillWith(char* target, DType dtype, std::int64_t count, double value) {
  char bytes[8];
  const std::int64_t size = byteSize(dtype);
  storeNumber(dtype, value, bytes);
  for (std::int64_t i = 0; i < count; i++) std::memcpy(target + i * size, bytes, size);
}

/** Elements of one row of a table [R, …]. */
std::int64_t rowWidth(const Operand& table) { return table.shape[0] == 0 ? 0 : table.count() / table.shape[0]; }

}  // namespace

void kernel_copy(const Call& call, const Frame& frame) {
  copyWindow(call.inputs[0], call.outputs[0].strides, frame.inputs[0], frame.outputs[0], frame.pool);
}

/** Attribute: axis. */
void kernel_concat(const Call& call, const Frame& frame) {
  const int axis = static_cast<int>(call.attributes[0]);
  const Operand& y = call.outputs[0];
  std::int64_t before = 0;
  for (int i = 0; i < call.inputCount; i++) {
    const Operand& x = call.inputs[i];
    char* target = frame.outputs[0] + before * y.strides[axis] * byteSize(y.dtype);
    copyWindow(x, y.strides, frame.inputs[i], target, frame.pool);
    before += x.shape[axis];
  }
}

/** Attributes: value, then how many elements come before on each axis. */
void kernel_pad(const Call& call, const Frame& frame) {
  const Operand &x = call.inputs[0], &y = call.outputs[0];
  std::int64_t from = 0;
  for (int axis = 0; axis < x.rank; axis++) {
    from += static_cast<std::int64_t>(call.attributes[1 + axis]) * y.strides[axis];
  }
  fillWith(frame.outputs[0], y.dtype, y.count(), call.attributes[0]);
  copyWindow(x, y.strides, frame.inputs[0], frame.outputs[0] + from * byteSize(y.dtype), frame.pool);
}

/** Attribute: value. */
void kernel_fill(const Call& call, const Frame& frame) {
  fillWith(frame.outputs[0], call.outputs[0].dtype, call.outputs[0].count(), call.attributes[0]);
}

void kernel_gatherRows(const Call& call, const Frame& frame) {
  const Operand& table = call.inputs[0];
  const std::int64_t count = call.inputs[1].count();
  const std::int64_t rowBytes = count == 0 ? 0 : call.outputs[0].count() / count * byteSize(table.dtype);
  const std::int32_t* indices = reinterpret_cast<const std::int32_t*>(frame.inputs[1]);
  for (std::int64_t i = 0; i < count; i++) {
    const bool exists = indices[i] >= 0 && indices[i] < table.shape[0];
    if (exists) std::memcpy(frame.outputs[0] + i * rowBytes, frame.inputs[0] + indices[i] * rowBytes, rowBytes);
    else std::memset(frame.outputs[0] + i * rowBytes, 0, rowBytes);
  }
}

void kernel_writeRows(const Call& call, const Frame& frame) {
  const Operand& table = call.inputs[0];
  const std::int64_t size = byteSize(table.dtype), rowBytes = rowWidth(table) * size;
  const std::int32_t* indices = reinterpret_cast<const std::int32_t*>(frame.inputs[1]);
  if (frame.inputs[0] != frame.outputs[0]) std::memcpy(frame.outputs[0], frame.inputs[0], table.count() * size);
  for (std::int64_t i = 0; i < call.inputs[1].count(); i++) {
    if (indices[i] < 0 || indices[i] >= table.shape[0]) continue;
    std::memcpy(frame.outputs[0] + indices[i] * rowBytes, frame.inputs[2] + i * rowBytes, rowBytes);
  }
}

namespace {

template <class T>
void scatterAdd(const Call& call, const Frame& frame) {
  const Operand& target = call.inputs[0];
  const std::int64_t width = rowWidth(target);
  const std::int32_t* indices = reinterpret_cast<const std::int32_t*>(frame.inputs[1]);
  if (frame.inputs[0] != frame.outputs[0]) {
    std::memcpy(frame.outputs[0], frame.inputs[0], target.count() * static_cast<std::int64_t>(sizeof(T)));
  }
  for (std::int64_t i = 0; i < call.inputs[1].count(); i++) {
    if (indices[i] < 0 || indices[i] >= target.shape[0]) continue;
    T* to = reinterpret_cast<T*>(frame.outputs[0]) + indices[i] * width;
    const T* row = reinterpret_cast<const T*>(frame.inputs[2]) + i * width;
    for (std::int64_t j = 0; j < width; j++) to[j] += row[j];
  }
}

}  // namespace

void kernel_scatterAddRows(const Call& call, const Frame& frame) {
  // Unsigned, because integers wrap.
  if (call.inputs[0].dtype == DType::i32) scatterAdd<std::uint32_t>(call, frame);
  else if (call.inputs[0].dtype == DType::f64) scatterAdd<double>(call, frame);
  else scatterAdd<float>(call, frame);
}

}  // namespace hybra::scalar
