/* Orders of positions by their values: NaN counts as larger than +∞, and of equals the first comes first. */
#pragma once
#include <cstdint>

namespace hybra::scalar {

template <class T>
struct LargestFirst {
  const T* values;
  bool operator()(std::uint32_t i, std::uint32_t j) const {
    const T a = values[i], b = values[j];
    const bool isANaN = a != a, isBNaN = b != b;
    if (isANaN || isBNaN) return isANaN && isBNaN ? i < j : isANaN;
    return a > b || (a == b && i < j);
  }
};

template <class T>
struct SmallestFirst {
  const T* values;
  bool operator()(std::uint32_t i, std::uint32_t j) const {
    const T a = values[i], b = values[j];
    const bool isANaN = a != a, isBNaN = b != b;
    if (isANaN || isBNaN) return isANaN && isBNaN ? i < j : isBNaN;
    return a < b || (a == b && i < j);
  }
};

}  // namespace hybra::scalar
