#include "program.hpp"

#include <algorithm>
#include <chrono>

namespace hybra {
namespace {

Operand readOperand(Reader& reader) {
  Operand operand{};
  operand.dtype = static_cast<DType>(reader.integer());
  operand.rank = static_cast<std::int32_t>(reader.integer());
  operand.buffer = static_cast<std::int32_t>(reader.integer());
  operand.offset = reader.integer();
  for (int axis = 0; axis < operand.rank; axis++) operand.shape[axis] = reader.integer();
  for (int axis = 0; axis < operand.rank; axis++) operand.strides[axis] = reader.integer();
  return operand;
}

}  // namespace

PlannedCall readCall(Reader& reader) {
  PlannedCall call;
  call.op = static_cast<Op>(reader.integer());
  call.inputs.resize(reader.integer());
  call.outputs.resize(reader.integer());
  call.attributes.resize(reader.integer());
  call.scratch = static_cast<int>(reader.integer());
  for (double& attribute : call.attributes) attribute = reader.number();
  for (Operand& operand : call.inputs) operand = readOperand(reader);
  for (Operand& operand : call.outputs) operand = readOperand(reader);
  return call;
}

double nanosecondsNow() {
  return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

Program::Program(Reader reader, std::vector<char*> segments, bool isTimed)
    : segments_(std::move(segments)), isTimed_(isTimed) {
  buffers_.resize(reader.integer());
  for (Buffer& buffer : buffers_) {
    buffer.isBinding = reader.integer() == 0;
    buffer.index = reader.integer();
    buffer.byteOffset = reader.integer();
  }
  calls_.resize(reader.integer());
  std::size_t mostInputs = 0, mostOutputs = 0;
  for (PlannedCall& call : calls_) {
    call = readCall(reader);
    mostInputs = std::max(mostInputs, call.inputs.size());
    mostOutputs = std::max(mostOutputs, call.outputs.size());
  }
  addresses_.resize(buffers_.size());
  inputs_.resize(mostInputs);
  outputs_.resize(mostOutputs);
  nanoseconds_.resize(calls_.size());
}

void Program::locate(const std::vector<char*>& bindings) {
  for (std::size_t i = 0; i < buffers_.size(); i++) {
    const Buffer& buffer = buffers_[i];
    addresses_[i] = (buffer.isBinding ? bindings : segments_)[buffer.index] + buffer.byteOffset;
  }
}

void Program::runCall(const KernelTable& table, Pool& pool, const PlannedCall& call) {
  for (std::size_t i = 0; i < call.inputs.size(); i++) {
    const Operand& operand = call.inputs[i];
    inputs_[i] = addresses_[operand.buffer] + operand.offset * byteSize(operand.dtype);
  }
  for (std::size_t i = 0; i < call.outputs.size(); i++) {
    const Operand& operand = call.outputs[i];
    outputs_[i] = addresses_[operand.buffer] + operand.offset * byteSize(operand.dtype);
  }
  char* scratch = call.scratch < 0 ? nullptr : addresses_[call.scratch];
  table.run(table, call.view(), Frame{inputs_.data(), outputs_.data(), scratch, pool});
}

}  // namespace hybra
