// Causal prefill attention for sm_80 and later: the portable twin of the Hopper kernel. Same tile list, same
// batches of sequences with cached prefixes, same walk over items; operands by address instead of tensor maps.
//
// A work item is up to 128 queries of one sequence and one head: eight warps of 16 queries each, which keep
// queries, scores and output in registers. Keys and values pass through shared memory in blocks of 64, two
// stages deep, from the diagonal back, so only the first blocks are masked; a warp leaves out blocks that lie
// wholly ahead of its queries. Rows past the sequence are filled with zeros, never read.
// Heads of more than 128 leave no registers for queries, which stay in shared memory, and there room for 32 keys
// and their values only: the next keys come while values are multiplied, the next values while scores are.
//
// Compile-time: WEFT_HEAD_DIM (multiple of 16 up to 256). WEFT_PAGE = 0: keys and values lie in rows, from the
// sequence's first row on; else in cache pages of so many tokens (any number), found through a block table.
// Rows in shared memory are 16 bytes longer than their data, so that eight of them at one column touch all
// banks once. Block 256; dynamic shared memory 4 * 64 * (WEFT_HEAD_DIM * 2 + 16) bytes (69,632 for 128), or beyond
// 128 (128 + 2 * 32) * (WEFT_HEAD_DIM * 2 + 16) (101,376 for 256: all that sm_86 has).
#include "mma.cuh"

#ifndef WEFT_HEAD_DIM
#define WEFT_HEAD_DIM 128
#endif
#ifndef WEFT_PAGE
#define WEFT_PAGE 0
#endif

// Queries [first, first + rows) of the packed batch; the first has `position` keys before it.
struct alignas(16) WeftAttentionTile {
    u32 first;
    u32 rows;      // 1 to 128
    u32 position;
    u32 sequence;  // first key row, or row of the block table
};

namespace {

constexpr u32 D = WEFT_HEAD_DIM, PAGE = WEFT_PAGE, BQ = 128, THREADS = 256;
constexpr bool WIDE = D > 128;
constexpr u32 BK = WIDE ? 32 : 64;
constexpr u32 VECTORS = D / 8, PITCH = D * 2 + 16, PART = BK * PITCH, STAGE = 2 * PART;
static_assert(D % 16 == 0 && D <= 256, "whole tensor-core steps that fit the registers");
static_assert(WIDE || BQ * PITCH <= STAGE, "queries pass through the second stage");

struct Keys {
    const u8 *k, *v;  // of this item's key head
    u64 pitch;
    const u32* table;  // of this item's sequence
    u32 first, end;    // first row (without pages); keys of the sequence up to the tile's end
};

__device__ __forceinline__ u32 item_at(u32 i) {
    return i * gridDim.x + (i % 2 == 0 ? blockIdx.x : gridDim.x - 1 - blockIdx.x);
}

__device__ __forceinline__ u32 at(u32 row, u32 vector) { return row * PITCH + vector * 16; }

__device__ __forceinline__ void load_queries(u32 dst, const u8* q, u64 pitch, u32 rows) {
#pragma unroll
    for (u32 i = threadIdx.x; i < BQ * VECTORS; i += THREADS) {
        const u32 row = i / VECTORS, vector = i % VECTORS;
        const bool live = row < rows;
        copy_async(dst + at(row, vector), q + (live ? row * pitch + vector * 16 : 0), live);
    }
}

// Where a vector of a key (or value) stands.
__device__ __forceinline__ u64 offset(const Keys& keys, u32 key, u32 vector) {
    constexpr u32 SIZE = PAGE == 0 ? 1 : PAGE;
    const u64 row = PAGE == 0 ? u64(keys.first) + key : u64(__ldg(keys.table + key / SIZE)) * SIZE + key % SIZE;
    return row * keys.pitch + vector * 16;
}

// A block of keys and their values.
__device__ __forceinline__ void load_keys(u32 dst, const Keys& keys, u32 block) {
#pragma unroll
    for (u32 i = threadIdx.x; i < BK * VECTORS; i += THREADS) {
        const u32 row = i / VECTORS, vector = i % VECTORS, key = block * BK + row;
        const bool live = key < keys.end;
        const u64 from = live ? offset(keys, key, vector) : 0;
        copy_async(dst + at(row, vector), keys.k + from, live);
        copy_async(dst + PART + at(row, vector), keys.v + from, live);
    }
}

// The keys of a block, or its values.
__device__ __forceinline__ void load_part(u32 dst, const u8* part, const Keys& keys, u32 block) {
#pragma unroll
    for (u32 i = threadIdx.x; i < BK * VECTORS; i += THREADS) {
        const u32 row = i / VECTORS, vector = i % VECTORS, key = block * BK + row;
        const bool live = key < keys.end;
        copy_async(dst + at(row, vector), part + (live ? offset(keys, key, vector) : 0), live);
    }
}

// A thread holds two rows of its warp's sixteen: lane / 4, and that plus eight.
struct Rows {
    float top[2];    // largest score so far
    float total[2];  // this thread's share of the sum of exponentials
};

// A step of 16 elements of a warp's queries, from its first row in shared memory.
__device__ __forceinline__ void query_step(u32 (&q)[4], u32 q_at, u32 step) {
    const u32 lane = threadIdx.x % 32;
    ld_matrix_x4(q, q_at + at(lane % 16, 2 * step + lane / 16));
}

// A warp's 16 queries in registers.
struct Kept {
    u32 q[D / 16][4];

    __device__ __forceinline__ explicit Kept(u32 q_at) {
#pragma unroll
        for (u32 i = 0; i < D / 16; ++i) query_step(q[i], q_at, i);
    }
    __device__ __forceinline__ void step(u32 (&a)[4], u32 i) const {
#pragma unroll
        for (u32 e = 0; e < 4; ++e) a[e] = q[i][e];
    }
};

// In shared memory.
struct Left {
    u32 q_at;

    __device__ __forceinline__ explicit Left(u32 at) : q_at(at) {}
    __device__ __forceinline__ void step(u32 (&a)[4], u32 i) const { query_step(a, q_at, i); }
};

// S = Q·Kᵀ of 16 queries and a block of keys.
template <typename Queries>
__device__ __forceinline__ void scores(float (&s)[BK / 8][4], const Queries& queries, u32 k_at) {
    const u32 lane = threadIdx.x % 32;
#pragma unroll
    for (u32 j = 0; j < BK / 8; ++j) s[j][0] = s[j][1] = s[j][2] = s[j][3] = 0.0f;
#pragma unroll
    for (u32 i = 0; i < D / 16; ++i) {
        u32 q[4];
        queries.step(q, i);
#pragma unroll
        for (u32 j = 0; j < BK / 16; ++j) {
            u32 b[4];
            ld_matrix_x4(b, k_at + at(j * 16 + lane % 8 + lane / 16 * 8, 2 * i + lane / 8 % 2));
            mma_16816(s[2 * j], q, b[0], b[1]);
            mma_16816(s[2 * j + 1], q, b[2], b[3]);
        }
    }
}

// Scores that look ahead become -inf; `low` is the position of the warp's first query.
__device__ __forceinline__ void mask(float (&s)[BK / 8][4], u32 key, u32 low) {
    const u32 lane = threadIdx.x % 32;
    if (key + BK - 1 <= low) return;
#pragma unroll
    for (u32 j = 0; j < BK / 8; ++j)
#pragma unroll
        for (u32 e = 0; e < 4; ++e)
            if (key + j * 8 + lane % 4 * 2 + e % 2 > low + lane / 4 + e / 2 * 8) s[j][e] = minus_infinity();
}

// Scores become exponentials; the output so far shrinks to the new largest score.
__device__ __forceinline__ void soften(float (&s)[BK / 8][4], float (&o)[D / 8][4], Rows& rows, float scale) {
#pragma unroll
    for (u32 r = 0; r < 2; ++r) {
        float top = s[0][2 * r];
#pragma unroll
        for (u32 j = 0; j < BK / 8; ++j) top = fmaxf(top, fmaxf(s[j][2 * r], s[j][2 * r + 1]));
        top = fmaxf(quad_max(top), rows.top[r]);
        const float base = top == minus_infinity() ? 0.0f : top * scale;  // a row may have seen no key yet
        const float shrink = exp2_fast(fmaf(rows.top[r], scale, -base));
        rows.top[r] = top;
        float sum = 0.0f;
#pragma unroll
        for (u32 j = 0; j < BK / 8; ++j) {
#pragma unroll
            for (u32 e = 0; e < 2; ++e) {
                float& x = s[j][2 * r + e];
                x = exp2_fast(fmaf(x, scale, -base));
                sum += x;
            }
        }
        rows.total[r] = fmaf(rows.total[r], shrink, sum);
#pragma unroll
        for (u32 j = 0; j < D / 8; ++j) o[j][2 * r] *= shrink, o[j][2 * r + 1] *= shrink;
    }
}

// O += P·V.
__device__ __forceinline__ void add_values(float (&o)[D / 8][4], const float (&s)[BK / 8][4], u32 v_at) {
    const u32 lane = threadIdx.x % 32;
#pragma unroll
    for (u32 i = 0; i < BK / 16; ++i) {
        const u32 p[4] = {pack_bf16(s[2 * i][0], s[2 * i][1]), pack_bf16(s[2 * i][2], s[2 * i][3]),
                          pack_bf16(s[2 * i + 1][0], s[2 * i + 1][1]), pack_bf16(s[2 * i + 1][2], s[2 * i + 1][3])};
#pragma unroll
        for (u32 j = 0; j < D / 16; ++j) {
            u32 b[4];
            ld_matrix_x4_trans(b, v_at + at(i * 16 + lane % 16, 2 * j + lane / 16));
            mma_16816(o[2 * j], p, b[0], b[1]);
            mma_16816(o[2 * j + 1], p, b[2], b[3]);
        }
    }
}

// All blocks of keys, two stages deep; the first block is on its way.
__device__ __forceinline__ void walk(float (&o)[D / 8][4], Rows& rows, const Kept& queries, u32 base, const Keys& keys,
                                     u32 blocks, u32 low, bool live, float scale) {
    u32 stage = 0;
    for (u32 block = blocks; block-- > 0; stage ^= 1) {
        copy_wait<0>();
        __syncthreads();  // this stage has come, and no warp reads the other any more
        if (block > 0) load_keys(base + (stage ^ 1) * STAGE, keys, block - 1);
        copy_commit();
        const u32 key = block * BK;
        if (key > low + 15 || !live) continue;
        float s[BK / 8][4];
        scores(s, queries, base + stage * STAGE);
        mask(s, key, low);
        soften(s, o, rows, scale);
        add_values(o, s, base + stage * STAGE + PART);
    }
    copy_wait<0>();
}

// The same with one stage: keys and values come in turns. The first keys are there, their values on their way.
__device__ __forceinline__ void walk_wide(float (&o)[D / 8][4], Rows& rows, const Left& queries, u32 base,
                                          const Keys& keys, u32 blocks, u32 low, bool live, float scale) {
    const u32 k_at = base, v_at = base + PART;
    for (u32 block = blocks; block-- > 0;) {
        const u32 key = block * BK;
        const bool sees = key <= low + 15 && live;
        float s[BK / 8][4];
        if (sees) scores(s, queries, k_at);
        copy_wait<0>();
        __syncthreads();  // the values have come, and no warp reads the keys any more
        if (block > 0) load_part(k_at, keys.k, keys, block - 1);
        copy_commit();
        if (sees) {
            mask(s, key, low);
            soften(s, o, rows, scale);
            add_values(o, s, v_at);
        }
        copy_wait<0>();
        __syncthreads();  // the next keys have come, and no warp reads the values any more
        if (block > 0) load_part(v_at, keys.v, keys, block - 1);
        copy_commit();
    }
}

}  // namespace

// `q`, `k` and `v` point at the first element of their first head; pitches are rows in bytes, `kv_pitch` that of
// keys and of values. `scale` is log2(e) / sqrt(head size) or the like. `table` and its pitch (in entries) are
// unused without pages.
extern "C" __global__ void __launch_bounds__(256, 1)
weft_attention(const u8* q, u64 q_pitch, const u8* k, const u8* v, u64 kv_pitch, u8* out, u64 pitch,
               const WeftAttentionTile* tiles, u32 count, u32 heads, u32 heads_per_key, const u32* table,
               u32 table_pitch, float scale, u32 op, WeftStampRing* ring) {
    extern __shared__ __align__(128) u8 raw[];
    const u32 base = shared_addr(raw), lane = threadIdx.x % 32, row0 = threadIdx.x / 32 * 16;
    for (u32 i = 0, item; (item = item_at(i)) < count * heads; ++i) {
        const u64 began = weft_stamp_now();
        const uint4 tile = __ldg(reinterpret_cast<const uint4*>(tiles + item / heads));
        const WeftAttentionTile t = {tile.x, tile.y, tile.z, tile.w};
        const u32 head = item % heads, column = head / heads_per_key * D * 2, end = t.position + t.rows;
        const Keys keys = {k + column, v + column, kv_pitch, table + u64(PAGE == 0 ? 0 : t.sequence) * table_pitch,
                           t.sequence, end};
        const u32 blocks = (end + BK - 1) / BK;

        __syncthreads();  // everybody is done with the stages of the item before
        load_queries(base + STAGE, q + t.first * q_pitch + head * D * 2, q_pitch, t.rows);
        float o[D / 8][4] = {};
        Rows rows = {{minus_infinity(), minus_infinity()}, {0.0f, 0.0f}};
        const u32 low = t.position + row0, q_at = base + STAGE + at(row0, 0);  // this warp's first query
        if constexpr (WIDE) {
            load_part(base, keys.k, keys, blocks - 1);
            copy_commit();
            load_part(base + PART, keys.v, keys, blocks - 1);
            copy_commit();
            copy_wait<1>();
            __syncthreads();
            walk_wide(o, rows, Left(q_at), base, keys, blocks, low, row0 < t.rows, scale);
        } else {
            copy_commit();
            load_keys(base, keys, blocks - 1);
            copy_commit();
            copy_wait<1>();
            __syncthreads();
            walk(o, rows, Kept(q_at), base, keys, blocks, low, row0 < t.rows, scale);
        }

#pragma unroll
        for (u32 r = 0; r < 2; ++r) {
            const u32 row = row0 + lane / 4 + r * 8;
            const float whole = __fdividef(1.0f, quad_sum(rows.total[r]));
            if (row >= t.rows) continue;
            u8* to = out + u64(t.first + row) * pitch + (head * D + lane % 4 * 2) * 2;
#pragma unroll
            for (u32 j = 0; j < D / 8; ++j)
                *reinterpret_cast<u32*>(to + j * 16) = pack_bf16(o[j][2 * r] * whole, o[j][2 * r + 1] * whole);
        }
        if (threadIdx.x == 0) weft_stamp(ring, began, weft_stamp_now(), op, item, WEFT_KIND_TILE, blocks);
    }
}
