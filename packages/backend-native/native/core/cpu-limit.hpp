#pragma once

namespace hybra {

/** Processors that this process may really use: its affinity mask, cut to the quota of its control group. */
int cpuLimit();

}  // namespace hybra
