// C[M,N] = A[M,K] · B[N,K]ᵀ, bf16 with fp32 accumulation, for Hopper.
//
// A and B (weights, as a linear layer stores them) are row-major and k-contiguous. One block owns a
// 128 x WEFT_BN tile of C: warpgroup 0 feeds a ring of shared-memory stages through the copy engine,
// warpgroups 1 and 2 multiply 64 rows each. With WEFT_CLUSTER = 2 two blocks that are neighbours along
// M take the same columns of B and each fetches half of them for both, which cuts the traffic out of L2
// by a third; without that the L2 is the limit (48 KiB for every 0.79 us of tensor-core work on each SM).
//
// The same source is the persistent form (grid = SMs given to it, a multiple of WEFT_CLUSTER) and the
// tile-per-block form (grid = tiles x WEFT_CLUSTER): a block walks tiles grid-stride.
//
// Compile-time:
//   WEFT_BN        128, 160, 192, 224 or 256: tile width in rows of B
//   WEFT_CLUSTER   1 or 2
//   WEFT_SILU_MUL  C[M,N/2] = silu(A·gateᵀ) * (A·upᵀ), B = [gate; up] stacked (no interleaving): a tile
//                  takes WEFT_BN/2 rows of each half, so a thread holds both factors of its outputs
// The tensor maps: A box {64, 128}, B box {64, WEFT_BN/2}, both bf16, 128-byte swizzle, zero fill.
// Requires K > 0 and N (of C) a multiple of 8; M is free, K may end inside a step (zero filled).
#include "wgmma.cuh"

#ifndef WEFT_BN
#define WEFT_BN 256
#endif
#ifndef WEFT_CLUSTER
#define WEFT_CLUSTER 2
#endif

namespace {

constexpr u32 BM = 128, BN = WEFT_BN, BK = 64, CL = WEFT_CLUSTER;
constexpr u32 A_BYTES = BM * BK * 2, B_HALF = BN / 2 * BK * 2, STAGE_BYTES = A_BYTES + 2 * B_HALF;
#ifdef WEFT_SILU_MUL
constexpr bool SILU = true;
#else
constexpr bool SILU = false;
#endif
constexpr u32 OUT_BN = SILU ? BN / 2 : BN;

// The epilogue moves CHUNK columns at a time through 16 rows of shared memory that belong to one warp.
constexpr u32 CHUNK = OUT_BN % 64 == 0 ? 64 : OUT_BN % 32 == 0 ? 32 : 16;
constexpr u32 STAGING_PITCH = CHUNK * 2 + 16;  // the 16 keep the eight rows of a matrix in separate banks
constexpr u32 STAGING_BYTES = 8 * 16 * STAGING_PITCH;
constexpr u32 BARRIER_BYTES = 256;
constexpr u32 STAGES = (232448 - 1024 - BARRIER_BYTES - STAGING_BYTES) / STAGE_BYTES;
static_assert(STAGES >= 3 && STAGES * 16 <= BARRIER_BYTES, "pipeline depth");

struct Tile {
    u32 m, n;  // first row of A, first output column
};

// Tiles run down `group` cluster rows before they move right, so that the tiles in flight at one time
// share both operands in L2.
__device__ __forceinline__ Tile tile_at(u32 index, u32 m_tiles, u32 n_tiles, u32 group, u32 rank) {
    const u32 per_group = group * n_tiles;
    const u32 first = index / per_group * group;
    const u32 within = index % per_group;
    const u32 rows = min(group, m_tiles - first);
    return {((first + within % rows) * CL + rank) * BM, within / rows * OUT_BN};
}

__device__ __forceinline__ float silu_mul(float gate, float up) {
    return __fdividef(gate * up, 1.0f + __expf(-gate));
}

// Columns 8*j and 8*j+8 of the tile, as a warp's four 8x8 matrices in stmatrix order.
__device__ __forceinline__ void out_pair(const float (&acc)[BN / 2], u32 j, u32 (&v)[4]) {
#pragma unroll
    for (u32 i = 0; i < 4; ++i) {
        const u32 at = 4 * (j + i / 2) + 2 * (i % 2);
        if (SILU) {
            v[i] = pack_bf16(silu_mul(acc[at], acc[(at + BN / 4) % (BN / 2)]),
                             silu_mul(acc[at + 1], acc[(at + 1 + BN / 4) % (BN / 2)]));
        } else {
            v[i] = pack_bf16(acc[at], acc[at + 1]);
        }
    }
}

// Writes this warp's 16 rows of the tile.
__device__ __forceinline__ void store_tile(const float (&acc)[BN / 2], u32 staging, u8* c, u32 row0, u32 col0,
                                           u32 m, u32 n, u64 pitch) {
    const u32 lane = threadIdx.x % 32;
    const u32 matrix_row = staging + (lane % 16) * STAGING_PITCH + lane / 16 * 16;
    constexpr u32 VECTORS = CHUNK / 8, ROWS = 32 / VECTORS;
    const u32 row = lane / VECTORS, vector = lane % VECTORS;
#pragma unroll
    for (u32 chunk = 0; chunk < OUT_BN / CHUNK; ++chunk) {
        __syncwarp();
#pragma unroll
        for (u32 j = 0; j < CHUNK / 8; j += 2) {
            u32 v[4];
            out_pair(acc, chunk * (CHUNK / 8) + j, v);
            st_matrix_x4(matrix_row + j * 16, v[0], v[1], v[2], v[3]);
        }
        __syncwarp();
        const u32 col = col0 + chunk * CHUNK + vector * 8;
#pragma unroll
        for (u32 r = 0; r < 16; r += ROWS) {
            const uint4 v = lds_128(staging + (row + r) * STAGING_PITCH + vector * 16);
            if (row0 + row + r < m && col < n)
                *reinterpret_cast<uint4*>(c + u64(row0 + row + r) * pitch + col * 2) = v;
        }
    }
}

}  // namespace

// `n` counts the columns of C; B has `n` rows, or 2n for SiLU·mul. `pitch` is C's row in bytes.
// `group` is the height of a raster group in cluster rows (128 * WEFT_CLUSTER rows of A each).
extern "C" __global__ void __cluster_dims__(WEFT_CLUSTER, 1, 1) __launch_bounds__(384, 1)
weft_gemm(const __grid_constant__ TensorMap map_a, const __grid_constant__ TensorMap map_b, u8* c, u32 m, u32 n,
          u32 k, u64 pitch, u32 group, u32 op, WeftStampRing* ring, WeftError* error) {
    extern __shared__ u8 raw[];
    const u32 base = (smem_addr(raw) + 1023) & ~1023u;
    const u32 staging = base + STAGES * STAGE_BYTES;
    const u32 full = staging + STAGING_BYTES, empty = full + STAGES * 8;
    const u32 rank = CL == 1 ? 0 : cluster_rank();
    const u32 m_tiles = (m + BM * CL - 1) / (BM * CL), n_tiles = (n + OUT_BN - 1) / OUT_BN;
    const u32 tiles = m_tiles * n_tiles, k_steps = (k + BK - 1) / BK;
    const u32 walker = blockIdx.x / CL, walkers = gridDim.x / CL;
    const u32 warpgroup = threadIdx.x / 128;

    if (threadIdx.x == 0) {
        tma_prefetch_map(&map_a);
        tma_prefetch_map(&map_b);
        for (u32 s = 0; s < STAGES; ++s) {
            mbar_init(full + s * 8, 1);
            mbar_init(empty + s * 8, 2 * CL);
        }
        mbar_init_fence();
    }
    if (CL == 1) __syncthreads(); else cluster_sync();

    Patience patience;
    if (warpgroup == 0) {
        regs_shrink<40>();
        if (threadIdx.x == 0) {
            u32 stage = 0, parity = 1;
            for (u32 t = walker; t < tiles; t += walkers) {
                const Tile tile = tile_at(t, m_tiles, n_tiles, group, rank);
                const u32 b_first = tile.n, b_second = SILU ? n + tile.n : tile.n + BN / 2;
                for (u32 step = 0; step < k_steps; ++step) {
                    mbar_wait(empty + stage * 8, parity, patience);
                    const u32 bar = full + stage * 8, dst = base + stage * STAGE_BYTES;
                    mbar_expect(bar, STAGE_BYTES);
                    tma_load_2d(dst, &map_a, step * BK, tile.m, bar);
                    if (CL == 1) {
                        tma_load_2d(dst + A_BYTES, &map_b, step * BK, b_first, bar);
                        tma_load_2d(dst + A_BYTES + B_HALF, &map_b, step * BK, b_second, bar);
                    } else {
                        tma_load_2d_shared(dst + A_BYTES + rank * B_HALF, &map_b, step * BK,
                                           rank == 0 ? b_first : b_second, bar, u16((1 << CL) - 1));
                    }
                    if (++stage == STAGES) stage = 0, parity ^= 1;
                }
            }
            if (patience.lost) weft_fail(error, op, WEFT_ERR_PIPELINE, ~0u, 0);
        }
    } else {
        regs_grow<232>();
        const u32 group_row = (warpgroup - 1) * 64, warp = threadIdx.x / 32 - 4;
        const bool speaker = threadIdx.x % 128 == 0;
        float acc[BN / 2];
        u32 stage = 0, parity = 0;
        // One thread of each warpgroup hands a stage back to every block that filled it.
        const u32 lane = threadIdx.x % 128;
        auto release = [&](u32 s) {
            if (CL == 1) {
                if (lane == 0) mbar_arrive(empty + s * 8);
            } else if (lane < CL) {
                mbar_arrive_cluster(empty + s * 8, lane);
            }
        };
        for (u32 t = walker; t < tiles; t += walkers) {
            const u64 began = weft_stamp_now();
            const Tile tile = tile_at(t, m_tiles, n_tiles, group, rank);
            u32 held = 0;
            for (u32 step = 0; step < k_steps; ++step) {
                mbar_wait(full + stage * 8, parity, patience);
                const u32 at = base + stage * STAGE_BYTES;
                const u64 a = wgmma_desc_k(at + group_row * BK * 2), b = wgmma_desc_k(at + A_BYTES);
                wgmma_begin();
#pragma unroll
                for (u32 kk = 0; kk < BK / 16; ++kk) Wgmma<BN>::ss(acc, a + 2 * kk, b + 2 * kk, step | kk);
                wgmma_commit();
                if (step > 0) {
                    wgmma_wait<1>();
                    release(held);
                }
                held = stage;
                if (++stage == STAGES) stage = 0, parity ^= 1;
            }
            wgmma_wait<0>();
            wgmma_hold(acc);
            release(held);
            store_tile(acc, staging + warp * 16 * STAGING_PITCH, c, tile.m + warp * 16, tile.n, m, n, pitch);
            if (speaker && warpgroup == 1)
                weft_stamp(ring, began, weft_stamp_now(), op, t * CL + rank, WEFT_KIND_TILE, k_steps);
        }
        if (patience.lost && speaker) weft_fail(error, op, WEFT_ERR_PIPELINE, ~0u, 1);
    }
    // A block's barriers must outlive the neighbour's last arrival on them.
    if (CL != 1) {
        __syncwarp();
        cluster_sync();
    }
}
