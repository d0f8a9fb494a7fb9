// bf16 numbers, uniform in -scale to scale, from their index and a seed: the same on every run and every GPU.
// `count8` vectors of eight. Grid-stride.
#include "bf16.cuh"

namespace {

// Finaliser of MurmurHash3: every bit of the input reaches every bit of the output.
__device__ __forceinline__ u64 mix(u64 x) {
    x = (x ^ (x >> 33)) * 0xff51afd7ed558ccdull;
    x = (x ^ (x >> 33)) * 0xc4ceb9fe1a85ec53ull;
    return x ^ (x >> 33);
}

}  // namespace

extern "C" __global__ void __launch_bounds__(256) weft_random(uint4* out, u64 count8, u64 seed, float scale) {
    const u64 step = u64(gridDim.x) * blockDim.x;
    for (u64 i = u64(blockIdx.x) * blockDim.x + threadIdx.x; i < count8; i += step) {
        float v[8];
#pragma unroll
        for (u32 e = 0; e < 4; ++e) {
            const u64 bits = mix(seed * 0x9e3779b97f4a7c15ull + i * 4 + e);
            v[2 * e] = scale * (float(u32(bits) >> 8) * 0x1p-23f - 1.0f);
            v[2 * e + 1] = scale * (float(u32(bits >> 40)) * 0x1p-23f - 1.0f);
        }
        out[i] = pack8(v);
    }
}
