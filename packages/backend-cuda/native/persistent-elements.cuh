// Ops on few elements in the persistent kernel: each operand steps by one stride. p: y, inputs. w: op, action, count,
// strides of the inputs (3 to 5), two numbers (6, 7), flags (8: by the last block alone).
#pragma once
#include "step.cuh"

// Codes as in src/persistent/encode-step.ts.
enum Action {
  MOVE1, MOVE2, MOVE4, MOVE8, SELECT1, SELECT4, FILL1, FILL4, IOTA_I32, ADD_WORD, LESS_I32, EQUAL_I32, OR, BOOL_TO_I32, BF16_TO_F32,
  GATHER2, GATHER4, SCATTER_ADD_I32
};

template <class T> __device__ __forceinline__ T readAt(const Step &s, int input, u32 index) {
  return *((const volatile T *)s.p[1 + input] + (i64)(int)s.w[3 + input] * index);
}
template <class T> __device__ __forceinline__ void writeAt(const Step &s, i64 index, T value) { *((volatile T *)s.p[0] + index) = value; }

template <class T> __device__ __forceinline__ void gather(const Step &s, u32 i) {
  const u32 rows = s.w[6], width = s.w[7], row = i / width;
  const int from = *((const volatile int *)s.p[2] + row);
  T value = 0;
  if (from >= 0 && (u32)from < rows) value = ((const T *)s.p[1])[(i64)from * width + (i - row * width)];
  writeAt<T>(s, i, value);
}

__device__ __forceinline__ void element(const Step &s, u32 i) {
  switch (s.w[1]) {
  case MOVE1: return writeAt<uint8_t>(s, i, readAt<uint8_t>(s, 0, i));
  case MOVE2: return writeAt<uint16_t>(s, i, readAt<uint16_t>(s, 0, i));
  case MOVE4: return writeAt<u32>(s, i, readAt<u32>(s, 0, i));
  case MOVE8: return writeAt<unsigned long long>(s, i, readAt<unsigned long long>(s, 0, i));
  case SELECT1: return writeAt<uint8_t>(s, i, readAt<uint8_t>(s, 0, i) ? readAt<uint8_t>(s, 1, i) : readAt<uint8_t>(s, 2, i));
  case SELECT4: return writeAt<u32>(s, i, readAt<uint8_t>(s, 0, i) ? readAt<u32>(s, 1, i) : readAt<u32>(s, 2, i));
  case FILL1: return writeAt<uint8_t>(s, i, (uint8_t)s.w[6]);
  case FILL4: return writeAt<u32>(s, i, s.w[6]);
  case IOTA_I32: return writeAt<int>(s, i, (int)((i / s.w[7]) % s.w[6]));
  case ADD_WORD: return writeAt<u32>(s, i, readAt<u32>(s, 0, i) + readAt<u32>(s, 1, i));
  case LESS_I32: return writeAt<uint8_t>(s, i, readAt<int>(s, 0, i) < readAt<int>(s, 1, i) ? 1 : 0);
  case EQUAL_I32: return writeAt<uint8_t>(s, i, readAt<int>(s, 0, i) == readAt<int>(s, 1, i) ? 1 : 0);
  case OR: return writeAt<uint8_t>(s, i, readAt<uint8_t>(s, 0, i) || readAt<uint8_t>(s, 1, i) ? 1 : 0);
  case BOOL_TO_I32: return writeAt<int>(s, i, readAt<uint8_t>(s, 0, i) ? 1 : 0);
  case BF16_TO_F32: return writeAt<u32>(s, i, (u32)readAt<uint16_t>(s, 0, i) << 16);
  case GATHER2: return gather<uint16_t>(s, i);
  case GATHER4: return gather<u32>(s, i);
  case SCATTER_ADD_I32: { // element i of a row: numbers are rows and width; input 0 indices, input 1 summands
    const u32 width = s.w[7];
    for (u32 n = 0; n < s.w[3]; n++) {
      const int to = *((const volatile int *)s.p[1] + n);
      if (to < 0 || (u32)to >= s.w[6]) continue;
      volatile u32 *sum = (volatile u32 *)s.p[0] + (i64)to * width + i;
      *sum = *sum + *((const volatile u32 *)s.p[2] + (i64)n * width + i);
    }
    return;
  }
  }
}

__device__ __forceinline__ void runElements(const Step &s) {
  if (s.w[8]) {
    if (blockIdx.x != gridDim.x - 1) return;
    for (u32 i = threadIdx.x; i < s.w[2]; i += threads) element(s, i);
  } else
    for (u32 i = blockIdx.x * threads + threadIdx.x; i < s.w[2]; i += gridDim.x * threads) element(s, i);
}
