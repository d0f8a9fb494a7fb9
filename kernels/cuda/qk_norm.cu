// RMSNorm of every query head and every key head by itself, in place (Qwen3): head / rms(head) * gamma.
//
// qkv rows hold [q heads | k heads | v heads] of 128 each; gamma holds 128 for queries, then 128 for keys.
// Sixteen threads own a head, a vector of eight each. Grid-stride.
#include "bf16.cuh"

extern "C" __global__ void __launch_bounds__(256)
weft_qk_norm(uint4* qkv, const uint4* gamma, u32 tokens, u32 q_heads, u32 k_heads, float eps, u32 op,
             WeftStampRing* ring) {
    const u64 began = weft_stamp_now();
    const u32 normed = (q_heads + k_heads) * 16, pitch = (q_heads + 2 * k_heads) * 16;
    // A head's threads are one half of a warp, and take part or leave together.
    const u32 mates = 0xffffu << (threadIdx.x & 16);
    const u64 total = u64(tokens) * normed, step = u64(gridDim.x) * blockDim.x;
    for (u64 i = u64(blockIdx.x) * blockDim.x + threadIdx.x; i < total; i += step) {
        const u32 token = u32(i / normed), vector = u32(i - u64(token) * normed);
        uint4* at = qkv + u64(token) * pitch + vector;
        const uint4 packed = *at;
        float x[8];
        set_bf16(x, packed);
        float square = square_sum(x, 0.0f);
#pragma unroll
        for (int d = 8; d > 0; d /= 2) square += __shfl_xor_sync(mates, square, d);
        const Scale scale = split_scale(rsqrtf(square * (1.0f / 128.0f) + eps));
        *at = normalise8(packed, __ldg(gamma + (vector < q_heads * 16 ? 0 : 16) + vector % 16), scale);
    }
    if (threadIdx.x == 0) weft_stamp(ring, began, weft_stamp_now(), op, blockIdx.x, WEFT_KIND_BLOCK, tokens);
}
