#pragma once
#include <cstdint>
#include <memory>
#include <vector>

#include "call.hpp"

namespace hybra {

/** A call with its operands kept. */
struct PlannedCall {
  Op op;
  std::vector<Operand> inputs, outputs;
  std::vector<double> attributes;
  /** Buffer of the program that is scratch; −1 if it needs none. */
  int scratch = -1;

  Call view() const {
    return {op, static_cast<int>(inputs.size()), static_cast<int>(outputs.size()), inputs.data(), outputs.data(),
            attributes.data()};
  }
};

/** Numbers in the order in which the JavaScript side writes them (src/program/encode-program.ts). */
class Reader {
 public:
  Reader(const double* words, std::size_t count) : next_(words), end_(words + count) {}
  std::int64_t integer() { return static_cast<std::int64_t>(number()); }
  double number() { return next_ < end_ ? *next_++ : 0; }

 private:
  const double* next_;
  const double* end_;
};

PlannedCall readCall(Reader& reader);

/** Calls in order over bound memory and an arena. */
class Program {
 public:
  Program(Reader reader, std::vector<char*> segments, bool isTimed);

  /** Runs all calls. Stops between two of them when `stops` says so. */
  template <class Stops>
  void run(const KernelTable& table, Pool& pool, const std::vector<char*>& bindings, const Stops& stops);

  const std::vector<double>& nanoseconds() const { return nanoseconds_; }
  const std::vector<char*>& segments() const { return segments_; }

 private:
  struct Buffer {
    bool isBinding;
    std::int64_t index, byteOffset;
  };
  void locate(const std::vector<char*>& bindings);
  void runCall(const KernelTable& table, Pool& pool, const PlannedCall& call);

  std::vector<Buffer> buffers_;
  std::vector<PlannedCall> calls_;
  std::vector<char*> segments_;
  std::vector<char*> addresses_;
  std::vector<char*> inputs_, outputs_;
  std::vector<double> nanoseconds_;
  bool isTimed_;
};

double nanosecondsNow();

template <class Stops>
void Program::run(const KernelTable& table, Pool& pool, const std::vector<char*>& bindings, const Stops& stops) {
  locate(bindings);
  for (std::size_t index = 0; index < calls_.size(); index++) {
    if (stops()) return;
    const double start = isTimed_ ? nanosecondsNow() : 0;
    runCall(table, pool, calls_[index]);
    if (isTimed_) nanoseconds_[index] = nanosecondsNow() - start;
  }
}

}  // namespace hybra
