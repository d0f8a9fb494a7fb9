// Causal prefill attention for Hopper: bf16, head size 64, 96, 128 or 256, grouped query heads, any batch of sequences,
// each of which may have a prefix whose keys and values are in the cache already.
//
// A work item is up to 128 queries of one sequence and one head. The host lists the query tiles of the
// batch, longest first; a block takes items in snake order (b, 2G-1-b, 2G+b, ...), which evens out the
// triangle of causal lengths. Warpgroup 0 feeds keys and values through shared memory; warpgroups 1 and 2
// hold 64 queries each and take turns on the tensor cores: while one multiplies, the other takes the
// exponentials. Within a warpgroup the next block's scores are computed beside this block's P·V.
// Blocks of 128 keys (64 where heads are wider than 128: what shared memory has room for) are walked from the
// diagonal back, so only the first ones are masked.
//
// Compile-time: WEFT_HEAD_DIM. Heads lie in panels of 64 columns; of the last panel of 96, half is the next
//               head's (or zeros, past the last), and never multiplied.
//               WEFT_PAGE = 0: keys and values lie in rows of their own tensors, from the sequence's first
//               row on; 64 or 128: in cache pages of so many tokens, found through a block table. Rows of
//               the last page past the sequence are read (and multiplied by zero), so they must be finite.
// Tensor maps: q box {64, 128}; k and v box {64, keys a block} or {64, WEFT_PAGE}, whichever is less; columns =
// head * head size, rows as above; bf16, 128-byte swizzle, zero fill.
#include "wgmma.cuh"

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

constexpr u32 D = WEFT_HEAD_DIM, BK = D > 128 ? 64 : 128, STAGES = 2, PAGE = WEFT_PAGE;
constexpr u32 PANELS = (D + 63) / 64;                                  // of 64 columns
constexpr u32 Q_PANEL = 128 * 64 * 2, Q_BYTES = PANELS * Q_PANEL;      // 128 queries
constexpr u32 PANEL = BK * 64 * 2, TILE_BYTES = PANELS * PANEL;        // BK keys, or values
constexpr u32 BOX = PAGE == 0 || PAGE > BK ? BK : PAGE;                // rows that one copy brings
static_assert(D == 64 || D == 96 || D == 128 || D == 256, "widths of wgmma_rs_tb");
static_assert(PAGE == 0 || PAGE % BOX == 0, "pages are whole boxes");
constexpr u32 STAGING_PITCH = 64 * 2 + 16, STAGING_BYTES = 8 * 16 * STAGING_PITCH;
constexpr u32 MY_TURN = 2;  // named barriers 2 and 3: the turns of warpgroups 1 and 2

__device__ __forceinline__ u32 key_blocks(const WeftAttentionTile& t) {
    return (t.position + t.rows + BK - 1) / BK;
}

// The i-th item of this block, or none when not below the count.
__device__ __forceinline__ u32 item_at(u32 i) {
    return i * gridDim.x + (i % 2 == 0 ? blockIdx.x : gridDim.x - 1 - blockIdx.x);
}

__device__ __forceinline__ WeftAttentionTile load_tile(const WeftAttentionTile* tiles, u32 index) {
    const uint4 v = __ldg(reinterpret_cast<const uint4*>(tiles + index));
    return {v.x, v.y, v.z, v.w};
}

// BK keys (or values) of one head.
__device__ __forceinline__ void load_block(u32 dst, const TensorMap* map, u32 column, const WeftAttentionTile& t,
                                           u32 block, const u32* table, u32 table_pitch, u32 bar) {
    mbar_expect(bar, TILE_BYTES);
    if (PAGE == 0) {
        const u32 row = t.sequence + block * BK;
#pragma unroll
        for (u32 j = 0; j < PANELS; ++j) tma_load_2d(dst + j * PANEL, map, column + j * 64, row, bar);
    } else {
        constexpr u32 SIZE = PAGE == 0 ? BK : PAGE, BOXES = SIZE / BOX;  // of a page
        const u32 last = (t.position + t.rows - 1) / SIZE;
        for (u32 p = 0; p < BK / BOX; ++p) {
            const u32 at = block * (BK / BOX) + p;
            const u32 page = __ldg(table + u64(t.sequence) * table_pitch + min(at / BOXES, last));
            const u32 row = page * SIZE + at % BOXES * BOX;
#pragma unroll
            for (u32 j = 0; j < PANELS; ++j)
                tma_load_2d(dst + p * BOX * 128 + j * PANEL, map, column + j * 64, row, bar);
        }
    }
}

// S = Q·Kᵀ of 64 queries and BK keys; committed, not awaited.
__device__ __forceinline__ void issue_scores(float (&s)[BK / 2], u32 q, u32 k) {
    const u64 a = wgmma_desc_k(q), b = wgmma_desc_k(k);
    wgmma_begin();
#pragma unroll
    for (u32 i = 0; i < D / 16; ++i) {
        const u32 step = i % 4 * 32;
        Wgmma<BK>::ss(s, a + (i / 4 * Q_PANEL + step) / 16, b + (i / 4 * PANEL + step) / 16, i);
    }
    wgmma_commit();
}

// O += P·V; committed, not awaited.
__device__ __forceinline__ void issue_values(float (&o)[D / 2], const u32 (&p)[BK / 4], u32 v, u32 add) {
    const u64 b = wgmma_desc_n(v, PANEL);
    wgmma_begin();
#pragma unroll
    for (u32 i = 0; i < BK / 16; ++i)
        wgmma_rs_tb(o, p[4 * i], p[4 * i + 1], p[4 * i + 2], p[4 * i + 3], b + i * (16 * 128 / 16), add | i);
    wgmma_commit();
}

// A thread holds two rows of its warpgroup's 64: lane / 4 of its warp's sixteen, and that plus eight.
struct Rows {
    float top[2];    // largest score so far
    float total[2];  // this thread's share of the sum of exponentials
};

// Scores that look ahead of `position` (of this thread's first row) become -inf.
__device__ __forceinline__ void mask(float (&s)[BK / 2], u32 key, u32 position) {
    key += threadIdx.x % 4 * 2;
#pragma unroll
    for (u32 i = 0; i < BK / 2; ++i) {
        const u32 at = key + i / 4 * 8 + i % 2;
        if (at > position + (i % 4) / 2 * 8) s[i] = minus_infinity();
    }
}

// Scores become exponentials; `shrink` is what earlier sums must be multiplied with.
__device__ __forceinline__ void soften(float (&s)[BK / 2], Rows& rows, float (&shrink)[2], float scale) {
#pragma unroll
    for (u32 r = 0; r < 2; ++r) {
        float top = s[2 * r];
#pragma unroll
        for (u32 i = 0; i < BK / 8; ++i) top = fmaxf(top, fmaxf(s[4 * i + 2 * r], s[4 * i + 2 * r + 1]));
        top = fmaxf(quad_max(top), rows.top[r]);
        const float base = top == minus_infinity() ? 0.0f : top * scale;  // a row may have seen no key yet
        shrink[r] = exp2_fast(fmaf(rows.top[r], scale, -base));
        rows.top[r] = top;
        float sum = 0.0f;
#pragma unroll
        for (u32 i = 0; i < BK / 8; ++i) {
#pragma unroll
            for (u32 e = 0; e < 2; ++e) {
                float& x = s[4 * i + 2 * r + e];
                x = exp2_fast(fmaf(x, scale, -base));
                sum += x;
            }
        }
        rows.total[r] = fmaf(rows.total[r], shrink[r], sum);
    }
}

__device__ __forceinline__ void pack_scores(u32 (&p)[BK / 4], const float (&s)[BK / 2]) {
#pragma unroll
    for (u32 i = 0; i < BK / 4; ++i) p[i] = pack_bf16(s[2 * i], s[2 * i + 1]);
}

// This warp's 16 rows of the output.
__device__ __forceinline__ void store_rows(const float (&o)[D / 2], const Rows& rows, u32 staging, u8* out, u64 pitch,
                                           u32 live) {
    const u32 lane = threadIdx.x % 32;
    float scale[2];
#pragma unroll
    for (u32 r = 0; r < 2; ++r) scale[r] = __fdividef(1.0f, quad_sum(rows.total[r]));
#pragma unroll
    for (u32 panel = 0; panel < PANELS; ++panel) {
        const u32 width = min(8u, D / 8 - panel * 8);  // vectors of a row
        __syncwarp();
#pragma unroll
        for (u32 j = 0; j < width; j += 2) {
            u32 v[4];
#pragma unroll
            for (u32 i = 0; i < 4; ++i) {
                const u32 at = 4 * (panel * 8 + j + i / 2) + 2 * (i % 2);
                v[i] = pack_bf16(o[at] * scale[i % 2], o[at + 1] * scale[i % 2]);
            }
            st_matrix_x4(staging + lane % 16 * STAGING_PITCH + lane / 16 * 16 + j * 16, v[0], v[1], v[2], v[3]);
        }
        __syncwarp();
#pragma unroll
        for (u32 r = 0; r < 16; r += 4) {
            const u32 row = r + lane / 8;
            const uint4 v = lds_128(staging + row * STAGING_PITCH + lane % 8 * 16);
            if (row < live && lane % 8 < width)
                *reinterpret_cast<uint4*>(out + row * pitch + panel * 128 + lane % 8 * 16) = v;
        }
    }
}

}  // namespace

// `scale` is log2(e) / sqrt(head size) or the like. `pitch` is the output's row in bytes. `table` and its pitch (in
// entries) are unused without pages.
extern "C" __global__ void __launch_bounds__(384, 1)
weft_attention(const __grid_constant__ TensorMap map_q, const __grid_constant__ TensorMap map_k,
               const __grid_constant__ TensorMap map_v, u8* out, u64 pitch, const WeftAttentionTile* tiles, u32 count,
               u32 heads, u32 heads_per_key, const u32* table, u32 table_pitch, float scale, u32 op,
               WeftStampRing* ring, WeftError* error) {
    extern __shared__ u8 raw[];
    const u32 base = (smem_addr(raw) + 1023) & ~1023u;
    const u32 q_at = base, k_at = q_at + Q_BYTES, v_at = k_at + STAGES * TILE_BYTES;
    const u32 staging = v_at + STAGES * TILE_BYTES, bars = staging + STAGING_BYTES;
    const u32 q_full = bars, q_empty = bars + 8, k_full = bars + 16, k_empty = k_full + 8 * STAGES;
    const u32 v_full = k_empty + 8 * STAGES, v_empty = v_full + 8 * STAGES;
    const u32 warpgroup = threadIdx.x / 128, items = count * heads;

    if (threadIdx.x == 0) {
        mbar_init(q_full, 1);
        mbar_init(q_empty, 2);
        for (u32 s = 0; s < STAGES; ++s) {
            mbar_init(k_full + 8 * s, 1);
            mbar_init(k_empty + 8 * s, 2);
            mbar_init(v_full + 8 * s, 1);
            mbar_init(v_empty + 8 * s, 2);
        }
        mbar_init_fence();
    }
    __syncthreads();

    Patience patience;
    if (warpgroup == 0) {
        regs_shrink<24>();
        if (threadIdx.x == 0) {
            u32 q_parity = 1, stage = 0, parity = 1;
            u32 v_stage = 0, v_parity = 1;
            for (u32 i = 0, item; (item = item_at(i)) < items; ++i) {
                const WeftAttentionTile t = load_tile(tiles, item / heads);
                const u32 head = item % heads, column = head / heads_per_key * D;
                for (u32 block = key_blocks(t), first = 1; block-- > 0; first = 0) {
                    mbar_wait(k_empty + 8 * stage, parity, patience);
                    load_block(k_at + stage * TILE_BYTES, &map_k, column, t, block, table, table_pitch,
                               k_full + 8 * stage);
                    if (++stage == STAGES) stage = 0, parity ^= 1;
                    if (first) {
                        mbar_wait(q_empty, q_parity, patience);
                        q_parity ^= 1;
                        mbar_expect(q_full, Q_BYTES);
#pragma unroll
                        for (u32 j = 0; j < PANELS; ++j)
                            tma_load_2d(q_at + j * Q_PANEL, &map_q, head * D + j * 64, t.first, q_full);
                    }
                    mbar_wait(v_empty + 8 * v_stage, v_parity, patience);
                    load_block(v_at + v_stage * TILE_BYTES, &map_v, column, t, block, table, table_pitch,
                               v_full + 8 * v_stage);
                    if (++v_stage == STAGES) v_stage = 0, v_parity ^= 1;
                }
            }
            if (patience.lost) weft_fail(error, op, WEFT_ERR_PIPELINE, ~0u, 0);
        }
    } else {
        regs_grow<240>();
        const u32 who = warpgroup - 1, warp = threadIdx.x / 32 - 4, lane = threadIdx.x % 32;
        const bool speaker = threadIdx.x % 128 == 0;
        const u32 my_q = q_at + who * 64 * 128;
        u32 q_parity = 0, stage = 0, parity = 0, v_stage = 0, v_parity = 0;
        if (who == 1) named_barrier_arrive(MY_TURN, 256);  // the first turn is warpgroup 1's
        for (u32 i = 0, item; (item = item_at(i)) < items; ++i) {
            const u64 began = weft_stamp_now();
            const WeftAttentionTile t = load_tile(tiles, item / heads);
            const u32 head = item % heads;
            const u32 low = t.position + who * 64;                      // this warpgroup's first query
            const u32 position = t.position + warp * 16 + lane / 4;     // this thread's first row
            float o[D / 2], s[BK / 2], shrink[2];
            u32 p[BK / 4];
            Rows rows = {{minus_infinity(), minus_infinity()}, {0.0f, 0.0f}};

            u32 block = key_blocks(t) - 1;
            mbar_wait(q_full, q_parity, patience);
            q_parity ^= 1;
            mbar_wait(k_full + 8 * stage, parity, patience);
            issue_scores(s, my_q, k_at + stage * TILE_BYTES);
            wgmma_wait<0>();
            wgmma_hold(s);
            if (speaker) mbar_arrive(k_empty + 8 * stage);
            if (++stage == STAGES) stage = 0, parity ^= 1;
            mask(s, block * BK, position);
            soften(s, rows, shrink, scale);
            pack_scores(p, s);

            u32 add = 0;
            while (block > 0) {
                --block;
                mbar_wait(k_full + 8 * stage, parity, patience);
                named_barrier(MY_TURN + who, 256);
                issue_scores(s, my_q, k_at + stage * TILE_BYTES);
                mbar_wait(v_full + 8 * v_stage, v_parity, patience);
                issue_values(o, p, v_at + v_stage * TILE_BYTES, add);
                named_barrier_arrive(MY_TURN + 1 - who, 256);
                wgmma_wait<1>();
                wgmma_hold(s);
                if (speaker) mbar_arrive(k_empty + 8 * stage);
                if (++stage == STAGES) stage = 0, parity ^= 1;
                if (block * BK + BK - 1 > low) mask(s, block * BK, position);
                soften(s, rows, shrink, scale);
                wgmma_wait<0>();
                wgmma_hold(o);
                if (speaker) mbar_arrive(v_empty + 8 * v_stage);
                if (++v_stage == STAGES) v_stage = 0, v_parity ^= 1;
#pragma unroll
                for (u32 j = 0; j < D / 2; ++j) o[j] *= shrink[j % 4 / 2];
                pack_scores(p, s);
                add = 1;
            }
            if (speaker) mbar_arrive(q_empty);
            mbar_wait(v_full + 8 * v_stage, v_parity, patience);
            issue_values(o, p, v_at + v_stage * TILE_BYTES, add);
            wgmma_wait<0>();
            wgmma_hold(o);
            if (speaker) mbar_arrive(v_empty + 8 * v_stage);
            if (++v_stage == STAGES) v_stage = 0, v_parity ^= 1;

            const u32 row = warp * 16;
            store_rows(o, rows, staging + warp * 16 * STAGING_PITCH, out + u64(t.first + row) * pitch + head * D * 2,
                       pitch, t.rows > row ? t.rows - row : 0);
            if (speaker && who == 0) weft_stamp(ring, began, weft_stamp_now(), op, item, WEFT_KIND_TILE, key_blocks(t));
        }
        if (patience.lost && speaker) weft_fail(error, op, WEFT_ERR_PIPELINE, ~0u, 1);
    }
}
