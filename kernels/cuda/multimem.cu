// Collectives over NVLink multicast, and the fused all-reduce + residual add + RMSNorm over it. Hopper and later.
//
// The switch does the work of N: a multimem load returns the sum of all ranks' words at one offset, a multimem
// store reaches all ranks. So a rank moves its own share of the rows once in and once out, whatever the number
// of ranks, where peer-to-peer moves it N - 1 times.
//
// `multicast` is the address of the object that binds all ranks' hidden buffers, at equal offsets; own memory
// is also read and written by its ordinary address in `peers`. The switch sums in fp32 and rounds once to bf16,
// before a residual is added: one rounding more than the peer-to-peer kernel.
//
//   weft_multimem_fused_norm:     rows [first, first + rows) are this rank's token shard; grid: any, the same on
//                                 all ranks; block WEFT_THREADS. Only the owner computes a row, so ranks agree
//                                 bit for bit. Partial rows are overwritten in place.
//   weft_multimem_all_reduce, _reduce_scatter, _all_gather: as in collective.cu, vectors of eight
//                                 [first, first + count) cut evenly among the ranks; block 512.
//
// Compile-time: WEFT_HIDDEN (multiple of 8), WEFT_THREADS (multiple of 32). Barriers: peers.cuh, over the ranks'
// ordinary pads.
#include "peers.cuh"

#ifndef WEFT_HIDDEN
#define WEFT_HIDDEN 8192
#endif
#ifndef WEFT_THREADS
#define WEFT_THREADS 512
#endif

namespace {

constexpr u32 HIDDEN = WEFT_HIDDEN, THREADS = WEFT_THREADS;
constexpr u32 VECTORS = HIDDEN / 8, PER_THREAD = (VECTORS + THREADS - 1) / THREADS;
constexpr u32 PLAIN_THREADS = 512, IN_FLIGHT = 4;
static_assert(HIDDEN % 8 == 0 && THREADS % 32 == 0 && THREADS <= 1024, "shape");

__device__ __forceinline__ bool owns(u32 vector) { return VECTORS % THREADS == 0 || vector < VECTORS; }

// The sum of eight elements over all ranks.
__device__ __forceinline__ uint4 load_sum(const uint4* multicast) {
    uint4 v;
    asm volatile("multimem.ld_reduce.relaxed.sys.global.add.acc::f32.v4.bf16x2 {%0, %1, %2, %3}, [%4];"
                 : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w)
                 : "l"(multicast)
                 : "memory");
    return v;
}

// Eight elements to all ranks.
__device__ __forceinline__ void store_all(uint4* multicast, uint4 v) {
    asm volatile("multimem.st.relaxed.sys.global.v4.bf16x2 [%0], {%1, %2, %3, %4};" ::"l"(multicast), "r"(v.x),
                 "r"(v.y), "r"(v.z), "r"(v.w)
                 : "memory");
}

// The same memory has an ordinary address and a multicast one: orders accesses by the one with those by the other.
__device__ __forceinline__ void fence_aliases() { asm volatile("fence.proxy.alias;" ::: "memory"); }

// False on all threads when a peer did not come; nothing may be touched then.
__device__ __forceinline__ bool enter(const WeftPeers& peers, u32 epoch, u32 op, WeftStampRing* ring, WeftError* error) {
    const u64 began = weft_stamp_now();
    if (!block_barrier(peers, 2 * epoch + 1, op, WEFT_ERR_BARRIER_ENTRY, error)) return false;
    if (threadIdx.x == 0)
        weft_stamp(ring, began, weft_stamp_now(), op, blockIdx.x, WEFT_KIND_BARRIER_ENTRY, epoch);
    fence_aliases();
    return true;
}

// Every store of this block has reached all ranks before its signal does.
__device__ __forceinline__ void leave(const WeftPeers& peers, u32 epoch, u32 op, WeftStampRing* ring, WeftError* error) {
    const u64 began = weft_stamp_now();
    block_barrier(peers, 2 * epoch + 2, op, WEFT_ERR_BARRIER_EXIT, error);
    if (threadIdx.x == 0) {
        weft_stamp(ring, began, weft_stamp_now(), op, blockIdx.x, WEFT_KIND_BARRIER_EXIT, epoch);
        pad_of(peers, peers.rank)[WEFT_MAX_RANKS] = epoch + 1;
    }
}

template <bool REDUCE, bool GATHER>
__device__ __forceinline__ void run(const WeftPeers& peers, uint4* multicast, u64 first, u64 count, u32 op,
                                    WeftStampRing* ring, WeftError* error) {
    const u32 epoch = pad_epoch(peers);
    if (!enter(peers, epoch, op, ring, error)) return;
    const u64 began = weft_stamp_now();
    uint4* own = reinterpret_cast<uint4*>(peers.hidden[peers.rank]);
    const u64 low = first + count * peers.rank / peers.ranks, high = first + count * (peers.rank + 1) / peers.ranks;
    const u64 step = u64(gridDim.x) * PLAIN_THREADS;
    for (u64 at = low + u64(blockIdx.x) * PLAIN_THREADS + threadIdx.x; at < high; at += step * IN_FLIGHT) {
        uint4 v[IN_FLIGHT];
#pragma unroll
        for (u32 i = 0; i < IN_FLIGHT; ++i)
            if (at + i * step < high) v[i] = REDUCE ? load_sum(multicast + at + i * step) : load_once(own + at + i * step);
#pragma unroll
        for (u32 i = 0; i < IN_FLIGHT; ++i) {
            if (at + i * step >= high) continue;
            if (GATHER)
                store_all(multicast + at + i * step, v[i]);
            else
                own[at + i * step] = v[i];
        }
    }
    fence_aliases();
    __threadfence_system();
    if (threadIdx.x == 0)
        weft_stamp(ring, began, weft_stamp_now(), op, blockIdx.x, WEFT_KIND_BLOCK, u32(high - low));
    leave(peers, epoch, op, ring, error);
}

}  // namespace

// `residual` has the hidden buffer's shape; only rows [first, first + rows) of it are touched. Sums and residual
// of a row are loaded while the row before is normalised and stored: a load through the switch takes longest.
extern "C" __global__ void __launch_bounds__(THREADS, 1)
weft_multimem_fused_norm(const __grid_constant__ WeftPeers peers, uint4* multicast, uint4* residual,
                         const uint4* gamma, u32 first, u32 rows, float eps, u32 op, WeftStampRing* ring,
                         WeftError* error) {
    __shared__ float partial[2][THREADS / 32];
    const u32 lane = threadIdx.x, epoch = pad_epoch(peers);
    if (!enter(peers, epoch, op, ring, error)) return;
    const u64 began = weft_stamp_now();

    uint4 sum[PER_THREAD], held[PER_THREAD];  // of the row to come
    auto load_row = [&](u32 row) {
        const u64 at = u64(first + row) * VECTORS + lane;
#pragma unroll
        for (u32 j = 0; j < PER_THREAD; ++j) {
            if (!owns(j * THREADS + lane)) continue;
            sum[j] = load_sum(multicast + at + j * THREADS);
            held[j] = load_once(residual + at + j * THREADS);
        }
    };
    if (blockIdx.x < rows) load_row(blockIdx.x);

    u32 done = 0;
    for (u32 row = blockIdx.x; row < rows; row += gridDim.x, ++done) {
        const u64 at = u64(first + row) * VECTORS + lane;
        float square = 0.0f;
        uint4 x[PER_THREAD];
#pragma unroll
        for (u32 j = 0; j < PER_THREAD; ++j) {
            if (!owns(j * THREADS + lane)) continue;
            float acc[8];
            set_bf16(acc, sum[j]);
            add_bf16(acc, held[j]);
            square = square_sum(acc, square);
            x[j] = pack8(acc);
            residual[at + j * THREADS] = x[j];
        }
        if (gridDim.x < rows - row) load_row(row + gridDim.x);
        square = warp_sum(square);
        if (lane % 32 == 0) partial[done % 2][lane / 32] = square;
        __syncthreads();  // the row after next writes here only after the next barrier
        float total = 0.0f;
#pragma unroll
        for (u32 w = 0; w < THREADS / 32; ++w) total += partial[done % 2][w];
        const Scale scale = split_scale(rsqrtf(total * (1.0f / HIDDEN) + eps));
#pragma unroll
        for (u32 j = 0; j < PER_THREAD; ++j) {
            if (!owns(j * THREADS + lane)) continue;
            store_all(multicast + at + j * THREADS, normalise8(x[j], __ldg(gamma + j * THREADS + lane), scale));
        }
    }
    fence_aliases();
    __threadfence_system();
    if (lane == 0) weft_stamp(ring, began, weft_stamp_now(), op, first + blockIdx.x, WEFT_KIND_ROWS, done);
    leave(peers, epoch, op, ring, error);
}

extern "C" __global__ void __launch_bounds__(512, 1)
weft_multimem_all_reduce(const __grid_constant__ WeftPeers peers, uint4* multicast, u64 first, u64 count, u32 op,
                         WeftStampRing* ring, WeftError* error) {
    run<true, true>(peers, multicast, first, count, op, ring, error);
}

extern "C" __global__ void __launch_bounds__(512, 1)
weft_multimem_reduce_scatter(const __grid_constant__ WeftPeers peers, uint4* multicast, u64 first, u64 count, u32 op,
                             WeftStampRing* ring, WeftError* error) {
    run<true, false>(peers, multicast, first, count, op, ring, error);
}

extern "C" __global__ void __launch_bounds__(512, 1)
weft_multimem_all_gather(const __grid_constant__ WeftPeers peers, uint4* multicast, u64 first, u64 count, u32 op,
                         WeftStampRing* ring, WeftError* error) {
    run<false, true>(peers, multicast, first, count, op, ring, error);
}
