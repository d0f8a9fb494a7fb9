// All-reduce, reduce-scatter and all-gather of bf16 over peer memory, in place in the hidden buffers.
//
// The buffer's vectors of eight [first, first + count) are cut evenly among the ranks: rank r owns
// [first + count * r / ranks, first + count * (r + 1) / ranks).
//   weft_reduce_scatter: own part = sum of all ranks' (fp32, in rank order)
//   weft_all_gather:     every rank's buffer receives this rank's part
//   weft_all_reduce:     both in one pass, sum written to all ranks (two-shot)
// Ordinary loads and stores, IN_FLIGHT vectors a thread from each rank at a time: works on any two GPUs with
// peer access. Grid: as many blocks on every rank; block: 512 threads. Barriers: peers.cuh.
#include "peers.cuh"

#ifndef WEFT_RANKS
#define WEFT_RANKS 2
#endif

namespace {

constexpr u32 RANKS = WEFT_RANKS, THREADS = 512, IN_FLIGHT = RANKS <= 2 ? 4 : RANKS <= 4 ? 2 : 1;

__device__ __forceinline__ uint4* hidden_of(const WeftPeers& peers, u32 rank) {
    return reinterpret_cast<uint4*>(peers.hidden[rank]);
}

template <bool REDUCE, bool GATHER>
__device__ __forceinline__ void run(const WeftPeers& peers, u64 first, u64 count, u32 op, WeftStampRing* ring,
                                    WeftError* error) {
    const u32 epoch = pad_epoch(peers);
    u64 began = weft_stamp_now();
    if (!block_barrier(peers, 2 * epoch + 1, op, WEFT_ERR_BARRIER_ENTRY, error)) return;
    if (threadIdx.x == 0)
        weft_stamp(ring, began, weft_stamp_now(), op, blockIdx.x, WEFT_KIND_BARRIER_ENTRY, epoch);
    began = weft_stamp_now();

    const u64 low = first + count * peers.rank / RANKS, high = first + count * (peers.rank + 1) / RANKS;
    const u64 step = u64(gridDim.x) * THREADS;
    for (u64 at = low + u64(blockIdx.x) * THREADS + threadIdx.x; at < high; at += step * IN_FLIGHT) {
        uint4 v[RANKS][IN_FLIGHT];
#pragma unroll
        for (u32 i = 0; i < IN_FLIGHT; ++i) {
            if (at + i * step >= high) continue;
            if (REDUCE) {
#pragma unroll
                for (u32 r = 0; r < RANKS; ++r) v[r][i] = load_once(hidden_of(peers, r) + at + i * step);
            } else {
                v[0][i] = load_once(hidden_of(peers, peers.rank) + at + i * step);
            }
        }
#pragma unroll
        for (u32 i = 0; i < IN_FLIGHT; ++i) {
            if (at + i * step >= high) continue;
            if (REDUCE) {
                float acc[8];
                set_bf16(acc, v[0][i]);
#pragma unroll
                for (u32 r = 1; r < RANKS; ++r) add_bf16(acc, v[r][i]);
                v[0][i] = pack8(acc);
                hidden_of(peers, peers.rank)[at + i * step] = v[0][i];
            }
            if (GATHER) {
#pragma unroll
                for (u32 r = 1; r < RANKS; ++r) {
                    const u32 to = peers.rank + r < RANKS ? peers.rank + r : peers.rank + r - RANKS;
                    hidden_of(peers, to)[at + i * step] = v[0][i];
                }
            }
        }
    }
    __threadfence_system();
    if (threadIdx.x == 0)
        weft_stamp(ring, began, weft_stamp_now(), op, blockIdx.x, WEFT_KIND_BLOCK, u32(high - low));

    began = weft_stamp_now();
    block_barrier(peers, 2 * epoch + 2, op, WEFT_ERR_BARRIER_EXIT, error);
    if (threadIdx.x == 0) {
        weft_stamp(ring, began, weft_stamp_now(), op, blockIdx.x, WEFT_KIND_BARRIER_EXIT, epoch);
        pad_of(peers, peers.rank)[WEFT_MAX_RANKS] = epoch + 1;
    }
}

}  // namespace

extern "C" __global__ void __launch_bounds__(512, 1)
weft_all_reduce(const __grid_constant__ WeftPeers peers, u64 first, u64 count, u32 op, WeftStampRing* ring,
                WeftError* error) {
    run<true, true>(peers, first, count, op, ring, error);
}

extern "C" __global__ void __launch_bounds__(512, 1)
weft_reduce_scatter(const __grid_constant__ WeftPeers peers, u64 first, u64 count, u32 op, WeftStampRing* ring,
                    WeftError* error) {
    run<true, false>(peers, first, count, op, ring, error);
}

extern "C" __global__ void __launch_bounds__(512, 1)
weft_all_gather(const __grid_constant__ WeftPeers peers, u64 first, u64 count, u32 op, WeftStampRing* ring,
                WeftError* error) {
    run<false, true>(peers, first, count, op, ring, error);
}
