/* Products of bytes of one instruction set: besides those of table.cpp, compiled for sets that add only such. */
#include "integer-matmul.hpp"

#define HYBRA_STRING_(name) #name
#define HYBRA_STRING(name) HYBRA_STRING_(name)

namespace hybra::HYBRA_ISA {

extern const IntegerProducts integerProducts;
const IntegerProducts integerProducts = {HYBRA_STRING(HYBRA_ISA), kernel_quantizedMatmulInt8, integerScratch};

}  // namespace hybra::HYBRA_ISA
