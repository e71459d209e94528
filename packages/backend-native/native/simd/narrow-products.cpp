/*
 * Products of numbers narrower than float32 of one instruction set: besides those of table.cpp, compiled for sets that
 * add only such.
 */
#include "bfloat16-matmul.hpp"
#include "half-matmul.hpp"
#include "integer-matmul.hpp"

#define HYBRA_STRING_(name) #name
#define HYBRA_STRING(name) HYBRA_STRING_(name)

namespace hybra::HYBRA_ISA {

extern const NarrowProducts narrowProducts;
const NarrowProducts narrowProducts = {HYBRA_STRING(HYBRA_ISA), kernel_quantizedMatmulInt8, integerScratch,
                                       kernel_matmulBfloat16, bfloat16Scratch, kernel_matmulInt14, halfScratch};

}  // namespace hybra::HYBRA_ISA
