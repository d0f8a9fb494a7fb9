// All-reduce + residual add + RMSNorm in one launch, peer to peer, for Hopper.
//
// Each rank owns rows [first, first + rows) of the token range. For such a row it sums all ranks' partial
// rows (fp32, in rank order, so the sum does not depend on who owns the row), adds its residual, keeps the
// new residual (own rows only: the residual stream is token-sharded), normalises, and stores the result
// into the same row of every rank's hidden buffer. Only the owner computes a row, so ranks agree bit for
// bit. Partial rows are overwritten in place.
//
// What limits this kernel on few SMs is the latency of the chain load - reduce - store of one row, so:
// WEFT_GROUPS groups of WEFT_GROUP_THREADS threads work on rows of their own; each has a ring of
// WEFT_SLOTS row buffers filled by the bulk copy engine, ahead across rows; the residual of the next row
// is already in registers; the normalised row leaves through the buffer of the row's last part by bulk
// stores, so that slow peer stores never stand before loads in the load/store unit.
//
// Compile-time: WEFT_HIDDEN (multiple of 8), WEFT_GROUPS, WEFT_GROUP_THREADS (multiple of 32), WEFT_SLOTS
// (at least 2). Shared memory: (groups * slots + 1) * hidden * 2 + 1024 bytes.
#include "peers.cuh"

#ifndef WEFT_HIDDEN
#define WEFT_HIDDEN 8192
#endif
#ifndef WEFT_GROUPS
#define WEFT_GROUPS 4
#endif
#ifndef WEFT_GROUP_THREADS
#define WEFT_GROUP_THREADS 128
#endif
#ifndef WEFT_SLOTS
#define WEFT_SLOTS 3
#endif

namespace {

constexpr u32 HIDDEN = WEFT_HIDDEN, GROUPS = WEFT_GROUPS, GT = WEFT_GROUP_THREADS, SLOTS = WEFT_SLOTS;
constexpr u32 ROW_BYTES = HIDDEN * 2, VECTORS = HIDDEN / 8, PER_THREAD = (VECTORS + GT - 1) / GT;
static_assert(HIDDEN % 8 == 0 && SLOTS >= 2 && GT % 32 == 0 && GROUPS <= 15, "shape");

__device__ __forceinline__ bool owns(u32 vector) { return VECTORS % GT == 0 || vector < VECTORS; }

__device__ __forceinline__ void add_bf16(float (&acc)[8], uint4 v) {
    acc[0] += bf16_lo(v.x), acc[1] += bf16_hi(v.x), acc[2] += bf16_lo(v.y), acc[3] += bf16_hi(v.y);
    acc[4] += bf16_lo(v.z), acc[5] += bf16_hi(v.z), acc[6] += bf16_lo(v.w), acc[7] += bf16_hi(v.w);
}

__device__ __forceinline__ uint4 pack8(const float (&a)[8]) {
    return make_uint4(pack_bf16(a[0], a[1]), pack_bf16(a[2], a[3]), pack_bf16(a[4], a[5]),
                      pack_bf16(a[6], a[7]));
}

__device__ __forceinline__ u32 scale2(u32 x, u32 gamma, float scale) {
    return pack_bf16(bf16_lo(x) * scale * bf16_lo(gamma), bf16_hi(x) * scale * bf16_hi(gamma));
}

__device__ __forceinline__ uint4 load_once(const u8* p) {
    uint4 v;
    asm volatile("ld.global.L1::no_allocate.v4.u32 {%0, %1, %2, %3}, [%4];"
                 : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w)
                 : "l"(p));
    return v;
}

// One group's sequence of row parts: part p of its i-th row is number i * ranks + p.
struct Feed {
    u64 first;    // byte offset of the group's first row
    u64 stride;   // bytes from one of its rows to the next
    u32 parts;    // numbers in all
    u32 slots, full;
};

__device__ __forceinline__ void feed_issue(const Feed& feed, const WeftPeers& peers, u32 number) {
    if (number >= feed.parts) return;
    const u32 slot = number % SLOTS, row = number / peers.ranks, part = number % peers.ranks;
    mbar_expect(feed.full + slot * 8, ROW_BYTES);
    bulk_load(feed.slots + slot * ROW_BYTES,
              reinterpret_cast<const u8*>(peers.hidden[part]) + feed.first + row * feed.stride, ROW_BYTES,
              feed.full + slot * 8);
}

}  // namespace

// `residual` has the hidden buffer's shape; only rows [first, first + rows) of it are touched.
extern "C" __global__ void __launch_bounds__(GROUPS * GT, 1)
weft_fused_norm(const __grid_constant__ WeftPeers peers, u8* residual, const u8* gamma, u32 first, u32 rows,
                float eps, u32 op, WeftStampRing* ring, WeftError* error) {
    extern __shared__ u8 raw[];
    __shared__ float partial[GROUPS][GT / 32];
    __shared__ u64 barriers[GROUPS * SLOTS];
    const u32 base = (smem_addr(raw) + 127) & ~127u;
    const u32 gamma_at = base + GROUPS * SLOTS * ROW_BYTES;
    const u32 group = threadIdx.x / GT, lane = threadIdx.x % GT;
    const bool driver = lane == 0;
    const u32 epoch = pad_epoch(peers);

    const u32 worker = blockIdx.x * GROUPS + group, workers = gridDim.x * GROUPS;
    const u32 my_rows = worker < rows ? (rows - worker - 1) / workers + 1 : 0;
    Feed feed;
    feed.first = u64(first + worker) * ROW_BYTES;
    feed.stride = u64(workers) * ROW_BYTES;
    feed.parts = my_rows * peers.ranks;
    feed.slots = base + group * SLOTS * ROW_BYTES;
    feed.full = smem_addr(&barriers[group * SLOTS]);

    if (driver) {
        for (u32 s = 0; s < SLOTS; ++s) mbar_init(feed.full + s * 8, 1);
        mbar_init_fence();
    }
    for (u32 v = threadIdx.x; v < VECTORS; v += GROUPS * GT)
        sts_128(gamma_at + v * 16, reinterpret_cast<const uint4*>(gamma)[v]);

    u8* res = residual + feed.first;
    uint4 held[PER_THREAD];  // the residual of the row at hand, loaded one row ahead
    if (my_rows > 0) {
#pragma unroll
        for (u32 j = 0; j < PER_THREAD; ++j)
            if (owns(j * GT + lane)) held[j] = load_once(res + (j * GT + lane) * 16);
    }

    u64 began = weft_stamp_now();
    if (!block_barrier(peers, 2 * epoch + 1, op, WEFT_ERR_BARRIER_ENTRY, error)) return;
    if (threadIdx.x == 0)
        weft_stamp(ring, began, weft_stamp_now(), op, blockIdx.x, WEFT_KIND_BARRIER_ENTRY, epoch);
    began = weft_stamp_now();

    fence_async_all();  // the peers' rows were written by ordinary stores; the copy engine reads them
    if (driver)
        for (u32 q = 0; q < SLOTS; ++q) feed_issue(feed, peers, q);

    Patience patience;
    u32 number = 0, slot = 0, parity = 0;
    bool leaving = false;  // the previous row still leaves through the slot of its last part
    // After a group barrier: everything up to part `number` has been read.
    auto refill = [&](bool release_current) {
        if (leaving) {
            bulk_wait_read<0>();
            leaving = false;
            feed_issue(feed, peers, number / peers.ranks * peers.ranks - 1 + SLOTS);
        }
        if (release_current) feed_issue(feed, peers, number + SLOTS);
    };

    for (u32 i = 0; i < my_rows; ++i) {
        float acc[PER_THREAD][8];
#pragma unroll
        for (u32 j = 0; j < PER_THREAD; ++j)
#pragma unroll
            for (u32 e = 0; e < 8; ++e) acc[j][e] = 0.0f;

        u32 at = 0;
        for (u32 part = 0;; ++part) {
            mbar_wait(feed.full + slot * 8, parity, patience);
            at = feed.slots + slot * ROW_BYTES + lane * 16;
#pragma unroll
            for (u32 j = 0; j < PER_THREAD; ++j)
                if (owns(j * GT + lane)) add_bf16(acc[j], lds_128(at + j * GT * 16));
            if (++slot == SLOTS) slot = 0, parity ^= 1;
            if (part + 1 == peers.ranks) break;
            named_barrier(1 + group, GT);
            if (driver) refill(true);
            ++number;
        }

        float square = 0.0f;
        uint4 x[PER_THREAD];
#pragma unroll
        for (u32 j = 0; j < PER_THREAD; ++j) {
            if (!owns(j * GT + lane)) continue;
            add_bf16(acc[j], held[j]);
            x[j] = pack8(acc[j]);
            *reinterpret_cast<uint4*>(res + (j * GT + lane) * 16) = x[j];
            const u32 w[4] = {x[j].x, x[j].y, x[j].z, x[j].w};
#pragma unroll
            for (u32 e = 0; e < 4; ++e) square += bf16_lo(w[e]) * bf16_lo(w[e]) + bf16_hi(w[e]) * bf16_hi(w[e]);
        }
        res += feed.stride;
        if (i + 1 < my_rows) {
#pragma unroll
            for (u32 j = 0; j < PER_THREAD; ++j)
                if (owns(j * GT + lane)) held[j] = load_once(res + (j * GT + lane) * 16);
        }
#pragma unroll
        for (u32 d = 16; d > 0; d /= 2) square += __shfl_xor_sync(~0u, square, d);
        if (lane % 32 == 0) partial[group][lane / 32] = square;
        named_barrier(1 + group, GT);
        if (driver && peers.ranks == 1) refill(false);
        float total = 0.0f;
#pragma unroll
        for (u32 w = 0; w < GT / 32; ++w) total += partial[group][w];
        const float scale = rsqrtf(total * (1.0f / HIDDEN) + eps);
#pragma unroll
        for (u32 j = 0; j < PER_THREAD; ++j) {
            if (!owns(j * GT + lane)) continue;
            const uint4 g = lds_128(gamma_at + (j * GT + lane) * 16);
            sts_128(at + j * GT * 16, make_uint4(scale2(x[j].x, g.x, scale), scale2(x[j].y, g.y, scale),
                                                 scale2(x[j].z, g.z, scale), scale2(x[j].w, g.w, scale)));
        }
        fence_async_shared();
        named_barrier(1 + group, GT);
        if (driver) {
            const u64 row = feed.first + i * feed.stride;
            for (u32 r = 0, to = peers.rank; r < peers.ranks; ++r) {
                if (++to == peers.ranks) to = 0;  // peers first, own memory last
                bulk_store(reinterpret_cast<u8*>(peers.hidden[to]) + row, at, ROW_BYTES);
            }
            bulk_commit();
            leaving = true;
        }
        ++number;
    }
    if (driver) {
        bulk_wait_done();
        if (patience.lost) weft_fail(error, op, WEFT_ERR_PIPELINE, ~0u, number);
    }
    __threadfence_system();
    if (driver) weft_stamp(ring, began, weft_stamp_now(), op, first + worker, WEFT_KIND_ROWS, my_rows);

    began = weft_stamp_now();
    block_barrier(peers, 2 * epoch + 2, op, WEFT_ERR_BARRIER_EXIT, error);
    if (threadIdx.x == 0) {
        weft_stamp(ring, began, weft_stamp_now(), op, blockIdx.x, WEFT_KIND_BARRIER_EXIT, epoch);
        pad_of(peers, peers.rank)[WEFT_MAX_RANKS] = epoch + 1;
    }
}
