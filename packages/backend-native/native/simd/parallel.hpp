/* Splitting the tasks of a kernel over the pool, where that pays. */
#pragma once
#include "../core/call.hpp"
#include "../core/pool.hpp"
#include "vector.hpp"

namespace hybra::HYBRA_ISA {
namespace {

HYBRA_INLINE std::int64_t least(std::int64_t a, std::int64_t b) { return a < b ? a : b; }
HYBRA_INLINE std::int64_t most(std::int64_t a, std::int64_t b) { return a > b ? a : b; }
HYBRA_INLINE std::int64_t ceilDivide(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

/** Nanoseconds of work below which waking a thread costs more than it saves. */
constexpr double worthSharing = 6000;

/**
 * Calls `f(task, thread)` for every task.
 * @param nanoseconds a rough estimate of the whole work
 */
template <class F>
inline void parallel(Pool& pool, double nanoseconds, std::int64_t tasks, F f) {
  if (tasks <= 1 || pool.threads() == 1 || nanoseconds < worthSharing) {
    for (std::int64_t task = 0; task < tasks; task++) f(task, 0);
    return;
  }
  pool.run(
      tasks, [](void* context, std::int64_t task, int thread) { (*static_cast<F*>(context))(task, thread); },
      &f);
}

/**
 * Rows of a weight that one task reads, a multiple of 4: several tasks for each thread, and none so long that the
 * others wait for a thread that was interrupted in it.
 */
inline std::int64_t rowsPerTask(const Pool& pool, std::int64_t rows, std::int64_t rowBytes) {
  constexpr std::int64_t mostBytes = 1 << 18;
  const std::int64_t share = ceilDivide(rows, pool.threads() * 8);
  return (most(16, least(share, mostBytes / most(1, rowBytes))) + 3) & ~std::int64_t{3};
}

/** Splits `count` items into pieces of at least `smallest`, some for each thread, and calls `f(from, to)`. */
template <class F>
inline void parallelRange(Pool& pool, double nanosecondsPerItem, std::int64_t count, std::int64_t smallest, F f) {
  const std::int64_t piece = most(smallest, ceilDivide(count, pool.threads() * 4));
  parallel(pool, nanosecondsPerItem * count, ceilDivide(count, piece), [=](std::int64_t task, int) {
    f(task * piece, least(count, (task + 1) * piece));
  });
}

}  // namespace
}  // namespace hybra::HYBRA_ISA
