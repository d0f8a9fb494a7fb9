// All-reduce + residual add + RMSNorm in one launch, peer to peer, for Hopper.
//
// Each rank owns rows [first, first + rows) of the token range. For such a row it sums all ranks' partial
// rows in fp32, adds its residual, keeps the new residual (own rows only: the residual stream is
// token-sharded), normalises, and stores the result into the same row of every rank's hidden buffer. Only
// the owner computes a row, so ranks agree bit for bit. Partial rows are overwritten in place.
//
// What limits this kernel on few SMs is the latency of the chain load - reduce - store of one row, then the
// number of instructions issued per row. So:
// - WEFT_GROUPS groups of WEFT_GROUP_THREADS threads work on rows of their own and fill each other's gaps;
// - peers' rows, the slowest to come, are fetched ahead across rows into a ring of WEFT_SLOTS row buffers
//   of each group by the bulk copy engine; own row and residual go straight to registers;
// - the normalised row leaves through the buffer of the row's last part, the residual through a buffer of
//   its own, by bulk stores: stores never stand before loads in the load/store unit;
// - the scaling is done on packed pairs.
//
// Two settings trade against each other on the link: loads in flight beyond what it holds (about 1 MiB in
// all) delay the stores that share it. With up to 12 blocks, or beside other kernels, use WEFT_AHEAD = 1
// (own row and residual are loaded a row ahead) and three slots; isolated on 16 blocks or more, 0 and two.
//
// WEFT_PAIRS = 1 launches blocks in clusters of two (the grid must be even), only so that they fill both SMs
// of a TPC: single blocks take one SM each of many, and a GEMM in clusters of two beside them
// then finds too few whole pairs and runs a last wave of stragglers.
//
// Compile-time: WEFT_PAIRS, WEFT_AHEAD, WEFT_RANKS (1 to 8), WEFT_HIDDEN (multiple of 8), WEFT_GROUPS, WEFT_GROUP_THREADS
// (multiple of 32), WEFT_SLOTS (at least WEFT_RANKS and 2; the surplus over WEFT_RANKS - 1 is how far loads
// run ahead). Shared memory: (groups * (slots + 1) + 1) * hidden * 2 + 1024 bytes.
#include "peers.cuh"
#include "sm90.cuh"

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
#define WEFT_GROUP_THREADS 256
#endif
#ifndef WEFT_SLOTS
#define WEFT_SLOTS 3
#endif
#ifndef WEFT_AHEAD
#define WEFT_AHEAD 1
#endif
#ifndef WEFT_PAIRS
#define WEFT_PAIRS 1
#endif

namespace {

constexpr u32 HIDDEN = WEFT_HIDDEN, GROUPS = WEFT_GROUPS, GT = WEFT_GROUP_THREADS, SLOTS = WEFT_SLOTS;
constexpr u32 RANKS = WEFT_RANKS;
constexpr bool AHEAD = WEFT_AHEAD;
constexpr u32 ROW_BYTES = HIDDEN * 2, VECTORS = HIDDEN / 8, PER_THREAD = (VECTORS + GT - 1) / GT;
static_assert(HIDDEN % 8 == 0 && SLOTS >= RANKS && SLOTS >= 2 && GT % 32 == 0 && GROUPS <= 15, "shape");
static_assert((GROUPS * (SLOTS + 1) + 1) * ROW_BYTES + 2048 <= 232448, "shared memory of one SM");

__device__ __forceinline__ bool owns(u32 vector) { return VECTORS % GT == 0 || vector < VECTORS; }

// Parts of a row that come over the link. A single rank stages its result in a buffer all the same.
constexpr u32 PARTS = RANKS - 1, RING = PARTS == 0 ? 1 : PARTS;

// A group's loads of peers' rows, in the order in which they will be read. Only its driver advances it.
struct Feed {
    u64 offset;  // of the row that comes next, in every hidden buffer
    u64 stride;  // bytes from one of the group's rows to the next
    u32 left;    // loads to come
    u32 part;
    u32 slot, slots;
    u32 buffers, full;
};

__device__ __forceinline__ void feed_next(Feed& feed, const WeftPeers& peers) {
    if (feed.left == 0) return;
    --feed.left;
    const u32 bar = feed.full + feed.slot * 8;
    if (PARTS == 0) {
        mbar_arrive(bar);
    } else {
        u32 from = peers.rank + 1 + feed.part;
        if (from >= RANKS) from -= RANKS;
        mbar_expect(bar, ROW_BYTES);
        bulk_load(feed.buffers + feed.slot * ROW_BYTES, reinterpret_cast<const u8*>(peers.hidden[from]) + feed.offset,
                  ROW_BYTES, bar);
    }
    if (++feed.slot == feed.slots) feed.slot = 0;
    if (++feed.part == RING) feed.part = 0, feed.offset += feed.stride;
}

}  // namespace

// `residual` has the hidden buffer's shape; only rows [first, first + rows) of it are touched. `slots`, from
// WEFT_RANKS (at least 2) to WEFT_SLOTS, is how many of a group's row buffers to use.
#if WEFT_PAIRS
extern "C" __global__ void __cluster_dims__(2, 1, 1) __launch_bounds__(GROUPS * GT, 1)
#else
extern "C" __global__ void __launch_bounds__(GROUPS * GT, 1)
#endif
weft_fused_norm(const __grid_constant__ WeftPeers peers, u8* residual, const u8* gamma, u32 first, u32 rows,
                u32 slots, float eps, u32 op, WeftStampRing* ring, WeftError* error) {
    extern __shared__ u8 raw[];
    __shared__ float partial[GROUPS][GT / 32];
    __shared__ u64 barriers[GROUPS * SLOTS];
    const u32 base = (smem_addr(raw) + 127) & ~127u;
    const u32 gamma_at = base + GROUPS * (SLOTS + 1) * ROW_BYTES;
    const u32 group = threadIdx.x / GT, lane = threadIdx.x % GT;
    const bool driver = lane == 0;
    const u32 epoch = pad_epoch(peers);

    const u32 worker = blockIdx.x * GROUPS + group, workers = gridDim.x * GROUPS;
    const u32 my_rows = worker < rows ? (rows - worker - 1) / workers + 1 : 0;
    const u64 stride = u64(workers) * ROW_BYTES;
    u64 row = u64(first + worker) * ROW_BYTES;
    const u32 buffers = base + group * (SLOTS + 1) * ROW_BYTES, full = smem_addr(&barriers[group * SLOTS]);
    const u32 leaving = buffers + SLOTS * ROW_BYTES + lane * 16;  // the new residual on its way out
    Feed feed = {row, stride, my_rows * RING, 0, 0, slots, buffers, full};

    if (driver) {
        for (u32 s = 0; s < SLOTS; ++s) mbar_init(full + s * 8, 1);
        mbar_init_fence();
    }
    for (u32 v = threadIdx.x; v < VECTORS; v += GROUPS * GT)
        sts_128(gamma_at + v * 16, reinterpret_cast<const uint4*>(gamma)[v]);

    u8* own = reinterpret_cast<u8*>(peers.hidden[peers.rank]) + row + lane * 16;
    u8* res = residual + row + lane * 16;
    uint4 mine[PER_THREAD], held[PER_THREAD];  // own partial row and residual of the row to come
    auto load_row = [&] {
#pragma unroll
        for (u32 j = 0; j < PER_THREAD; ++j) {
            if (!owns(j * GT + lane)) continue;
            mine[j] = load_once(own + j * GT * 16);
            held[j] = load_once(res + j * GT * 16);
        }
        own += stride;
        res += stride;
    };
    if (my_rows > 0) load_row();

    u64 began = weft_stamp_now();
    if (!block_barrier(peers, 2 * epoch + 1, op, WEFT_ERR_BARRIER_ENTRY, error)) return;
    if (threadIdx.x == 0)
        weft_stamp(ring, began, weft_stamp_now(), op, blockIdx.x, WEFT_KIND_BARRIER_ENTRY, epoch);
    began = weft_stamp_now();

    fence_async_all();  // the peers' rows were written by ordinary stores; the copy engine reads them
    if (driver)
        for (u32 s = 0; s < slots; ++s) feed_next(feed, peers);

    Patience patience;
    u32 slot = 0, parity = 0;
    for (u32 i = 0; i < my_rows; ++i) {
        u32 at[RING];
#pragma unroll
        for (u32 part = 0; part < RING; ++part) {
            mbar_wait(full + slot * 8, parity, patience);
            at[part] = buffers + slot * ROW_BYTES + lane * 16;
            if (++slot == slots) slot = 0, parity ^= 1;
        }
        float square = 0.0f;
        uint4 x[PER_THREAD];
#pragma unroll
        for (u32 j = 0; j < PER_THREAD; ++j) {
            if (!owns(j * GT + lane)) continue;
            float acc[8];
            set_bf16(acc, mine[j]);
#pragma unroll
            for (u32 part = 0; part < RING; ++part)
                if (PARTS != 0) add_bf16(acc, lds_128(at[part] + j * GT * 16));
            add_bf16(acc, held[j]);
            square = square_sum(acc, square);
            x[j] = pack8(acc);
        }
        if (AHEAD && i + 1 < my_rows) load_row();
        square = warp_sum(square);
        if (lane % 32 == 0) partial[group][lane / 32] = square;
        if (driver) bulk_wait_read<0>();  // the row before has left its buffers
        named_barrier(1 + group, GT);
        if (driver) {
            // All of this row is read. Its last slot carries the result out; the others, and the last slot
            // of the row before, take the parts next in line.
            if (i > 0) feed_next(feed, peers);
            for (u32 part = RING; part > 1; --part) feed_next(feed, peers);
        }
        float total = 0.0f;
#pragma unroll
        for (u32 w = 0; w < GT / 32; ++w) total += partial[group][w];
        const Scale scale = split_scale(rsqrtf(total * (1.0f / HIDDEN) + eps));
#pragma unroll
        for (u32 j = 0; j < PER_THREAD; ++j) {
            if (!owns(j * GT + lane)) continue;
            const uint4 g = lds_128(gamma_at + (j * GT + lane) * 16);
            sts_128(at[RING - 1] + j * GT * 16, normalise8(x[j], g, scale));
            sts_128(leaving + j * GT * 16, x[j]);
        }
        fence_async_shared();
        named_barrier(1 + group, GT);
        if (driver) {
            for (u32 r = 0, to = peers.rank; r < RANKS; ++r) {
                if (++to == RANKS) to = 0;  // peers first, own memory last
                bulk_store(reinterpret_cast<u8*>(peers.hidden[to]) + row, at[RING - 1], ROW_BYTES);
            }
            bulk_store(residual + row, leaving, ROW_BYTES);
            bulk_commit();
        }
        row += stride;
        if (!AHEAD && i + 1 < my_rows) load_row();
    }
    if (driver) {
        bulk_wait_done();
        if (patience.lost) weft_fail(error, op, WEFT_ERR_PIPELINE, ~0u, my_rows);
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
