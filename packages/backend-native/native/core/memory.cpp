#include "memory.hpp"

#include <cstdlib>
#include <cstring>
#include <new>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace hybra {
namespace {

constexpr std::int64_t alignment = 64;

#if defined(__linux__)
/** From this size on, whole pages straight from the system: they are zero already, and may be huge ones. */
constexpr std::int64_t mappedFrom = 1 << 20;

char* map(std::int64_t byteLength) {
  void* pages = mmap(nullptr, byteLength, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED) return nullptr;
  madvise(pages, byteLength, MADV_HUGEPAGE); // a hint: 4 KiB pages cost a weight's stream its prefetching
  return static_cast<char*>(pages);
}
#endif

char* obtain(std::int64_t byteLength) {
#if defined(__linux__)
  if (byteLength >= mappedFrom) return map(byteLength);
#endif
  const std::int64_t rounded = (byteLength + alignment) / alignment * alignment; // one byte at least
  void* memory = rounded < byteLength ? nullptr : std::aligned_alloc(alignment, rounded);
  if (memory) std::memset(memory, 0, rounded);
  return static_cast<char*>(memory);
}

void giveBack(char* address, std::int64_t byteLength) {
#if defined(__linux__)
  if (byteLength >= mappedFrom) {
    munmap(address, byteLength);
    return;
  }
#endif
  (void)byteLength;
  std::free(address);
}

}  // namespace

Memory::~Memory() {
  for (const auto& [address, byteLength] : sizes_) giveBack(address, byteLength);
}

char* Memory::allocate(std::int64_t byteLength) {
  char* address = obtain(byteLength);
  if (!address) return nullptr;
  const std::lock_guard lock(mutex_);
  sizes_.emplace(address, byteLength);
  bytes_ += byteLength;
  return address;
}

void Memory::free(char* address) {
  const std::lock_guard lock(mutex_);
  const auto entry = sizes_.find(address);
  if (entry == sizes_.end()) return;
  giveBack(address, entry->second);
  bytes_ -= entry->second;
  sizes_.erase(entry);
}

}  // namespace hybra
