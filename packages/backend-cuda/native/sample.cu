// Draws a token per row: penalties, temperature, top-k, top-p, min-p, then Gumbel-max (Gumbel 1954) over Philox.
// Scores are doubles, as in the reference, so that the same numbers choose the same token. Nothing is sorted: the
// last score that a cut keeps is found by bisection over the ordered bits of doubles. One block for a row.
#include "common.cuh"

constexpr int threads = 1024;

__device__ __forceinline__ u64 orderOf(double x) {
  if (x == 0.0) x = 0.0;
  const u64 bits = (u64)__double_as_longlong(x);
  return (bits >> 63) ? ~bits : bits | (1ull << 63);
}

__device__ __forceinline__ double foldSum(double value, double *room) {
#pragma unroll
  for (int offset = 16; offset > 0; offset >>= 1) value += __shfl_xor_sync(0xffffffffu, value, offset);
  __syncthreads();
  if ((threadIdx.x & 31) == 0) room[threadIdx.x >> 5] = value;
  __syncthreads();
  value = room[threadIdx.x & 31];
#pragma unroll
  for (int offset = 16; offset > 0; offset >>= 1) value += __shfl_xor_sync(0xffffffffu, value, offset);
  return value;
}

__device__ __forceinline__ double foldMax(double value, double *room) {
#pragma unroll
  for (int offset = 16; offset > 0; offset >>= 1) value = fmax(value, __shfl_xor_sync(0xffffffffu, value, offset));
  __syncthreads();
  if ((threadIdx.x & 31) == 0) room[threadIdx.x >> 5] = value;
  __syncthreads();
  value = room[threadIdx.x & 31];
#pragma unroll
  for (int offset = 16; offset > 0; offset >>= 1) value = fmax(value, __shfl_xor_sync(0xffffffffu, value, offset));
  return value;
}

// What tokens that come no later than (order, index) amount to: their number, or their mass.
template <bool IS_MASS>
__device__ double amount(const double *scores, u32 width, u64 order, u32 index, double largest, double *room) {
  double sum = 0.0;
  for (u32 i = threadIdx.x; i < width; i += threads) {
    const u64 mine = orderOf(scores[i]);
    if (mine > order || (mine == order && i <= index)) sum += IS_MASS ? exp(scores[i] - largest) : 1.0;
  }
  return foldSum(sum, room);
}

// Drops every token after the first at which the amount reaches `goal`, in descending order of scores.
template <bool IS_MASS>
__device__ void keepUntil(double *scores, u32 width, double goal, double largest, double *room) {
  u64 low = 0, high = ~0ull; // the largest order at which the amount is enough
  while (low < high) {
    const u64 middle = low + ((high - low) >> 1) + 1;
    if (amount<IS_MASS>(scores, width, middle, 0xffffffffu, largest, room) >= goal) low = middle;
    else high = middle - 1;
  }
  u32 first = 0, last = width - 1; // of equals, the first index at which it is enough
  while (first < last) {
    const u32 middle = first + ((last - first) >> 1);
    if (amount<IS_MASS>(scores, width, low, middle, largest, room) >= goal) last = middle;
    else first = middle + 1;
  }
  __syncthreads();
  for (u32 i = threadIdx.x; i < width; i += threads) {
    const u64 mine = orderOf(scores[i]);
    if (mine < low || (mine == low && i > first)) scores[i] = -INFINITY;
  }
  __syncthreads();
}

ENTRY __launch_bounds__(threads) sample_rows(const float *__restrict__ logits, const float *__restrict__ parameters,
                                           const int *__restrict__ counts, const u32 *__restrict__ stream, int *ids,
                                           double *__restrict__ scratch, u32 width) {
  __shared__ double room[32];
  __shared__ u32 winners[32];
  const u32 row = blockIdx.x;
  const i64 from = (i64)row * width;
  const float *chosen = parameters + row * 7;
  const double temperature = chosen[0], topK = chosen[1], topP = chosen[2], minP = chosen[3];
  const double repetition = chosen[4], presence = chosen[5], frequency = chosen[6];
  const u32 *key = stream + row * 5;
  double *scores = scratch + from;

  double largest = -INFINITY;
  double best = -INFINITY;
  u32 winner = 0xffffffffu;
  // Asked for by eights: one block reads a whole row, and waits for memory more than for anything else.
  constexpr int ahead = 8;
  for (u32 first = threadIdx.x; first < width; first += ahead * threads) {
    float logit[ahead];
    int seen[ahead];
#pragma unroll
    for (int k = 0; k < ahead; k++) {
      const u32 i = first + k * threads;
      logit[k] = i < width ? logits[from + i] : 0.0f;
      seen[k] = i < width ? counts[from + i] : 0;
    }
#pragma unroll
    for (int k = 0; k < ahead; k++) {
      const u32 i = first + k * threads;
      if (i >= width) break;
      double score = logit[k];
      if (seen[k] > 0) {
        score = score > 0.0 ? score / repetition : score * repetition;
        score = score - presence - frequency * seen[k];
      }
      if (temperature > 0.0) {
        score /= temperature;
        scores[i] = score;
        largest = fmax(largest, score);
      } else if (score > best) {
        best = score;
        winner = i;
      }
    }
  }
  if (temperature > 0.0) {
    largest = foldMax(largest, room);
    const double limit = topK >= 1.0 ? fmin(floor(topK), (double)width) : (double)width;
    if (limit < width) keepUntil<false>(scores, width, limit, largest, room);
    if (topP < 1.0) { // at least the largest stays, also for a mass of 0
      const double total = amount<true>(scores, width, 0, 0xffffffffu, largest, room);
      keepUntil<true>(scores, width, fmax(topP * total, 1e-300), largest, room);
    }
  }
  // The first largest, with noise unless the temperature is 0.
  if (temperature > 0.0) {
    for (u32 i = threadIdx.x; i < width; i += threads) {
      double score = scores[i];
      if (minP > 0.0 && exp(score - largest) < minP) score = -INFINITY;
      const uint4 block = philox(key[0], key[1], make_uint4(i >> 2, key[3], key[2], key[4]));
      score -= log(-log(((double)(wordOf(block, i & 3) >> 9) + 0.5) * 1.1920928955078125e-7));
      if (score > best) {
        best = score;
        winner = i;
      }
    }
  }
  const double top = foldMax(best, room);
  u32 candidate = best == top ? winner : 0xffffffffu;
#pragma unroll
  for (int offset = 16; offset > 0; offset >>= 1) candidate = min(candidate, __shfl_xor_sync(0xffffffffu, candidate, offset));
  if ((threadIdx.x & 31) == 0) winners[threadIdx.x >> 5] = candidate;
  __syncthreads();
  if (threadIdx.x == 0) {
    for (int warp = 1; warp < threads / 32; warp++) candidate = min(candidate, winners[warp]);
    ids[row] = candidate == 0xffffffffu ? 0 : (int)candidate;
  }
}
