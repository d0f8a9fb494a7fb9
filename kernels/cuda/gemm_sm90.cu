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
//   WEFT_F32_OUT   C is fp32: scores that are compared with one another
//   WEFT_GATHERED  WEFT_GROUPED, and rows of A lie anywhere: C's row i is of A's row `rows[i]`
//   WEFT_GROUPED   as many matrices as `groups` says (experts), see group_table.cuh. Their heights are uneven: of the
//                  last 128 rows or fewer of one, each block of a cluster takes 64, which is little more than
//                  half the time of 128. Since tiles take different times, a cluster takes the next that nobody has
//                  taken (`taken`, zero before the launch) instead of every so manieth, where tiles are long
// The tensor maps: A box {64, 128} (64 rows where grouped, none where gathered), B box {64, WEFT_BN/2}, both bf16, 128-byte swizzle,
// zero fill.
// Requires K > 0 and N (of C) a multiple of 8; M is free, K may end inside a step (zero filled).
#include "group_table.cuh"
#include "mma.cuh"
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
#ifdef WEFT_GROUPED
constexpr bool GROUPED = true;
#else
constexpr bool GROUPED = false;
#endif
#ifdef WEFT_GATHERED
constexpr bool GATHERED = true;
#else
constexpr bool GATHERED = false;
#endif
#ifdef WEFT_F32_OUT
constexpr bool F32_OUT = true;
#else
constexpr bool F32_OUT = false;
#endif
static_assert(!GROUPED || CL == 2, "two blocks share out the last rows of a matrix");
static_assert(!GATHERED || GROUPED, "rows are gathered for experts");
static_assert(!F32_OUT || !SILU, "scores are written as they are");
// Threads that gather, and rows that they copy from at a time.
constexpr u32 GATHERERS = GATHERED ? 128 : 0, GATHERED_ROWS = GATHERERS / 8;
constexpr u32 OUT_BN = SILU ? BN / 2 : BN;

// The epilogue moves CHUNK columns at a time through 16 rows of shared memory that belong to one warp.
constexpr u32 CHUNK = OUT_BN % 64 == 0 ? 64 : OUT_BN % 32 == 0 ? 32 : 16;
constexpr u32 STAGING_PITCH = CHUNK * 2 + 16;  // the 16 keep the eight rows of a matrix in separate banks
constexpr u32 STAGING_BYTES = 8 * 16 * STAGING_PITCH;
constexpr u32 BARRIER_BYTES = 256, DEAL_BYTES = GROUPED ? 32 : 0;
constexpr u32 TABLE_BYTES = GROUPED ? GROUP_TABLE_BYTES : 0;
constexpr u32 STAGES = (232448 - 1024 - BARRIER_BYTES - STAGING_BYTES - TABLE_BYTES) / STAGE_BYTES;
static_assert(STAGES >= 3 && STAGES * 16 + DEAL_BYTES <= BARRIER_BYTES, "pipeline depth");

struct Tile {
    u32 m, n;  // first row of A, first output column
    u32 end;   // the row of A where its matrix ends
    u32 b;     // first row of B of its matrix
};

// Tiles run down `group` cluster rows before they move right, so that the tiles in flight at one time
// share both operands in L2.
__device__ __forceinline__ Tile tile_at(u32 index, u32 m_tiles, u32 n_tiles, u32 group) {
    const u32 per_group = group * n_tiles;
    const u32 first = index / per_group * group;
    const u32 within = index % per_group;
    const u32 rows = min(group, m_tiles - first);
    return {first + within % rows, within / rows, 0, 0};
}

// The tiles of one block.
struct Tiles {
    u32 m, n, group, rank, index;
    bool turns;  // columns begin with one row of tiles after the other
    u32 across, down;
#ifdef WEFT_GROUPED
    GroupTable table;
#endif

    __device__ __forceinline__ Tiles(u32 m, u32 n, u32 group, u32 rank, u32 groups, bool turns, u32 table_at)
        : m(m), n(n), group(group), rank(rank), index(blockIdx.x / CL), turns(turns),
          across((n + OUT_BN - 1) / OUT_BN), down((m + BM * CL - 1) / (BM * CL))
#ifdef WEFT_GROUPED
          ,
          table(table_at, groups, BM * CL)
#endif
    {
    }

    // The tile of `index`, which never goes back; false behind the last.
    __device__ __forceinline__ bool here(Tile& tile) {
#ifdef WEFT_GROUPED
        if (!table.seek(index)) return false;
        tile = tile_at(index - table.before, table.height(), across, group);
        // Where tiles are not dealt out, some blocks would have the last rows of experts always, and others never.
        const u32 height = table.height();
        if (turns && height > 1 && gridDim.x / CL % height == 0) tile.m = (tile.m + tile.n) % height;
        const u32 first = table.begin + tile.m * BM * CL, each = table.end - first > BM ? BM : BM / 2;
        tile.m = first + rank * each;
        tile.end = min(table.end, tile.m + each);
        tile.b = table.group * (SILU ? 2 * n : n);
#else
        if (index >= down * across) return false;
        tile = tile_at(index, down, across, group);
        tile.m = (tile.m * CL + rank) * BM;
        tile.end = m;
#endif
        tile.n *= OUT_BN;
        return true;
    }

    // What the stamp of the tile says.
    __device__ __forceinline__ u32 item() const { return index * CL + rank; }
};

// Tiles of so many steps or more are dealt out as clusters are ready for them: shorter ones are over before the next is agreed on. It is
// asked for ASKS steps before the last, so that no other cluster is ready for it.
constexpr u32 DEALT_STEPS = 16, ASKS = 6, TELLS = 3;

// How a cluster agrees on its next tile. Block 0 takes it and writes it to both blocks, into one of two slots in turn; all warps that fill
// stages or multiply read it. A thread with nothing else to do waits for memory; where all fill stages there is none, and the first tells
// TELLS steps before the last what it asked for.
//
// Nobody says when he is done with a slot: whoever is about to write it has filled all but ASKS steps of a tile, hence both blocks, which
// hand back every stage, are not more than STAGES steps behind; and that tile's number lay in the other slot. A store that arrives on the
// barrier by itself needs no fence: those wait for all copies under way.
struct Deal {
    u32 full, asked, slots, turn = 0;

    __device__ __forceinline__ explicit Deal(u32 at) : full(at), asked(at + 16), slots(at + 24) {}

    __device__ __forceinline__ void init() const {
        for (u32 s = 0; s < 2; ++s) mbar_init(full + s * 8, 1);
        mbar_init(asked, 1);
    }

    // Thread 0 of either block: a number will come. It may be there already.
    __device__ __forceinline__ void expect() const { mbar_expect(full + turn % 2 * 8, 4); }

    __device__ __forceinline__ void ask() const { mbar_arrive(asked); }

    // How many tiles have been taken beyond the first of each cluster, and takes one more. No atomicAdd: compilers add up those of a warp,
    // and wait for the sum on the spot.
    __device__ __forceinline__ static u32 draw(u32* taken) {
        u32 before;
        asm volatile("atom.relaxed.gpu.global.inc.u32 %0, [%1], 0x7fffffff;" : "=r"(before) : "l"(taken) : "memory");
        return before;
    }

    // The tile that is asked for next, to both blocks.
    __device__ __forceinline__ u32 give(u32* taken, u32 clusters, Patience& patience) {
        mbar_wait(asked, turn & 1, patience);
        const u32 index = clusters + draw(taken);
        tell(index);
        ++turn;
        return patience.lost ? ~0u : index;
    }

    __device__ __forceinline__ void tell(u32 index) const {
        const u32 s = turn % 2;
        for (u32 block = 0; block < CL; ++block) st_async_cluster(slots + s * 4, index, full + s * 8, block);
    }

    __device__ __forceinline__ u32 take(Patience& patience) {
        const u32 s = turn % 2;
        mbar_wait(full + s * 8, turn / 2 & 1, patience);
        ++turn;
        return patience.lost ? ~0u : lds_32(slots + s * 4);
    }
};
static_assert(ASKS + STAGES < DEALT_STEPS, "a block reads the number of the tile before last while the next is written");

// The rows of a tile that lie anywhere in A: `rows` says where. The warpgroup that fills stages copies them, 16 bytes a thread at a time,
// eight threads a row, and lays them down as the copy engine would (128-byte swizzle). What it may issue is the limit: a copy is two
// instructions.
struct Gather {
    static constexpr u32 EACH = GATHERED ? BM / GATHERED_ROWS : 1;
    const u8* a;
    u32 at;                // of the thread's first 16 bytes in a stage
    u32 sixteenths[EACH];  // where its rows begin in A, in units of 16 bytes

    __device__ __forceinline__ explicit Gather(const u8* a) : a(a + threadIdx.x % 8 * 16) {
        const u32 row = threadIdx.x / 8, vector = threadIdx.x % 8;
        at = row * BK * 2 + (vector ^ row % 8) * 16;
    }

    // Rows behind the end of a matrix are its last one once more.
    __device__ __forceinline__ void look(const u32* rows, const Tile& tile, u32 pitch) {
        const u32 first = tile.m + threadIdx.x / 8, last = tile.end - 1;
#pragma unroll
        for (u32 i = 0; i < EACH; ++i) sixteenths[i] = rows[min(first + i * GATHERED_ROWS, last)] * pitch;
    }

    // A step of so many halves of the tile; zeros behind the last of `k` columns.
    __device__ __forceinline__ void copy(u32 stage, u32 step, u32 k, u32 halves) const {
        const u8* const from = a + step * BK * 2;
        const bool live = step * BK + threadIdx.x % 8 * 8 < k;
#pragma unroll
        for (u32 i = 0; i < EACH; ++i)
            if (i * 2 < halves * EACH)
                copy_async(stage + at + i * GATHERED_ROWS * BK * 2, from + u64(sixteenths[i]) * 16, live);
    }
};

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

// The same in fp32, straight from the registers: the matrices are narrow.
__device__ __forceinline__ void store_scores(const float (&acc)[BN / 2], u8* c, u32 row0, u32 col0, u32 m, u32 n,
                                             u64 pitch) {
    const u32 lane = threadIdx.x % 32;
#pragma unroll
    for (u32 j = 0; j < BN / 8; ++j) {
        const u32 col = col0 + j * 8 + lane % 4 * 2;
#pragma unroll
        for (u32 h = 0; h < 2; ++h) {
            const u32 row = row0 + lane / 4 + h * 8;
            if (row < m && col < n)
                *reinterpret_cast<float2*>(c + u64(row) * pitch + col * 4) =
                    make_float2(acc[4 * j + 2 * h], acc[4 * j + 2 * h + 1]);
        }
    }
}

}  // namespace

// `n` counts the columns of C; B has `n` rows, or 2n for SiLU·mul. `pitch` is C's row in bytes.
// `group` is the height of a raster group in cluster rows (128 * WEFT_CLUSTER rows of A each).
// `first_rows` [groups + 1], `groups` and `taken`: of the grouped form, whose `m` says nothing.
// `a`, `pitch_a` (a row of A in bytes, a multiple of 16) and `rows` [rows of C]: of the gathered form, whose `map_a` says nothing.
extern "C" __global__ void __cluster_dims__(WEFT_CLUSTER, 1, 1) __launch_bounds__(384, 1)
weft_gemm(const __grid_constant__ TensorMap map_a, const __grid_constant__ TensorMap map_b, u8* c, u32 m, u32 n,
          u32 k, u64 pitch, u32 group, const u32* first_rows, u32 groups, u32* taken, const u8* a, u64 pitch_a,
          const u32* rows, u32 op, WeftStampRing* ring, WeftError* error) {
    extern __shared__ u8 raw[];
    const u32 base = (smem_addr(raw) + 1023) & ~1023u;
    const u32 staging = base + STAGES * STAGE_BYTES;
    const u32 full = staging + STAGING_BYTES, empty = full + STAGES * 8;
    const u32 rank = CL == 1 ? 0 : cluster_rank();
    const u32 k_steps = (k + BK - 1) / BK;
    const u32 warpgroup = threadIdx.x / 128, clusters = gridDim.x / CL;
    const bool deals = GROUPED && k_steps >= DEALT_STEPS;
    Deal deal(empty + STAGES * 8);
    Tiles tiles(m, n, group, rank, groups, !deals, full + BARRIER_BYTES);

    if (threadIdx.x == 0) {
        tma_prefetch_map(&map_a);
        tma_prefetch_map(&map_b);
        for (u32 s = 0; s < STAGES; ++s) {
            mbar_init(full + s * 8, 1 + GATHERERS);
            mbar_init(empty + s * 8, 2 * CL);
        }
        if (GROUPED) deal.init();
        mbar_init_fence();
    }
#ifdef WEFT_GROUPED
    if (threadIdx.x / 32 == 1) tiles.table.fill(first_rows, tiles.across);
#endif
    if (CL == 1) __syncthreads(); else cluster_sync();

    Patience patience;
    Tile tile;
    if (warpgroup == 0) {
        regs_shrink<40>();
        if (GATHERED || threadIdx.x == 0) {
            const bool leads = threadIdx.x == 0;
            u32 stage = 0, parity = 1, next = 0;
            Gather gather(a);
            while (tiles.here(tile)) {
                // Halves of the tile with rows in them; a block whose matrix has ended still fetches for the other.
                const u32 halves = !GROUPED ? 2 : (tile.m < tile.end) + (tile.m + BM / 2 < tile.end);
                const u32 b_first = tile.b + tile.n, b_second = b_first + (SILU ? n : BN / 2);
                if (GATHERED) gather.look(rows, tile, u32(pitch_a / 16));
                for (u32 step = 0; step < k_steps; ++step) {
                    if (deals && leads && step + ASKS == k_steps) {
                        deal.expect();
                        if (rank == 0 && GATHERED) next = Deal::draw(taken);
                        if (rank == 0 && !GATHERED) deal.ask();
                    }
                    if (deals && GATHERED && leads && rank == 0 && step + TELLS == k_steps) deal.tell(clusters + next);
                    mbar_wait(empty + stage * 8, parity, patience);
                    const u32 bar = full + stage * 8, dst = base + stage * STAGE_BYTES;
                    if (leads) {
                        mbar_expect(bar, STAGE_BYTES - (GATHERED ? A_BYTES : (2 - halves) * A_BYTES / 2));
                        if (!GROUPED) tma_load_2d(dst, &map_a, step * BK, tile.m, bar);
                        for (u32 h = 0; GROUPED && !GATHERED && h < halves; ++h)
                            tma_load_2d(dst + h * A_BYTES / 2, &map_a, step * BK, tile.m + h * BM / 2, bar);
                        if (CL == 1) {
                            tma_load_2d(dst + A_BYTES, &map_b, step * BK, b_first, bar);
                            tma_load_2d(dst + A_BYTES + B_HALF, &map_b, step * BK, b_second, bar);
                        } else {
                            tma_load_2d_shared(dst + A_BYTES + rank * B_HALF, &map_b, step * BK,
                                               rank == 0 ? b_first : b_second, bar, u16((1 << CL) - 1));
                        }
                    }
                    if (GATHERED) {
                        gather.copy(dst, step, k, halves);
                        mbar_arrive_copied(bar);
                    }
                    if (++stage == STAGES) stage = 0, parity ^= 1;
                }
                tiles.index = deals ? deal.take(patience) : tiles.index + clusters;
            }
            if (patience.lost && leads) weft_fail(error, op, WEFT_ERR_PIPELINE, ~0u, 0);
        } else if (deals && rank == 0 && threadIdx.x == 32) {
            while (tiles.here(tile)) tiles.index = deal.give(taken, clusters, patience);
            if (patience.lost) weft_fail(error, op, WEFT_ERR_PIPELINE, ~0u, 2);
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
        auto stamp = [&](u64 began) {
            if (speaker && warpgroup == 1)
                weft_stamp(ring, began, weft_stamp_now(), op, tiles.item(), WEFT_KIND_TILE, k_steps);
        };
        auto go_on = [&] {
            tiles.index = deals ? deal.take(patience) : tiles.index + clusters;
        };
        for (; tiles.here(tile); go_on()) {
            const u64 began = weft_stamp_now();
            // Rows of a matrix that are not there leave the tensor cores to the other half.
            // A loop of its own: in that of the products it would make them wait for one another.
            if (GROUPED && tile.m + group_row >= tile.end) {
                for (u32 step = 0; step < k_steps; ++step) {
                    mbar_wait(full + stage * 8, parity, patience);
                    // No warp is so late that it misses a turn of the stages: products keep them together elsewhere.
                    named_barrier(warpgroup, 128);
                    release(stage);
                    if (++stage == STAGES) stage = 0, parity ^= 1;
                }
                stamp(began);
                continue;
            }
            u32 held = 0;
            for (u32 step = 0; step < k_steps; ++step) {
                mbar_wait(full + stage * 8, parity, patience);
                // The tensor cores read what threads have copied.
                if (GATHERED) fence_async_shared();
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
            const u32 row = tile.m + warp * 16;
            if (F32_OUT)
                store_scores(acc, c, row, tile.n, tile.end, n, pitch);
            else
                store_tile(acc, staging + warp * 16 * STAGING_PITCH, c, row, tile.n, tile.end, n, pitch);
            stamp(began);
        }
        if (patience.lost && speaker) weft_fail(error, op, WEFT_ERR_PIPELINE, ~0u, 1);
    }
    // A block's barriers must outlive the neighbour's last arrival on them.
    if (CL != 1) {
        __syncwarp();
        cluster_sync();
    }
}
