#include "isa.hpp"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace hybra {

// X(kernels, products of narrow numbers, the test of a processor), fastest first.
#if defined(__x86_64__)
#define HYBRA_HAS(feature) __builtin_cpu_supports(feature)
#define HYBRA_AVX512 \
  (HYBRA_HAS("avx512f") && HYBRA_HAS("avx512bw") && HYBRA_HAS("avx512vl") && HYBRA_HAS("avx512dq"))
// Every processor with AVX2 and FMA has F16C.
#define HYBRA_AVX2 (HYBRA_HAS("avx2") && HYBRA_HAS("fma"))
#define HYBRA_SETS(X)                                             \
  X(avx512, avx512bf16, HYBRA_AVX512 && HYBRA_HAS("avx512vnni") && HYBRA_HAS("avx512bf16")) \
  X(avx512, avx512vnni, HYBRA_AVX512 && HYBRA_HAS("avx512vnni")) \
  X(avx512, avx512, HYBRA_AVX512)                                 \
  X(avx2, avxvnni, HYBRA_AVX2 && hasAvxVnni())                    \
  X(avx2, avx2, HYBRA_AVX2)                                       \
  X(baseline, baseline, true)
#else
#define HYBRA_SETS(X) X(neon, neon, true)
#endif

#define HYBRA_SET(set, products, has)                     \
  namespace set { extern const KernelTable table; }       \
  namespace products { extern const NarrowProducts narrowProducts; }
HYBRA_SETS(HYBRA_SET)
#undef HYBRA_SET

namespace {

#if defined(__x86_64__)
/** CPUID leaf 7.1, EAX bit 4: GCC 12 has no name for it. */
bool hasAvxVnni() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid_count(7, 1, &a, &b, &c, &d) != 0 && (a >> 4 & 1) != 0;
}
#endif

KernelTable combined(const KernelTable& kernels, const NarrowProducts& products) {
  KernelTable table = kernels;
  table.name = products.name;
  table.kernels[static_cast<int>(Op::quantizedMatmulInt8)] = products.integers;
  table.kernels[static_cast<int>(Op::matmulBfloat16)] = products.bfloat16;
  table.kernels[static_cast<int>(Op::matmulInt14)] = products.halves;
  table.narrow = &products;
  return table;
}

}  // namespace

std::vector<const KernelTable*> availableTables() {
  std::vector<const KernelTable*> tables;
#define HYBRA_SET(set, products, has)                                                   \
  {                                                                                     \
    static const KernelTable table = combined(set::table, products::narrowProducts); \
    if (has) tables.push_back(&table);                                                  \
  }
  HYBRA_SETS(HYBRA_SET)
#undef HYBRA_SET
  return tables;
}

}  // namespace hybra
