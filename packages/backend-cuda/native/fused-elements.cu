// Chains of elementwise ops as one pass (src/fusion/fuse-elements.ts), in the order of the ops. Float32 in, any float out.
#include "common.cuh"

// s: the numbers of the rule for gelu in autograd, 1/2, 1/sqrt(2), 2/sqrt(pi) and 1.
__device__ __forceinline__ float geluGradient(float x, float g, float half, float root, float slope, float one) {
  const float u = x * root;
  return g * (x * half) * (expf(-(u * u)) * slope) * root + g * (erff(u) + one) * half;
}
ENTRY gelu_gradient(const float4 *x, const float4 *g, const float *half, const float *root, const float *slope, const float *one, Out y, u32 count) {
  begin();
  const float a = *half, b = *root, c = *slope, d = *one;
  for (u32 i = blockIdx.x * blockDim.x + threadIdx.x; i < count; i += gridDim.x * blockDim.x) {
    const float4 at = x[i], from = g[i];
    storeFour(y, (i64)i * 4,
              make_float4(geluGradient(at.x, from.x, a, b, c, d), geluGradient(at.y, from.y, a, b, c, d),
                          geluGradient(at.z, from.z, a, b, c, d), geluGradient(at.w, from.w, a, b, c, d)));
  }
}
