#include "pool.hpp"

#include <chrono>

namespace hybra {
namespace {

/** How long a helper spins before it sleeps: longer than what lies between two kernels of a program. */
constexpr std::chrono::microseconds spinTime{60};

inline void pause() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

}  // namespace

Pool::Pool(int threads) {
  for (int thread = 1; thread < threads; thread++) helpers_.emplace_back([this, thread] { help(thread); });
}

Pool::~Pool() {
  stops_ = true;
  job_.fetch_add(1);
  job_.notify_all();
  for (auto& helper : helpers_) helper.join();
}

void Pool::run(std::int64_t count, Task task, void* context) {
  task_ = task;
  context_ = context;
  count_ = count;
  done_.store(0, std::memory_order_relaxed);
  left_.store(count, std::memory_order_release);
  job_.fetch_add(1);  // sequentially consistent, as is `sleepers_`: a helper sees the job or is seen asleep
  if (sleepers_.load() > 0) job_.notify_all();
  work(0);
  // A helper that never woke up is not waited for, only tasks are.
  for (int spins = 0; done_.load(std::memory_order_acquire) < count; spins++) {
    if (spins < 20000) pause();
    else std::this_thread::yield();
  }
}

void Pool::work(int thread) {
  std::int64_t left = left_.load(std::memory_order_acquire);
  while (left > 0) {
    if (!left_.compare_exchange_weak(left, left - 1, std::memory_order_acq_rel)) continue;
    task_(context_, count_ - left, thread);
    done_.fetch_add(1, std::memory_order_release);
    left = left_.load(std::memory_order_acquire);
  }
}

void Pool::help(int thread) {
  std::uint32_t seen = 0;
  while (!stops_) {
    awaitJobAfter(seen);
    seen = job_.load(std::memory_order_acquire);
    work(thread);
  }
}

void Pool::awaitJobAfter(std::uint32_t seen) {
  const auto deadline = std::chrono::steady_clock::now() + spinTime;
  do {
    for (int i = 0; i < 64; i++) {
      if (job_.load(std::memory_order_acquire) != seen) return;
      pause();
    }
  } while (std::chrono::steady_clock::now() < deadline);
  sleepers_.fetch_add(1);
  while (job_.load() == seen) job_.wait(seen);
  sleepers_.fetch_sub(1);
}

}  // namespace hybra
