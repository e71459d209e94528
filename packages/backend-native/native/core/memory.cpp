#include "memory.hpp"

namespace hybra {

char* Memory::allocate(std::int64_t byteLength) {
  const std::lock_guard lock(mutex_);
  char* address = pages_.allocate(byteLength);
  if (!address) return nullptr;
  sizes_.emplace(address, byteLength);
  bytes_ += byteLength;
  return address;
}

void Memory::free(char* address) {
  const std::lock_guard lock(mutex_);
  const auto entry = sizes_.find(address);
  if (entry == sizes_.end()) return;
  pages_.free(address, entry->second);
  bytes_ -= entry->second;
  sizes_.erase(entry);
}

Memory::~Memory() {
  for (const auto& [address, byteLength] : sizes_) pages_.free(address, byteLength);
}

}  // namespace hybra
