// Rotary position embedding of queries and keys, and the write of keys and values to the cache.
//
// qkv rows hold [q heads | k heads | v heads] of WEFT_HEAD_DIM (a multiple of 16, 128 unless defined) each.
// Element i of a head's first half is rotated against element i of its second half (the layout of Llama
// checkpoints) by the angle of `table`, rows of WEFT_HEAD_DIM / 2 {cos, sin} pairs by position. Rotated q
// stays in place. Rotated k and plain v go to row `slots[token]` of the caches [rows, k heads, WEFT_HEAD_DIM]
// when `slots` is given, and k also in place.
// `bias`, when given, is added to every row of qkv first (Qwen2), and v then changes in place too.
// A thread turns eight elements of either half of a head. Grid-stride.
#include "bf16.cuh"

#ifndef WEFT_HEAD_DIM
#define WEFT_HEAD_DIM 128
#endif

namespace {

constexpr u32 VECTORS = WEFT_HEAD_DIM / 8, THREADS = WEFT_HEAD_DIM / 16;  // of a head
static_assert(WEFT_HEAD_DIM % 16 == 0, "either half is whole vectors");

}  // namespace

extern "C" __global__ void __launch_bounds__(256)
weft_rope(uint4* qkv, const float4* table, const u32* positions, const u32* slots, uint4* k_cache, uint4* v_cache,
          const uint4* bias, u32 tokens, u32 q_heads, u32 k_heads, u32 op, WeftStampRing* ring) {
    const u64 began = weft_stamp_now();
    const u32 heads = q_heads + 2 * k_heads, per_token = heads * THREADS;
    const u64 total = u64(tokens) * per_token, step = u64(gridDim.x) * blockDim.x;
    for (u64 i = u64(blockIdx.x) * blockDim.x + threadIdx.x; i < total; i += step) {
        const u32 token = u32(i / per_token), rest = u32(i - u64(token) * per_token);
        const u32 head = rest / THREADS, part = rest % THREADS;
        const bool is_value = head >= q_heads + k_heads;
        if (is_value && slots == nullptr && bias == nullptr) continue;
        uint4* at = qkv + (u64(token) * heads + head) * VECTORS + part;
        uint4 low = at[0], high = at[THREADS];
        float a[8], b[8];
        set_bf16(a, low);
        set_bf16(b, high);
        if (bias != nullptr) {
            add_bf16(a, __ldg(bias + head * VECTORS + part));
            add_bf16(b, __ldg(bias + head * VECTORS + part + THREADS));
        }
        if (!is_value) {
            const float4* turn = table + u64(positions[token]) * (WEFT_HEAD_DIM / 4) + part * 4;
#pragma unroll
            for (int e = 0; e < 8; e += 2) {
                const float4 t = __ldg(turn + e / 2);
                const float a0 = a[e], a1 = a[e + 1];
                a[e] = a0 * t.x - b[e] * t.y, b[e] = b[e] * t.x + a0 * t.y;
                a[e + 1] = a1 * t.z - b[e + 1] * t.w, b[e + 1] = b[e + 1] * t.z + a1 * t.w;
            }
        }
        if (!is_value || bias != nullptr) {
            low = pack8(a), high = pack8(b);
            at[0] = low, at[THREADS] = high;
        }
        if (slots == nullptr || head < q_heads) continue;
        uint4* cache = is_value ? v_cache : k_cache;
        const u32 k_head = (head - q_heads) % k_heads;
        uint4* to = cache + (u64(slots[token]) * k_heads + k_head) * VECTORS + part;
        to[0] = low, to[THREADS] = high;
    }
    if (threadIdx.x == 0) weft_stamp(ring, began, weft_stamp_now(), op, blockIdx.x, WEFT_KIND_BLOCK, tokens);
}
