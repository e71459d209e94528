#pragma once
#include <cstdint>
#include <map>

namespace hybra {

/**
 * Zeroed blocks, aligned to 64 bytes, in pages of 2 MiB where the system has them: a stream over pages of 4 KiB stops
 * at each, which costs a small weight a third of its speed. Blocks share slabs, so that those that are smaller than
 * such a page lie in one too. Not safe on several threads.
 */
class Pages {
 public:
  Pages() = default;
  ~Pages();
  Pages(const Pages&) = delete;
  Pages& operator=(const Pages&) = delete;

  /** `nullptr` if the system has no such amount. */
  char* allocate(std::int64_t byteLength);
  /** Gives a slab back to the system with the last of its blocks. */
  void free(char* address, std::int64_t byteLength);

 private:
  /** Free ranges by where they start, and up to where the memory was ever handed out: zero beyond. */
  struct Slab {
    std::int64_t byteLength, used = 0, touched = 0;
    std::map<std::int64_t, std::int64_t> gaps;
  };
  static char* takeFrom(char* base, Slab& slab, std::int64_t byteLength);

  std::map<char*, Slab> slabs_;
};

}  // namespace hybra
