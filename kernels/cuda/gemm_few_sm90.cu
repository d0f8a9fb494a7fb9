// C[M,N] = A[M,K] · B[N,K]ᵀ for few rows (decode steps), bf16 with fp32 accumulation, for Hopper.
//
// Bound by reading B once, so the work is cut for memory: a block owns 128 rows of B, which are the rows of the
// tensor cores' product, and all of A's rows, which are its columns: nothing is padded to 128. Few tiles do not fill
// a GPU, so the blocks of a cluster share a tile: each takes a slice of K, and the sums meet in distributed shared
// memory, always in the same order. Two blocks fit an SM, so that one loads while the other starts or ends.
// One warp feeds a ring of stages through the copy engine, two warpgroups multiply 64 rows of B each.
//
// Grid: ceil(M / WEFT_ROWS) * ceil(N / 128) * WEFT_PARTS blocks, slices next to one another, then row tiles, so that
// what B's rows bring into L2 is used at once.
// Compile-time:
//   WEFT_ROWS      16, 32, 64 or 128: rows of A in a tile
//   WEFT_PARTS     1, 2, 4 or 8: slices of K
//   WEFT_SILU_MUL  C[M,N/2] = silu(A·gateᵀ) * (A·upᵀ), B = [gate; up] stacked: a tile takes 64 rows of each
// The tensor maps: A box {64, WEFT_ROWS}, B box {64, 64}, both bf16, 128-byte swizzle, zero fill.
// `n` counts the columns of C, a multiple of 8; B has `n` rows, or 2n for SiLU·mul. `pitch` is C's row in bytes.
#include "wgmma.cuh"

#ifndef WEFT_ROWS
#define WEFT_ROWS 64
#endif
#ifndef WEFT_PARTS
#define WEFT_PARTS 4
#endif

namespace {

constexpr u32 ROWS = WEFT_ROWS, PARTS = WEFT_PARTS, BN = 128, BK = 64;
#ifdef WEFT_SILU_MUL
constexpr bool SILU = true;
#else
constexpr bool SILU = false;
#endif
constexpr u32 OUT_BN = SILU ? BN / 2 : BN;
constexpr u32 HALF_BYTES = BN / 2 * BK * 2, A_BYTES = ROWS * BK * 2, STAGE_BYTES = 2 * HALF_BYTES + A_BYTES;
constexpr u32 STAGES = (114688 - 1024 - 256) / STAGE_BYTES;
// A row of A's sums over the block's slice, as they lie in shared memory once the stages are done with: the four keep
// what the lanes of a warp write in separate banks.
constexpr u32 PITCH = BN + 4;
static_assert(STAGES >= 3 && STAGES * 16 <= 256, "pipeline depth");
static_assert(ROWS * PITCH * 4 <= STAGES * STAGE_BYTES, "sums find room in the stages");

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

// Four columns of a row, over all slices.
__device__ __forceinline__ float4 sum_of(u32 addr) {
    float4 sum = load_sums(PARTS == 1 ? addr : of_block(addr, 0));
#pragma unroll
    for (u32 part = 1; part < PARTS; ++part) {
        const float4 v = load_sums(of_block(addr, part));
        sum.x += v.x, sum.y += v.y, sum.z += v.z, sum.w += v.w;
    }
    return sum;
}

}  // namespace

extern "C" __global__ void __cluster_dims__(WEFT_PARTS, 1, 1) __launch_bounds__(288, 2)
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
            mbar_init(empty + s * 8, 2);
        }
        mbar_init_fence();
    }
    __syncthreads();

    Patience patience;
    if (warp == 8) {
        if (threadIdx.x % 32 == 0) {
            u32 stage = 0, parity = 1;
            for (u32 step = 0; step < steps; ++step) {
                mbar_wait(empty + stage * 8, parity, patience);
                const u32 bar = full + stage * 8, dst = base + stage * STAGE_BYTES, at = (first + step) * BK;
                mbar_expect(bar, STAGE_BYTES);
                tma_load_2d(dst, &map_b, at, col0, bar);
                tma_load_2d(dst + HALF_BYTES, &map_b, at, col0 + (SILU ? n : BN / 2), bar);
                tma_load_2d(dst + 2 * HALF_BYTES, &map_a, at, row0, bar);
                if (++stage == STAGES) stage = 0, parity ^= 1;
            }
            if (patience.lost) weft_fail(error, op, WEFT_ERR_PIPELINE, ~0u, 0);
        }
    } else {
        const u32 warpgroup = warp / 4, lane = threadIdx.x % 32;
        const bool speaker = threadIdx.x % 128 == 0;
        float acc[ROWS / 2];
        u32 stage = 0, parity = 0, held = 0;
        for (u32 step = 0; step < steps; ++step) {
            mbar_wait(full + stage * 8, parity, patience);
            const u32 at = base + stage * STAGE_BYTES;
            const u64 b = wgmma_desc_k(at + warpgroup * HALF_BYTES), a = wgmma_desc_k(at + 2 * HALF_BYTES);
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
        // Both warpgroups are done with the stages, in whose place sums come.
        named_barrier(1, 256);
        const u32 column = warp * 16 + lane / 4;
#pragma unroll
        for (u32 j = 0; j < ROWS / 8; ++j) {
#pragma unroll
            for (u32 e = 0; e < 4; ++e) {
                const u32 row = 8 * j + 2 * (lane % 4) + e % 2;
                const float sum = steps > 0 ? acc[4 * j + e] : 0.0f;
                asm volatile("st.shared.f32 [%0], %1;" ::"r"(base + (row * PITCH + column + e / 2 * 8) * 4), "f"(sum)
                             : "memory");
            }
        }
        if (patience.lost && speaker) weft_fail(error, op, WEFT_ERR_PIPELINE, ~0u, 1);
    }
    __syncwarp();
    if (PARTS == 1) __syncthreads(); else cluster_sync();

    // Each block writes rows of its own, four columns a thread.
    if (warp < 8) {
        constexpr u32 QUADS = OUT_BN / 4, AT_ONCE = 256 / QUADS;
        const u32 quad = threadIdx.x % QUADS * 4, col = col0 + quad;
        for (u32 row = part * AT_ONCE + threadIdx.x / QUADS; row < ROWS; row += AT_ONCE * PARTS) {
            if (row0 + row >= m || col >= n) continue;
            const u32 at = base + (row * PITCH + quad) * 4;
            float4 v = sum_of(at);
            if (SILU) {
                const float4 up = sum_of(at + BN / 2 * 4);
                v.x = silu_mul(v.x, up.x), v.y = silu_mul(v.y, up.y);
                v.z = silu_mul(v.z, up.z), v.w = silu_mul(v.w, up.w);
            }
            *reinterpret_cast<uint2*>(c + u64(row0 + row) * pitch + col * 2) =
                make_uint2(pack_bf16(v.x, v.y), pack_bf16(v.z, v.w));
        }
    }
    if (threadIdx.x == 0) weft_stamp(ring, began, weft_stamp_now(), op, blockIdx.x, WEFT_KIND_TILE, steps);
    // A block's sums must outlive the last reading of them.
    if (PARTS != 1) {
        __syncwarp();
        cluster_sync();
    }
}
