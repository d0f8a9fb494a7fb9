// What every peer-to-peer kernel shares: the ranks' buffers and a barrier between blocks of equal index.
//
// Signals are written with system-scope release stores into the waiting rank's memory and read with
// acquire loads from one's own: no read crosses the link while waiting. Counters only grow, so nothing
// has to be reset between launches and a fast rank may run one phase ahead; the count lives on the device,
// so a captured graph can be replayed. All ranks must launch the same sequence with the same grids, one at
// a time per set of pads, and all blocks of a grid must be resident together.
#pragma once
#include "bf16.cuh"

constexpr u32 WEFT_MAX_RANKS = 8;
constexpr u32 WEFT_PAD_WORDS = 32;  // one block's signals: 128 bytes

// Addresses valid on this device, by rank, own rank included.
struct alignas(16) WeftPeers {
    u64 hidden[WEFT_MAX_RANKS];  // [rows, hidden] bf16
    u64 pads[WEFT_MAX_RANKS];    // [blocks, 32] u32, zeroed once
    u32 rank;
    u32 ranks;
    u32 reserved[2];
};
static_assert(sizeof(WeftPeers) == 144, "peers layout");

__device__ __forceinline__ void store_release_system(u32* p, u32 v) {
    asm volatile("st.release.sys.global.u32 [%0], %1;" ::"l"(p), "r"(v) : "memory");
}

__device__ __forceinline__ u32 load_acquire_system(const u32* p) {
    u32 v;
    asm volatile("ld.acquire.sys.global.u32 %0, [%1];" : "=r"(v) : "l"(p) : "memory");
    return v;
}

__device__ __forceinline__ u32* pad_of(const WeftPeers& peers, u32 owner) {
    return reinterpret_cast<u32*>(peers.pads[owner]) + blockIdx.x * WEFT_PAD_WORDS;
}

// Words 0..7 of a pad are the ranks' signals, word 8 is this block's launch count.
__device__ __forceinline__ u32 pad_epoch(const WeftPeers& peers) {
    return *const_cast<volatile u32*>(pad_of(peers, peers.rank) + WEFT_MAX_RANKS);
}

// Called by all threads. Returns false on all of them when a peer did not come in time.
__device__ __forceinline__ bool block_barrier(const WeftPeers& peers, u32 value, u32 op, u32 what,
                                              WeftError* error) {
    bool came = true;
    __syncthreads();
    if (threadIdx.x < peers.ranks) {
        store_release_system(pad_of(peers, threadIdx.x) + peers.rank, value);
        const u32* mine = pad_of(peers, peers.rank) + threadIdx.x;
        const u64 began = weft_now();
        while (int(load_acquire_system(mine) - value) < 0) {
            if (weft_now() - began > WEFT_WAIT_LIMIT_NS) {
                weft_fail(error, op, what, threadIdx.x, value);
                came = false;
                break;
            }
        }
    }
    return __syncthreads_and(came);
}
