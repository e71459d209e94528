#include "queue.hpp"

namespace hybra {

Queue::Queue() : thread_([this] { work(); }) {}

Queue::~Queue() {
  stop();
  thread_.join();
}

void Queue::enqueue(std::function<void()> job, std::function<void()> after) {
  pending_.fetch_add(1, std::memory_order_relaxed);
  {
    const std::lock_guard lock(mutex_);
    jobs_.push_back({std::move(job), std::move(after)});
  }
  arrived_.notify_one();
}

void Queue::stop() {
  {
    const std::lock_guard lock(mutex_);
    stops_ = true;
    jobs_.clear();
  }
  arrived_.notify_one();
}

void Queue::work() {
  std::unique_lock lock(mutex_);
  while (!stops_) {
    if (jobs_.empty()) {
      arrived_.wait(lock);
      continue;
    }
    Job job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    job.act();
    pending_.fetch_sub(1, std::memory_order_release);
    if (job.after) job.after();
    job = {};
    lock.lock();
  }
}

}  // namespace hybra
