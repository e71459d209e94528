// Rotary position embedding (Su et al. 2021, eq. 34): pair i of the first 2 * pairs dimensions turns by
// position * inverseFrequencies[i]; the rest passes. y may be x if x is contiguous. A thread for each pair.
#include "common.cuh"

ENTRY rope(In x, const int *positions, const float *inverseFrequencies, Out y, u32 rows, u32 time, u32 heads, u32 width, u32 pairs,
           u32 isInterleaved, i64 batchStride, i64 timeStride, i64 headStride) {
  begin();
  const u32 rest = width - 2 * pairs, items = pairs + rest;
  for (u32 i = blockIdx.x * blockDim.x + threadIdx.x; i < rows * heads * items; i += gridDim.x * blockDim.x) {
    const u32 item = i % items, head = (i / items) % heads, token = i / items / heads;
    const i64 from = (token / time) * batchStride + (token % time) * timeStride + head * headStride;
    const i64 to = ((i64)token * heads + head) * width;
    if (item >= pairs) {
      store<false>(y, to + item + pairs, load<false>(x, from + item + pairs));
      continue;
    }
    const u32 first = isInterleaved ? 2 * item : item, second = isInterleaved ? first + 1 : item + pairs;
    float sine, cosine;
    sincosf((float)positions[token] * inverseFrequencies[item], &sine, &cosine);
    const float a = load<false>(x, from + first), b = load<false>(x, from + second);
    store<false>(y, to + first, a * cosine - b * sine);
    store<false>(y, to + second, b * cosine + a * sine);
  }
}
