#pragma once
#include <memory>
#include <vector>

#include "isa.hpp"
#include "memory.hpp"
#include "pool.hpp"
#include "program.hpp"
#include "queue.hpp"

namespace hybra {

/** Memory, threads and an order of work. All methods are called on one thread, JavaScript's. */
class Device {
 public:
  Device(int threads, const KernelTable& table) : table_(table), pool_(threads) {}

  const KernelTable& table() const { return table_; }
  Pool& pool() { return pool_; }
  Memory& memory() { return memory_; }
  Queue& queue() { return queue_; }

  /** Does something short at once if nothing is before it, else in its order. */
  template <class Action>
  void inOrder(Action action) {
    if (queue_.isIdle()) action();
    else queue_.enqueue(std::move(action));
  }

  void run(std::shared_ptr<Program> program, std::vector<char*> bindings) {
    queue_.enqueue([this, program = std::move(program), bindings = std::move(bindings)] {
      program->run(table_, pool_, bindings, [this] { return queue_.stops(); });
    });
  }

 private:
  const KernelTable& table_;
  Memory memory_;
  Pool pool_;
  // Last, so that its thread ends before what the jobs use goes.
  Queue queue_;
};

}  // namespace hybra
