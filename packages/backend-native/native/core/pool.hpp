#pragma once
#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

namespace hybra {

/**
 * Threads that share the tasks of one call at a time. Whoever calls `run` works too. Helpers spin for a moment
 * after a job, then sleep, so that the next kernel of a program finds them awake and an idle device costs
 * nothing.
 */
class Pool {
 public:
  using Task = void (*)(void* context, std::int64_t task, int thread);

  explicit Pool(int threads);
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  __attribute__((always_inline)) int threads() const { return static_cast<int>(helpers_.size()) + 1; }
  /** Runs tasks 0 … count − 1, each once, on any thread (numbered from 0), and returns when all are done. */
  void run(std::int64_t count, Task task, void* context);

 private:
  void help(int thread);
  void work(int thread);
  void awaitJobAfter(std::uint32_t seen);

  std::vector<std::thread> helpers_;
  std::atomic<std::uint32_t> job_{0};
  std::atomic<int> sleepers_{0};
  std::atomic<bool> stops_{false};
  /** Tasks that nobody has taken yet. Whoever lowers it by one owns a task of the present job. */
  alignas(64) std::atomic<std::int64_t> left_{0};
  alignas(64) std::atomic<std::int64_t> done_{0};
  // Written before `left_` is, and read by owners of tasks only.
  std::int64_t count_ = 0;
  Task task_ = nullptr;
  void* context_ = nullptr;
};

}  // namespace hybra
