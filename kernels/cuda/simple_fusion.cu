// The simple fusion of all-reduce, residual add and RMSNorm, peer to peer: a comparator for the fused kernel.
//
// Reduce-scatter, norm and all-gather stand one after the other in one launch and share its grid; each
// collective keeps its own pair of barriers, and what passes between them goes through memory. It saves the
// launches and norms each row once instead of on every rank; it cannot load one row while another is stored,
// and reads and writes each row of its shard three times. Same arguments as weft_fused_norm (`slots` means nothing
// here), so either can stand in the other's place. The sum over the ranks is rounded to bf16 before the residual
// is added.
//
// For sm_80 and later. Compile-time: WEFT_RANKS (1 to 8), WEFT_HIDDEN (multiple of 8). Block: 512 threads; the same
// grid on all ranks. Barriers: peers.cuh; a launch counts as two.
#include "peers.cuh"

#ifndef WEFT_RANKS
#define WEFT_RANKS 2
#endif
#ifndef WEFT_HIDDEN
#define WEFT_HIDDEN 8192
#endif

namespace {

constexpr u32 RANKS = WEFT_RANKS, THREADS = 512;
constexpr u32 VECTORS = WEFT_HIDDEN / 8, PER_THREAD = (VECTORS + THREADS - 1) / THREADS;
static_assert(WEFT_HIDDEN % 8 == 0, "whole vectors");

__device__ __forceinline__ bool owns(u32 vector) { return VECTORS % THREADS == 0 || vector < VECTORS; }

__device__ __forceinline__ uint4* hidden_of(const WeftPeers& peers, u32 rank) {
    return reinterpret_cast<uint4*>(peers.hidden[rank]);
}

// This rank's token rows; a block has rows blockIdx, blockIdx + grid and so on of them in every phase, so no block
// waits for another of its own rank.
struct Shard {
    u32 first, rows;
};

// Own rows = sum of all ranks' in fp32, in rank order.
__device__ __forceinline__ void reduce_scatter(const WeftPeers& peers, Shard shard) {
    for (u32 row = blockIdx.x; row < shard.rows; row += gridDim.x) {
        const u64 at = u64(shard.first + row) * VECTORS;
        for (u32 v = threadIdx.x; v < VECTORS; v += THREADS) {
            uint4 part[RANKS];
#pragma unroll
            for (u32 r = 0; r < RANKS; ++r) part[r] = load_once(hidden_of(peers, r) + at + v);
            float acc[8];
            set_bf16(acc, part[0]);
#pragma unroll
            for (u32 r = 1; r < RANKS; ++r) add_bf16(acc, part[r]);
            hidden_of(peers, peers.rank)[at + v] = pack8(acc);
        }
    }
}

// residual += x; x = residual / rms(residual) * gamma
__device__ __forceinline__ void norm(uint4* x, uint4* residual, const uint4* gamma, Shard shard, float eps) {
    __shared__ float partial[2][THREADS / 32];
    u32 turn = 0;
    for (u32 row = blockIdx.x; row < shard.rows; row += gridDim.x, turn ^= 1) {
        const u64 at = u64(shard.first + row) * VECTORS + threadIdx.x;
        uint4 sum[PER_THREAD];
        float square = 0.0f;
#pragma unroll
        for (u32 j = 0; j < PER_THREAD; ++j) {
            if (!owns(j * THREADS + threadIdx.x)) continue;
            float acc[8];
            set_bf16(acc, x[at + j * THREADS]);
            add_bf16(acc, load_once(residual + at + j * THREADS));
            square = square_sum(acc, square);
            sum[j] = pack8(acc);
            residual[at + j * THREADS] = sum[j];
        }
        square = warp_sum(square);
        if (threadIdx.x % 32 == 0) partial[turn][threadIdx.x / 32] = square;
        __syncthreads();  // the row after next writes here only after the next barrier
        float total = 0.0f;
#pragma unroll
        for (u32 w = 0; w < THREADS / 32; ++w) total += partial[turn][w];
        const Scale scale = split_scale(rsqrtf(total * (1.0f / WEFT_HIDDEN) + eps));
#pragma unroll
        for (u32 j = 0; j < PER_THREAD; ++j)
            if (owns(j * THREADS + threadIdx.x))
                x[at + j * THREADS] = normalise8(sum[j], __ldg(gamma + j * THREADS + threadIdx.x), scale);
    }
}

// Own rows to every other rank.
__device__ __forceinline__ void all_gather(const WeftPeers& peers, Shard shard) {
    for (u32 row = blockIdx.x; row < shard.rows; row += gridDim.x) {
        const u64 at = u64(shard.first + row) * VECTORS;
        for (u32 v = threadIdx.x; v < VECTORS; v += THREADS) {
            const uint4 y = hidden_of(peers, peers.rank)[at + v];
#pragma unroll
            for (u32 r = 1; r < RANKS; ++r) {
                const u32 to = peers.rank + r < RANKS ? peers.rank + r : peers.rank + r - RANKS;
                hidden_of(peers, to)[at + v] = y;
            }
        }
    }
}

}  // namespace

// `residual` has the hidden buffer's shape; only rows [first, first + rows) of it are touched.
extern "C" __global__ void __launch_bounds__(512, 1)
weft_simple_fusion(const __grid_constant__ WeftPeers peers, uint4* residual, const uint4* gamma, u32 first, u32 rows,
                   u32 slots, float eps, u32 op, WeftStampRing* ring, WeftError* error) {
    const Shard shard = {first, rows};
    const u32 epoch = pad_epoch(peers);
    auto meet = [&](u32 which, bool entry) {  // `which` counts the barriers from 0
        __threadfence_system();
        const u64 began = weft_stamp_now();
        const bool came = block_barrier(peers, 2 * epoch + 1 + which, op,
                                        entry ? WEFT_ERR_BARRIER_ENTRY : WEFT_ERR_BARRIER_EXIT, error);
        if (came && threadIdx.x == 0)
            weft_stamp(ring, began, weft_stamp_now(), op, blockIdx.x,
                       entry ? WEFT_KIND_BARRIER_ENTRY : WEFT_KIND_BARRIER_EXIT, epoch + which / 2);
        return came;
    };
    auto stamp_rows = [&](u64 began) {
        __syncthreads();
        if (threadIdx.x == 0) weft_stamp(ring, began, weft_stamp_now(), op, first + blockIdx.x, WEFT_KIND_ROWS, rows);
    };

    if (!meet(0, true)) return;
    u64 began = weft_stamp_now();
    reduce_scatter(peers, shard);
    stamp_rows(began);
    if (!meet(1, false)) return;

    began = weft_stamp_now();
    norm(hidden_of(peers, peers.rank), residual, gamma, shard, eps);
    stamp_rows(began);
    if (!meet(2, true)) return;

    began = weft_stamp_now();
    all_gather(peers, shard);
    stamp_rows(began);
    meet(3, false);
    if (threadIdx.x == 0) pad_of(peers, peers.rank)[WEFT_MAX_RANKS] = epoch + 2;
}
