#pragma once
#include <cstdint>

namespace hybra::scalar {

/**
 * Philox 4×32-10, a counter-based random number generator (Salmon, Moraes, Dror, Shaw: Parallel Random Numbers:
 * As Easy as 1, 2, 3. SC 2011, §3.3): one block of four words.
 * @param stream (seed low, seed high, sequence, position, purpose)
 */
inline void philox(const std::uint32_t* stream, std::uint32_t index, std::uint32_t* words) {
  std::uint32_t k0 = stream[0], k1 = stream[1];
  std::uint32_t c0 = index, c1 = stream[3], c2 = stream[2], c3 = stream[4];
  for (int round = 0; round < 10; round++) {
    const std::uint64_t p0 = 0xd2511f53ull * c0, p1 = 0xcd9e8d57ull * c2;
    c0 = static_cast<std::uint32_t>(p1 >> 32) ^ c1 ^ k0;
    c1 = static_cast<std::uint32_t>(p1);
    c2 = static_cast<std::uint32_t>(p0 >> 32) ^ c3 ^ k1;
    c3 = static_cast<std::uint32_t>(p0);
    k0 += 0x9e3779b9u;
    k1 += 0xbb67ae85u;
  }
  words[0] = c0;
  words[1] = c1;
  words[2] = c2;
  words[3] = c3;
}

/** A float strictly between 0 and 1 from a random word: ((bits ≫ 9) + ½) · 2⁻²³. */
inline float unitFloat(std::uint32_t word) { return (static_cast<float>(word >> 9) + 0.5f) * 0x1p-23f; }

}  // namespace hybra::scalar
