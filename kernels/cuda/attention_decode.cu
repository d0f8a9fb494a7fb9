// Attention of one query per sequence over a paged cache, for sm_80 and later: bf16.
//
// Bound by reading the cache once: all query heads of a key head (up to eight) are the eight columns of
// the tensor-core product, keys are its rows, so Sᵀ = K·Qᵀ and Oᵀ = Vᵀ·Pᵀ need no padding. Each warp walks
// 16 keys at a time with copies of its own, STAGES deep, and no block-wide barrier until the end.
//
// Compile-time: WEFT_HEAD_DIM, a multiple of 16 up to 256. Heads of more than 128 have two warps a block instead
// of four, so that a block's stages take as much shared memory as those of 128.
// weft_attention_decode: grid (splits, key heads * ceil(group / 8), sequences), block 32 * WARPS, dynamic shared
// memory WARPS * STAGES * 2 * ROWS_BYTES. Each block takes `chunk` keys (a multiple of 64) and writes fp32
// partial results; weft_attention_merge joins them: grid (query heads, sequences), block WEFT_HEAD_DIM; its blocks are
// numbered from `first`, behind those of the other kernel: both are one op.
// Caches: rows [page * page_size + i] of `key_heads` heads; page_size = 1 << page_shift, at least 16.
#include "mma.cuh"

#ifndef WEFT_HEAD_DIM
#define WEFT_HEAD_DIM 128
#endif

namespace {

constexpr u32 D = WEFT_HEAD_DIM, WARPS = D > 128 ? 2 : 4, STAGES = 3, STEP = 16, THREADS = 32 * WARPS;
constexpr u32 VECTORS = D / 8;
constexpr bool WHOLE_ROWS = 32 % VECTORS == 0;      // a warp copies whole rows at once
constexpr bool SWIZZLED = VECTORS % 8 == 0;         // otherwise rows are a vector longer than their data
constexpr u32 PITCH = D * 2 + (SWIZZLED ? 0 : 16);  // of a row in shared memory
constexpr u32 ROWS_BYTES = STEP * PITCH;            // one step's keys, or values
constexpr u32 JOINT = 2 + D;                        // floats of a head where warps meet
constexpr u32 OWN = (D + THREADS - 1) / THREADS;    // elements of a head that a thread joins
static_assert(D % 16 == 0 && D <= 256, "whole tensor-core steps that fit the registers");
static_assert(8 * JOINT * 4 <= STAGES * 2 * ROWS_BYTES, "a warp's results fit the space of its stages");

// 16-byte vector `v` of row `r`, spread over the banks.
__device__ __forceinline__ u32 at(u32 r, u32 v) { return r * PITCH + (SWIZZLED ? v ^ (r % 8) : v) * 16; }

// Whether this thread has an i-th element to join.
__device__ __forceinline__ bool owns(u32 i) { return D % THREADS == 0 || threadIdx.x + i * THREADS < D; }

__device__ __forceinline__ float column_max(float x) {
#pragma unroll
    for (int d = 4; d < 32; d *= 2) x = fmaxf(x, __shfl_xor_sync(~0u, x, d));
    return x;
}

__device__ __forceinline__ float column_sum(float x) {
#pragma unroll
    for (int d = 4; d < 32; d *= 2) x += __shfl_xor_sync(~0u, x, d);
    return x;
}

__device__ __forceinline__ void load_step(u32 dst, const u8* keys, const u8* values, u64 row, u32 live, u64 pitch) {
    const u32 lane = threadIdx.x % 32;
#pragma unroll
    for (u32 i = 0; i < STEP * VECTORS; i += 32) {
        // Where whole rows make a round, a lane's vector is the same in all of them.
        const u32 start = WHOLE_ROWS ? lane : lane + i, first = start / VECTORS, vector = start % VECTORS;
        const u32 r = WHOLE_ROWS ? i / VECTORS : 0;
        const u64 from = (row + first + r) * pitch + vector * 16;
        copy_async(dst + at(first + r, vector), keys + from, first + r < live);
        copy_async(dst + ROWS_BYTES + at(first + r, vector), values + from, first + r < live);
    }
}

}  // namespace

// `q` rows are `q_pitch` bytes apart; `scale` = log2(e) / sqrt(D). partial: [sequence, query head, split]
// of {top, total} then, behind all of those, of D floats.
extern "C" __global__ void __launch_bounds__(THREADS)
weft_attention_decode(const u8* q, u64 q_pitch, const u8* k_cache, const u8* v_cache, const u32* table, u32 table_pitch,
                      u32 page_shift, const u32* lengths, u32 q_heads, u32 key_heads, u32 chunk, float2* state,
                      float* partial, float scale, u32 op, WeftStampRing* ring) {
    extern __shared__ __align__(128) u8 raw[];
    const u64 began = weft_stamp_now();
    const u32 warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    const u32 group = q_heads / key_heads, parts = (group + 7) / 8;
    const u32 key_head = blockIdx.y / parts, part = blockIdx.y % parts, sequence = blockIdx.z;
    const u32 head0 = key_head * group + part * 8, heads = min(8u, group - part * 8);
    const u32 length = lengths[sequence], begin = blockIdx.x * chunk, end = min(length, begin + chunk);
    const u64 pitch = u64(key_heads) * D * 2;
    const u8 *keys = k_cache + key_head * D * 2, *values = v_cache + key_head * D * 2;
    const u32 stages = shared_addr(raw) + warp * STAGES * 2 * ROWS_BYTES;

    // Qᵀ as the right operand: this lane holds head lane / 4, elements 2 * (lane % 4) and on.
    u32 query[D / 8];
#pragma unroll
    for (u32 i = 0; i < D / 8; ++i) {
        const u8* from = q + u64(sequence) * q_pitch + (head0 + lane / 4) * D * 2 + (i * 8 + lane % 4 * 2) * 2;
        query[i] = lane / 4 < heads ? *reinterpret_cast<const u32*>(from) : 0;
    }

    const u32 steps = begin < end ? (end - begin + STEP - 1) / STEP : 0;
    auto fetch = [&](u32 step, u32 stage) {
        if (step < steps) {
            const u32 key = begin + step * STEP;
            const u32 page = table[u64(sequence) * table_pitch + (key >> page_shift)];
            const u64 row = (u64(page) << page_shift) + (key & ((1u << page_shift) - 1));
            load_step(stages + stage * 2 * ROWS_BYTES, keys, values, row, end - key, pitch);
        }
        copy_commit();
    };
    for (u32 s = 0; s < STAGES - 1; ++s) fetch(warp + s * WARPS, s);

    float o[D / 16][4] = {}, top[2] = {minus_infinity(), minus_infinity()}, total[2] = {0.0f, 0.0f};
    u32 stage = 0;
    for (u32 step = warp; step < steps; step += WARPS) {
        copy_wait<STAGES - 2>();
        __syncwarp();
        fetch(step + (STAGES - 1) * WARPS, (stage + STAGES - 1) % STAGES);
        const u32 k_at = stages + stage * 2 * ROWS_BYTES, v_at = k_at + ROWS_BYTES;
        float s[4] = {};
#pragma unroll
        for (u32 i = 0; i < D / 16; ++i) {
            u32 a[4];
            ld_matrix_x4(a, k_at + at(lane % 16, 2 * i + lane / 16));
            mma_16816(s, a, query[2 * i], query[2 * i + 1]);
        }
        const u32 key = begin + step * STEP + lane / 4;
        if (key >= end) s[0] = s[1] = minus_infinity();
        if (key + 8 >= end) s[2] = s[3] = minus_infinity();
        float shrink[2];
#pragma unroll
        for (u32 e = 0; e < 2; ++e) {
            const float now = fmaxf(top[e], column_max(fmaxf(s[e], s[2 + e])));  // finite: a step has a key
            shrink[e] = exp2_fast((top[e] - now) * scale);
            top[e] = now;
            s[e] = exp2_fast((s[e] - now) * scale);
            s[2 + e] = exp2_fast((s[2 + e] - now) * scale);
            total[e] = fmaf(total[e], shrink[e], s[e] + s[2 + e]);
        }
        const u32 p0 = transpose_8x8(pack_bf16(s[0], s[1])), p1 = transpose_8x8(pack_bf16(s[2], s[3]));
#pragma unroll
        for (u32 i = 0; i < D / 16; ++i) {
#pragma unroll
            for (u32 e = 0; e < 4; ++e) o[i][e] *= shrink[e % 2];
            u32 a[4];  // Vᵀ: 16 elements by 16 keys
            ld_matrix_x4_trans(a, v_at + at(lane % 8 + lane / 16 * 8, 2 * i + lane / 8 % 2));
            mma_16816(o[i], a, p0, p1);
        }
        stage = (stage + 1) % STAGES;
    }
    copy_wait<0>();
    __syncthreads();

    // The warps' results meet in the space of the stages: WARPS x 8 heads x JOINT floats.
    float* joint = reinterpret_cast<float*>(raw);
    float* mine = joint + warp * 8 * JOINT;
#pragma unroll
    for (u32 e = 0; e < 2; ++e) {
        const u32 head = lane % 4 * 2 + e;
        const float sum = column_sum(total[e]);
        if (lane < 4) mine[head * JOINT] = top[e], mine[head * JOINT + 1] = sum;
#pragma unroll
        for (u32 i = 0; i < D / 16; ++i) {
            mine[head * JOINT + 2 + i * 16 + lane / 4] = o[i][e];
            mine[head * JOINT + 2 + i * 16 + lane / 4 + 8] = o[i][2 + e];
        }
    }
    __syncthreads();
    for (u32 head = 0; head < heads; ++head) {
        float best = minus_infinity(), sum = 0.0f, value[OWN] = {};
        for (u32 w = 0; w < WARPS; ++w) best = fmaxf(best, joint[(w * 8 + head) * JOINT]);
        for (u32 w = 0; w < WARPS; ++w) {
            const float* from = joint + (w * 8 + head) * JOINT;
            const float weight = best == minus_infinity() ? 0.0f : exp2_fast((from[0] - best) * scale);
            sum = fmaf(weight, from[1], sum);
#pragma unroll
            for (u32 i = 0; i < OWN; ++i)
                if (owns(i)) value[i] = fmaf(weight, from[2 + threadIdx.x + i * THREADS], value[i]);
        }
        const u64 slot = (u64(sequence) * q_heads + head0 + head) * gridDim.x + blockIdx.x;
        if (threadIdx.x == 0) state[slot] = make_float2(best, sum);
#pragma unroll
        for (u32 i = 0; i < OWN; ++i)
            if (owns(i)) partial[slot * D + threadIdx.x + i * THREADS] = value[i];
    }
    if (threadIdx.x == 0)
        weft_stamp(ring, began, weft_stamp_now(), op, (blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x,
                   WEFT_KIND_BLOCK, end > begin ? end - begin : 0);
}

extern "C" __global__ void __launch_bounds__(WEFT_HEAD_DIM)
weft_attention_merge(const float2* state, const float* partial, u16* out, u64 out_pitch, u32 splits, float scale, u32 first,
                     u32 op, WeftStampRing* ring) {
    const u64 began = weft_stamp_now();
    const u64 slot = (u64(blockIdx.y) * gridDim.x + blockIdx.x) * splits;
    float best = minus_infinity(), sum = 0.0f, value = 0.0f;
    for (u32 i = 0; i < splits; ++i) best = fmaxf(best, state[slot + i].x);
    for (u32 i = 0; i < splits; ++i) {
        const float2 from = state[slot + i];
        const float weight = from.y == 0.0f ? 0.0f : exp2_fast((from.x - best) * scale);
        sum = fmaf(weight, from.y, sum);
        value = fmaf(weight, partial[(slot + i) * D + threadIdx.x], value);
    }
    u16* to = reinterpret_cast<u16*>(reinterpret_cast<u8*>(out) + blockIdx.y * out_pitch) + blockIdx.x * D;
    to[threadIdx.x] = u16(pack_bf16(sum == 0.0f ? 0.0f : value / sum, 0.0f));
    if (threadIdx.x == 0)
        weft_stamp(ring, began, weft_stamp_now(), op, first + blockIdx.y * gridDim.x + blockIdx.x, WEFT_KIND_BLOCK, splits);
}
