#pragma once
#include <atomic>
#include <cstdint>
#include <mutex>
#include <unordered_map>

#include "pages.hpp"

namespace hybra {

/** Zeroed memory, aligned to 64 bytes, counted, and freed at the latest with the object. Safe on any thread. */
class Memory {
 public:
  ~Memory();
  /** `nullptr` if the system has no such amount. */
  char* allocate(std::int64_t byteLength);
  void free(char* address);
  std::int64_t bytes() const { return bytes_.load(); }

 private:
  std::mutex mutex_;
  Pages pages_;
  std::unordered_map<char*, std::int64_t> sizes_;
  std::atomic<std::int64_t> bytes_{0};
};

}  // namespace hybra
