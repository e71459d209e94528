#pragma once
#include <vector>

#include "call.hpp"

namespace hybra {

/** The kernel tables that were built and that this processor can run, fastest first. Never empty. */
std::vector<const KernelTable*> availableTables();

}  // namespace hybra
