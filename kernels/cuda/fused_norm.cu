// All-reduce + residual add + RMSNorm in one launch, peer to peer, by ordinary loads and stores: the portable
// twin of the Hopper kernel, for sm_80 and later. Same arguments, same order of sums, so the same bits.
//
// Each rank owns rows [first, first + rows) of the token range. For such a row it sums all ranks' partial rows
// in fp32 (its own first, then rank + 1 and on), adds its residual, keeps the new residual, normalises, and
// stores the result into the same row of every rank's hidden buffer.
//
// WEFT_GROUPS groups of WEFT_GROUP_THREADS threads work on rows of their own: while one waits for its loads,
// which all start together, another computes or stores. Registers bound the groups: a thread holds
// WEFT_RANKS + 1 vectors for each of its columns, so two groups of 512 for up to two ranks, else one.
//
// Compile-time: WEFT_RANKS (1 to 8), WEFT_HIDDEN (multiple of 8), WEFT_GROUPS, WEFT_GROUP_THREADS (multiple of
// 32). Block: groups * group threads. No dynamic shared memory. Barriers: peers.cuh.
#include "peers.cuh"

#ifndef WEFT_RANKS
#define WEFT_RANKS 2
#endif
#ifndef WEFT_HIDDEN
#define WEFT_HIDDEN 8192
#endif
#ifndef WEFT_GROUPS
#define WEFT_GROUPS 2
#endif
#ifndef WEFT_GROUP_THREADS
#define WEFT_GROUP_THREADS 512
#endif

namespace {

constexpr u32 RANKS = WEFT_RANKS, GROUPS = WEFT_GROUPS, GT = WEFT_GROUP_THREADS;
constexpr u32 VECTORS = WEFT_HIDDEN / 8, PER_THREAD = (VECTORS + GT - 1) / GT;
static_assert(WEFT_HIDDEN % 8 == 0 && GT % 32 == 0 && GROUPS <= 15 && GROUPS * GT <= 1024, "shape");

__device__ __forceinline__ bool owns(u32 vector) { return VECTORS % GT == 0 || vector < VECTORS; }

// All threads of one group.
__device__ __forceinline__ void group_barrier(u32 group) {
    asm volatile("bar.sync %0, %1;" ::"r"(1 + group), "r"(GT) : "memory");
}

}  // namespace

// `residual` has the hidden buffer's shape; only rows [first, first + rows) of it are touched. `slots` means
// something to the Hopper kernel only.
extern "C" __global__ void __launch_bounds__(GROUPS * GT, 1)
weft_fused_norm(const __grid_constant__ WeftPeers peers, uint4* residual, const uint4* gamma, u32 first, u32 rows,
                u32 slots, float eps, u32 op, WeftStampRing* ring, WeftError* error) {
    __shared__ float partial[2][GROUPS][GT / 32];
    const u32 group = threadIdx.x / GT, lane = threadIdx.x % GT;
    const u32 epoch = pad_epoch(peers);

    u64 began = weft_stamp_now();
    if (!block_barrier(peers, 2 * epoch + 1, op, WEFT_ERR_BARRIER_ENTRY, error)) return;
    if (threadIdx.x == 0)
        weft_stamp(ring, began, weft_stamp_now(), op, blockIdx.x, WEFT_KIND_BARRIER_ENTRY, epoch);
    began = weft_stamp_now();

    uint4* to[RANKS];  // own buffer first, then rank + 1 and on
#pragma unroll
    for (u32 r = 0; r < RANKS; ++r) {
        const u32 rank = peers.rank + r < RANKS ? peers.rank + r : peers.rank + r - RANKS;
        to[r] = reinterpret_cast<uint4*>(peers.hidden[rank]);
    }
    const u32 worker = blockIdx.x * GROUPS + group, workers = gridDim.x * GROUPS;
    u32 done = 0;
    for (u32 row = worker; row < rows; row += workers, ++done) {
        const u64 at = u64(first + row) * VECTORS + lane;
        uint4 part[PER_THREAD][RANKS], held[PER_THREAD];
#pragma unroll
        for (u32 j = 0; j < PER_THREAD; ++j) {
            if (!owns(j * GT + lane)) continue;
#pragma unroll
            for (u32 r = RANKS; r-- > 0;) part[j][r] = load_once(to[r] + at + j * GT);  // the farthest first
            held[j] = load_once(residual + at + j * GT);
        }
        float square = 0.0f;
#pragma unroll
        for (u32 j = 0; j < PER_THREAD; ++j) {
            if (!owns(j * GT + lane)) continue;
            float acc[8];
            set_bf16(acc, part[j][0]);
#pragma unroll
            for (u32 r = 1; r < RANKS; ++r) add_bf16(acc, part[j][r]);
            add_bf16(acc, held[j]);
            square = square_sum(acc, square);
            held[j] = pack8(acc);
            residual[at + j * GT] = held[j];
        }
        square = warp_sum(square);
        if (lane % 32 == 0) partial[done % 2][group][lane / 32] = square;
        group_barrier(group);  // the row after next writes here only after the next barrier
        float total = 0.0f;
#pragma unroll
        for (u32 w = 0; w < GT / 32; ++w) total += partial[done % 2][group][w];
        const Scale scale = split_scale(rsqrtf(total * (1.0f / WEFT_HIDDEN) + eps));
#pragma unroll
        for (u32 j = 0; j < PER_THREAD; ++j) {
            if (!owns(j * GT + lane)) continue;
            const uint4 y = normalise8(held[j], __ldg(gamma + j * GT + lane), scale);
#pragma unroll
            for (u32 r = 1; r <= RANKS; ++r) to[r % RANKS][at + j * GT] = y;  // peers first, own memory last
        }
    }
    __threadfence_system();
    if (lane == 0) weft_stamp(ring, began, weft_stamp_now(), op, first + worker, WEFT_KIND_ROWS, done);

    began = weft_stamp_now();
    block_barrier(peers, 2 * epoch + 2, op, WEFT_ERR_BARRIER_EXIT, error);
    if (threadIdx.x == 0) {
        weft_stamp(ring, began, weft_stamp_now(), op, blockIdx.x, WEFT_KIND_BARRIER_EXIT, epoch);
        pad_of(peers, peers.rank)[WEFT_MAX_RANKS] = epoch + 1;
    }
}
