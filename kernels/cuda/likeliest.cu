// The likeliest token of each row of bf16 logits, of equals the first; a logit that is no number is none.
// keys[row] is the largest of (logit, mapped so that whole numbers are in its order) << 32 | ~(first + column), and 0
// where no logit is a number, so that the largest key over all shards of the vocabulary names the token.
// Rows are `n8` vectors of eight apart, of which `columns` numbers count. One block a row.
#include "bf16.cuh"

namespace {

constexpr u32 THREADS = 256;

__device__ __forceinline__ u64 larger(u64 a, u64 b) { return a > b ? a : b; }

__device__ __forceinline__ u64 key_of(float logit, u32 token) {
    const u32 bits = __float_as_uint(logit + 0.0f);  // -0 is 0
    const u32 ordered = bits & 0x80000000u ? ~bits : bits | 0x80000000u;
    return logit == logit ? u64(ordered) << 32 | u32(~token) : 0;
}

}  // namespace

extern "C" __global__ void __launch_bounds__(256)
weft_likeliest(const uint4* logits, u64* keys, u32 n8, u32 columns, u32 first) {
    __shared__ u64 warps[THREADS / 32];
    const uint4* row = logits + u64(blockIdx.x) * n8;
    u64 best = 0;
    for (u32 v = threadIdx.x; v < n8; v += THREADS) {
        float x[8];
        set_bf16(x, load_once(row + v));
#pragma unroll
        for (u32 e = 0; e < 8; ++e)
            if (v * 8 + e < columns) best = larger(best, key_of(x[e], first + v * 8 + e));
    }
#pragma unroll
    for (u32 d = 16; d > 0; d /= 2) best = larger(best, __shfl_xor_sync(~0u, best, d));
    if (threadIdx.x % 32 == 0) warps[threadIdx.x / 32] = best;
    __syncthreads();
    if (threadIdx.x == 0) {
        for (u32 w = 1; w < THREADS / 32; ++w) best = larger(best, warps[w]);
        keys[blockIdx.x] = best;
    }
}
