#include "pages.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <iterator>

#if defined(__linux__)
#include <sys/mman.h>
#endif

// The address sanitizer sees the ends of a block only where each is one of its own.
#if defined(__linux__) && !defined(__SANITIZE_ADDRESS__)
#define HYBRA_HAS_SLABS 1
#endif

namespace hybra {
namespace {

constexpr std::int64_t alignment = 64;

/** Bytes of a block: one at least. */
std::int64_t rounded(std::int64_t byteLength) { return (byteLength + alignment) / alignment * alignment; }

#if defined(HYBRA_HAS_SLABS)
constexpr std::int64_t pageBytes = 2 << 20;
/** What a slab takes from the address space; memory it takes page by page, as its blocks are written. */
constexpr std::int64_t slabBytes = 32 << 20;

/** Memory that starts with a huge page. */
char* map(std::int64_t byteLength) {
  void* found = mmap(nullptr, byteLength + pageBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (found == MAP_FAILED) return nullptr;
  char* const start = static_cast<char*>(found);
  const std::int64_t before = -reinterpret_cast<std::intptr_t>(start) & (pageBytes - 1);
  if (before > 0) munmap(start, before);
  munmap(start + before + byteLength, pageBytes - before);
  madvise(start + before, byteLength, MADV_HUGEPAGE);  // a hint
  return start + before;
}

std::int64_t toPages(std::int64_t byteLength) { return (byteLength + pageBytes - 1) / pageBytes * pageBytes; }
#endif

}  // namespace

#if defined(HYBRA_HAS_SLABS)
Pages::~Pages() {
  for (const auto& [base, slab] : slabs_) munmap(base, slab.byteLength);
}

char* Pages::takeFrom(char* base, Slab& slab, std::int64_t byteLength) {
  const auto gap = std::find_if(slab.gaps.begin(), slab.gaps.end(), [=](auto& each) { return each.second >= byteLength; });
  if (gap == slab.gaps.end()) return nullptr;
  const auto [from, room] = *gap;
  slab.gaps.erase(gap);
  if (room > byteLength) slab.gaps.emplace(from + byteLength, room - byteLength);
  slab.used += byteLength;
  if (from < slab.touched) std::memset(base + from, 0, std::min(byteLength, slab.touched - from));
  slab.touched = std::max(slab.touched, from + byteLength);
  return base + from;
}

char* Pages::allocate(std::int64_t byteLength) {
  const std::int64_t bytes = rounded(byteLength);
  if (bytes < byteLength) return nullptr;
  for (auto& [base, slab] : slabs_) {
    if (char* block = takeFrom(base, slab, bytes)) return block;
  }
  // What does not fit a slab gets one of its own, and smaller blocks the rest of its last page.
  const std::int64_t room = std::max(slabBytes, toPages(bytes));
  char* base = room < bytes ? nullptr : map(room);
  if (!base) return nullptr;
  Slab& slab = slabs_[base];
  slab.byteLength = room;
  slab.gaps.emplace(0, room);
  return takeFrom(base, slab, bytes);
}

void Pages::free(char* address, std::int64_t byteLength) {
  const auto entry = std::prev(slabs_.upper_bound(address));
  auto& [base, slab] = *entry;
  const std::int64_t bytes = rounded(byteLength);
  slab.used -= bytes;
  if (slab.used == 0) {
    munmap(base, slab.byteLength);
    slabs_.erase(entry);
    return;
  }
  auto gap = slab.gaps.emplace(address - base, bytes).first;
  const auto next = std::next(gap);
  if (next != slab.gaps.end() && gap->first + gap->second == next->first) {
    gap->second += next->second;
    slab.gaps.erase(next);
  }
  if (gap == slab.gaps.begin()) return;
  const auto before = std::prev(gap);
  if (before->first + before->second != gap->first) return;
  before->second += gap->second;
  slab.gaps.erase(gap);
}
#else
Pages::~Pages() = default;

char* Pages::allocate(std::int64_t byteLength) {
  const std::int64_t bytes = rounded(byteLength);
  void* memory = bytes < byteLength ? nullptr : std::aligned_alloc(alignment, bytes);
  if (memory) std::memset(memory, 0, bytes);
  return static_cast<char*>(memory);
}

void Pages::free(char* address, std::int64_t) { std::free(address); }
#endif

}  // namespace hybra
