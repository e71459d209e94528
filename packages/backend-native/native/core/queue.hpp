#pragma once
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace hybra {

/** Jobs in order on a thread of their own. */
class Queue {
 public:
  Queue();
  /** Drops what has not begun and waits for what has. */
  ~Queue();

  /** @param after called right after the job, when it no longer counts as pending: where others learn of its end */
  void enqueue(std::function<void()> job, std::function<void()> after = nullptr);
  /** Whether everything enqueued is done. Only meaningful on the thread that enqueues. */
  bool isIdle() const { return pending_.load(std::memory_order_acquire) == 0; }
  /** Drops what has not begun; a running job is asked to end soon. */
  void stop();
  bool stops() const { return stops_.load(std::memory_order_relaxed); }

 private:
  void work();

  std::mutex mutex_;
  std::condition_variable arrived_;
  struct Job {
    std::function<void()> act, after;
  };
  std::deque<Job> jobs_;
  std::atomic<std::int64_t> pending_{0};
  std::atomic<bool> stops_{false};
  std::thread thread_;
};

}  // namespace hybra
