// C[M,N] = A[M,K] · B[N,K]ᵀ for few rows (decode steps), bf16 with fp32 accumulation, for Hopper.
//
// Bound by reading B once, so the work is cut for memory: a block owns 64 or 128 rows of B, which are the rows of the
// tensor cores' product, and all of A's rows, which are its columns: nothing is padded to 128. Rows of B are few where
// more blocks then find an SM. Where these still do not fill a GPU, the blocks of a cluster share a tile: each takes a
// slice of K, and the sums meet in distributed shared memory, always in the same order.
// One warp feeds a ring of stages through the copy engine, as deep as an SM's shared memory, or half of it where rows of A
// are fewest: what is on its way hides how far memory is. A warpgroup multiplies 64 rows of B.
//
// Grid: ceil(M / WEFT_ROWS) * ceil(N / columns of a tile) * WEFT_PARTS blocks, slices next to one another, then row
// tiles, so that what B's rows bring into L2 is used at once.
// Compile-time:
//   WEFT_ROWS      16, 32, 64, 96, 128, 160, 192, 224 or 256: rows of A in a tile
//   WEFT_COLUMNS   64 or 128: rows of B in a tile
//   WEFT_PARTS     1, 2, 4 or 8: slices of K
//   WEFT_F32_OUT   C is fp32: scores that are compared with one another
//   WEFT_SILU_MUL  C[M,N/2] = silu(A·gateᵀ) * (A·upᵀ), B = [gate; up] stacked: a tile takes half of its rows of each
// The tensor maps, both bf16, 128-byte swizzle, zero fill: A box {64, WEFT_ROWS}. B box {64, WEFT_COLUMNS}; of gates
// and what they gate box {64, 8, 2, WEFT_COLUMNS / 16} of B as [N/8, 2, 8, K], so that eight rows of either come in
// turns and a thread's sums of both belong together.
// `n` counts the columns of C, a multiple of 8; B has `n` rows, or 2n for SiLU·mul. `pitch` is C's row in bytes.
#include "wgmma.cuh"

#ifndef WEFT_ROWS
#define WEFT_ROWS 64
#endif
#ifndef WEFT_COLUMNS
#define WEFT_COLUMNS 64
#endif
#ifndef WEFT_PARTS
#define WEFT_PARTS 4
#endif

namespace {

constexpr u32 ROWS = WEFT_ROWS, PARTS = WEFT_PARTS, BN = WEFT_COLUMNS, BK = 64;
#ifdef WEFT_SILU_MUL
constexpr bool SILU = true;
#else
constexpr bool SILU = false;
#endif
#ifdef WEFT_F32_OUT
constexpr bool F32_OUT = true;
#else
constexpr bool F32_OUT = false;
#endif
static_assert(!F32_OUT || !SILU, "scores are written as they are");
constexpr u32 OUT_BN = SILU ? BN / 2 : BN;
constexpr u32 WARPGROUPS = BN / 64, THREADS = WARPGROUPS * 128;
constexpr u32 HALF_BYTES = 64 * BK * 2, B_BYTES = BN * BK * 2, STAGE_BYTES = B_BYTES + ROWS * BK * 2;
// Of the fewest rows two blocks find room on an SM: one starts while the other ends.
constexpr u32 AN_SM = ROWS <= 32 ? 2 : 1, SMEM_BYTES = AN_SM == 2 ? 114688 : 232448;
constexpr u32 STAGES = (SMEM_BYTES - 1024 - 512) / STAGE_BYTES;
// Sums of eight rows of A: four numbers a thread, as the tensor cores leave them.
constexpr u32 EIGHTS = ROWS / 8, EIGHT_BYTES = THREADS * 16;
static_assert(BN == 64 || BN == 128, "a warpgroup multiplies 64 rows of B");
static_assert(STAGES >= 3 && STAGES * 16 <= 512, "pipeline depth");
static_assert(EIGHTS * EIGHT_BYTES <= STAGES * STAGE_BYTES, "sums find room in the stages");

// The same address in the shared memory of block `rank` of the cluster.
__device__ __forceinline__ u32 of_block(u32 addr, u32 rank) {
    u32 there;
    asm volatile("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(there) : "r"(addr), "r"(rank));
    return there;
}

__device__ __forceinline__ float4 load_sums(u32 addr) {
    float4 v;
    asm volatile("ld.shared::cluster.v4.f32 {%0, %1, %2, %3}, [%4];"
                 : "=f"(v.x), "=f"(v.y), "=f"(v.z), "=f"(v.w)
                 : "r"(addr)
                 : "memory");
    return v;
}

__device__ __forceinline__ void store_sums(u32 addr, float4 v) {
    asm volatile("st.shared.v4.f32 [%0], {%1, %2, %3, %4};" ::"r"(addr), "f"(v.x), "f"(v.y), "f"(v.z), "f"(v.w)
                 : "memory");
}

// Four sums of a thread, over all slices.
__device__ __forceinline__ float4 sum_of(u32 addr) {
    float4 sum = load_sums(of_block(addr, 0));
#pragma unroll
    for (u32 part = 1; part < PARTS; ++part) {
        const float4 v = load_sums(of_block(addr, part));
        sum.x += v.x, sum.y += v.y, sum.z += v.z, sum.w += v.w;
    }
    return sum;
}

// Of an 8 x 8 matrix of bf16 that a warp holds, two neighbours in a row for each thread: the transposed one.
__device__ __forceinline__ u32 transposed(u32 pair) {
    u32 there;
    asm volatile("movmatrix.sync.aligned.m8n8.trans.b16 %0, %1;" : "=r"(there) : "r"(pair));
    return there;
}

// What a warp holds of eight rows of C, of which this thread writes pairs in one. `v` are two rows of a column and the
// same rows of the column eight behind it, or, with SiLU·mul, of what that gates.
__device__ __forceinline__ void write_eight(u8* row, float4 v, u32 col, u32 n, bool inside) {
    if (SILU) {
        const u32 pair = transposed(pack_bf16(silu_mul(v.x, v.z), silu_mul(v.y, v.w)));
        if (inside && col < n) *reinterpret_cast<u32*>(row + col * 2) = pair;
    } else {
        const u32 here = transposed(pack_bf16(v.x, v.y)), behind = transposed(pack_bf16(v.z, v.w));
        if (inside && col < n) *reinterpret_cast<u32*>(row + col * 2) = here;
        if (inside && col + 8 < n) *reinterpret_cast<u32*>(row + col * 2 + 16) = behind;
    }
}

// The same in fp32, as this thread holds them: of two rows of C, the numbers at `col` and eight behind it.
__device__ __forceinline__ void write_scores(u8* c, u64 pitch, float4 v, u32 row, u32 col, u32 m, u32 n) {
    const float here[2] = {v.x, v.y}, behind[2] = {v.z, v.w};
#pragma unroll
    for (u32 i = 0; i < 2; ++i) {
        float* const out = reinterpret_cast<float*>(c + u64(row + i) * pitch);
        if (row + i < m && col < n) out[col] = here[i];
        if (row + i < m && col + 8 < n) out[col + 8] = behind[i];
    }
}

}  // namespace

extern "C" __global__ void __cluster_dims__(WEFT_PARTS, 1, 1) __launch_bounds__(THREADS + 32, AN_SM)
weft_gemm_few(const __grid_constant__ TensorMap map_a, const __grid_constant__ TensorMap map_b, u8* c, u32 m, u32 n,
              u32 k, u64 pitch, u32 op, WeftStampRing* ring, WeftError* error) {
    extern __shared__ u8 raw[];
    const u64 began = weft_stamp_now();
    const u32 base = (smem_addr(raw) + 1023) & ~1023u;
    const u32 full = base + STAGES * STAGE_BYTES, empty = full + STAGES * 8;
    const u32 part = blockIdx.x % PARTS, tile = blockIdx.x / PARTS, m_tiles = (m + ROWS - 1) / ROWS;
    const u32 row0 = tile % m_tiles * ROWS, col0 = tile / m_tiles * OUT_BN;
    const u32 all_steps = (k + BK - 1) / BK;
    const u32 first = all_steps * part / PARTS, steps = all_steps * (part + 1) / PARTS - first;
    const u32 warp = threadIdx.x / 32;

    if (threadIdx.x == 0) {
        tma_prefetch_map(&map_a);
        tma_prefetch_map(&map_b);
        for (u32 s = 0; s < STAGES; ++s) {
            mbar_init(full + s * 8, 1);
            mbar_init(empty + s * 8, WARPGROUPS);
        }
        mbar_init_fence();
    }
    __syncthreads();

    Patience patience;
    float acc[ROWS / 2];
    if (warp == THREADS / 32) {
        if (threadIdx.x % 32 == 0) {
            u32 stage = 0, parity = 1;
            for (u32 step = 0; step < steps; ++step) {
                mbar_wait(empty + stage * 8, parity, patience);
                const u32 bar = full + stage * 8, dst = base + stage * STAGE_BYTES, at = (first + step) * BK;
                mbar_expect(bar, STAGE_BYTES);
                if (SILU) tma_load_4d(dst, &map_b, at, 0, 0, col0 / 8, bar);
                else tma_load_2d(dst, &map_b, at, col0, bar);
                tma_load_2d(dst + B_BYTES, &map_a, at, row0, bar);
                if (++stage == STAGES) stage = 0, parity ^= 1;
            }
            if (patience.lost) weft_fail(error, op, WEFT_ERR_PIPELINE, ~0u, 0);
        }
    } else {
        const bool speaker = threadIdx.x % 128 == 0;
        u32 stage = 0, parity = 0, held = 0;
        for (u32 step = 0; step < steps; ++step) {
            mbar_wait(full + stage * 8, parity, patience);
            const u32 at = base + stage * STAGE_BYTES;
            const u64 b = wgmma_desc_k(at + warp / 4 * HALF_BYTES), a = wgmma_desc_k(at + B_BYTES);
            wgmma_begin();
#pragma unroll
            for (u32 kk = 0; kk < BK / 16; ++kk) Wgmma<ROWS>::ss(acc, b + 2 * kk, a + 2 * kk, step | kk);
            wgmma_commit();
            if (step > 0) {
                wgmma_wait<1>();
                if (speaker) mbar_arrive(empty + held * 8);
            }
            held = stage;
            if (++stage == STAGES) stage = 0, parity ^= 1;
        }
        wgmma_wait<0>();
        wgmma_hold(acc);
        // A slice of none, where K has fewer steps than slices.
        if (steps == 0) {
#pragma unroll
            for (u32 i = 0; i < ROWS / 2; ++i) acc[i] = 0.0f;
        }
        if (PARTS > 1) {
            // All warpgroups are done with the stages, in whose place sums come.
            named_barrier(1, THREADS);
#pragma unroll
            for (u32 j = 0; j < EIGHTS; ++j) {
                store_sums(base + j * EIGHT_BYTES + threadIdx.x * 16,
                           make_float4(acc[4 * j], acc[4 * j + 1], acc[4 * j + 2], acc[4 * j + 3]));
            }
        }
        if (patience.lost && speaker) weft_fail(error, op, WEFT_ERR_PIPELINE, ~0u, 1);
    }
    if (PARTS > 1) {
        __syncwarp();
        cluster_sync();
    }

    // Each block writes rows of its own.
    if (warp < THREADS / 32) {
        const u32 lane = threadIdx.x % 32, across = lane / 4, along = lane % 4 * 2;
        const u32 row = row0 + (F32_OUT ? along : across);
        const u32 col = col0 + warp * (SILU ? 8 : 16) + (F32_OUT ? across : along);
        constexpr u32 EACH = (EIGHTS + PARTS - 1) / PARTS;
#pragma unroll
        for (u32 i = 0; i < EACH; ++i) {
            const u32 j = part * EACH + i;
            if (PARTS > 1 && j >= EIGHTS) break;
            const float4 v = PARTS > 1 ? sum_of(base + j * EIGHT_BYTES + threadIdx.x * 16)
                                       : make_float4(acc[4 * i], acc[4 * i + 1], acc[4 * i + 2], acc[4 * i + 3]);
            if (F32_OUT) write_scores(c, pitch, v, row + 8 * j, col, m, n);
            else write_eight(c + u64(row + 8 * j) * pitch, v, col, n, row + 8 * j < m);
        }
    }
    if (threadIdx.x == 0) weft_stamp(ring, began, weft_stamp_now(), op, blockIdx.x, WEFT_KIND_TILE, steps);
    // A block's sums must outlive the last reading of them.
    if (PARTS > 1) {
        __syncwarp();
        cluster_sync();
    }
}
