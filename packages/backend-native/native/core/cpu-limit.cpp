#include "cpu-limit.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <thread>

#if defined(__linux__)
#include <sched.h>
#endif

namespace hybra {
namespace {

#if defined(__linux__)
/** CPUs' worth of time per period; 0 where there is no limit. */
double quota() {
  // Version 2 of control groups: "QUOTA PERIOD" or "max PERIOD".
  if (std::FILE* file = std::fopen("/sys/fs/cgroup/cpu.max", "r")) {
    long allowed = 0, period = 0;
    const int found = std::fscanf(file, "%ld %ld", &allowed, &period);
    std::fclose(file);
    return found == 2 && period > 0 ? static_cast<double>(allowed) / period : 0;
  }
  // Version 1: two files, a quota of −1 meaning none.
  double values[2] = {0, 0};
  const char* names[2] = {"/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "/sys/fs/cgroup/cpu/cpu.cfs_period_us"};
  for (int i = 0; i < 2; i++) {
    std::FILE* file = std::fopen(names[i], "r");
    if (!file) return 0;
    if (std::fscanf(file, "%lf", &values[i]) != 1) values[i] = 0;
    std::fclose(file);
  }
  return values[0] > 0 && values[1] > 0 ? values[0] / values[1] : 0;
}
#endif

}  // namespace

int cpuLimit() {
  int count = static_cast<int>(std::thread::hardware_concurrency());
#if defined(__linux__)
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) count = CPU_COUNT(&set);
  const double allowed = quota();
  if (allowed > 0) count = std::min(count, static_cast<int>(std::ceil(allowed)));
#endif
  return std::max(count, 1);
}

}  // namespace hybra
