#include "isa.hpp"

namespace hybra {

#ifdef HYBRA_HAS_AVX512
namespace avx512 { extern const KernelTable table; }
#endif
#ifdef HYBRA_HAS_AVX2
namespace avx2 { extern const KernelTable table; }
#endif
#ifdef HYBRA_HAS_NEON
namespace neon { extern const KernelTable table; }
#endif
#ifdef HYBRA_HAS_BASELINE
namespace baseline { extern const KernelTable table; }
#endif

std::vector<const KernelTable*> availableTables() {
  std::vector<const KernelTable*> tables;
#ifdef HYBRA_HAS_AVX512
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq")) {
    tables.push_back(&avx512::table);
  }
#endif
#ifdef HYBRA_HAS_AVX2
  // Every processor with AVX2 and FMA has F16C.
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) tables.push_back(&avx2::table);
#endif
#ifdef HYBRA_HAS_NEON
  tables.push_back(&neon::table);
#endif
#ifdef HYBRA_HAS_BASELINE
  tables.push_back(&baseline::table);
#endif
  return tables;
}

}  // namespace hybra
