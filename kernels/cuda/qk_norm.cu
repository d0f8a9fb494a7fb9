// RMSNorm of every query head and every key head by itself, in place (Qwen3): head / rms(head) * gamma.
//
// qkv rows hold [q heads | k heads | v heads] of WEFT_HEAD_DIM (a multiple of 8 up to 256, 128 unless defined)
// each; gamma holds as many for queries, then as many for keys.
// A power of two of neighbouring threads owns a head, a vector of eight each; the last ones may have none.
// Grid-stride.
#include "bf16.cuh"

#ifndef WEFT_HEAD_DIM
#define WEFT_HEAD_DIM 128
#endif

namespace {

constexpr u32 VECTORS = WEFT_HEAD_DIM / 8;
constexpr u32 MATES = VECTORS > 16 ? 32 : VECTORS > 8 ? 16 : 8;  // threads of a head
static_assert(WEFT_HEAD_DIM % 8 == 0 && VECTORS <= MATES, "whole vectors, within a warp");

}  // namespace

extern "C" __global__ void __launch_bounds__(256)
weft_qk_norm(uint4* qkv, const uint4* gamma, u32 tokens, u32 q_heads, u32 k_heads, float eps, u32 op,
             WeftStampRing* ring) {
    const u64 began = weft_stamp_now();
    const u32 normed = (q_heads + k_heads) * MATES, pitch = (q_heads + 2 * k_heads) * VECTORS;
    // A head's threads are a part of a warp, and take part or leave together.
    const u32 mates = (~0u >> (32 - MATES)) << (threadIdx.x & (32 - MATES));
    const u64 total = u64(tokens) * normed, step = u64(gridDim.x) * blockDim.x;
    for (u64 i = u64(blockIdx.x) * blockDim.x + threadIdx.x; i < total; i += step) {
        const u32 token = u32(i / normed), mate = u32(i - u64(token) * normed);
        const u32 vector = mate % MATES;
        const bool live = vector < VECTORS;
        uint4* at = qkv + u64(token) * pitch + (mate / MATES * VECTORS + vector);
        const uint4 packed = live ? *at : make_uint4(0, 0, 0, 0);
        float x[8];
        set_bf16(x, packed);
        float square = square_sum(x, 0.0f);
#pragma unroll
        for (u32 d = MATES / 2; d > 0; d /= 2) square += __shfl_xor_sync(mates, square, d);
        const Scale scale = split_scale(rsqrtf(square * (1.0f / WEFT_HEAD_DIM) + eps));
        if (live) *at = normalise8(packed, __ldg(gamma + (mate < q_heads * MATES ? 0 : VECTORS) + vector), scale);
    }
    if (threadIdx.x == 0) weft_stamp(ring, began, weft_stamp_now(), op, blockIdx.x, WEFT_KIND_BLOCK, tokens);
}
