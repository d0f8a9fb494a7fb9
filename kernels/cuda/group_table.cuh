// Several matrices in one launch, as groups.cuh has them, looked up in a table in shared memory: a block that goes from tile to tile of
// many narrow matrices (with 128 experts of 384 columns it skips 33) finds the next in a few steps, not one for each in between.
#pragma once
#include "sm90.cuh"

constexpr u32 MAX_GROUPS = 512, GROUP_TABLE_BYTES = (MAX_GROUPS + 1) * 8;

struct GroupTable {
    u32 rows, tiles;  // in shared memory, [groups + 1] each: first rows, and tiles (or clusters of them) before
    u32 groups, tile_rows;
    u32 group = 0, begin, end, before;  // the matrix at hand

    __device__ __forceinline__ GroupTable(u32 at, u32 groups, u32 tile_rows)
        : rows(at), tiles(at + (MAX_GROUPS + 1) * 4), groups(groups), tile_rows(tile_rows) {}

    // By one warp together; the others read behind the next barrier of the block.
    __device__ __forceinline__ void fill(const u32* first, u32 across) const {
        const u32 lane = threadIdx.x % 32, each = (groups + 31) / 32;
        const u32 from = min(lane * each, groups), to = min(from + each, groups);
        auto of = [&](u32 g) { return (first[g + 1] - first[g] + tile_rows - 1) / tile_rows * across; };
        u32 own = 0;
        for (u32 g = from; g < to; ++g) own += of(g);
        u32 sum = own;
#pragma unroll
        for (u32 d = 1; d < 32; d *= 2) {
            const u32 left = __shfl_up_sync(~0u, sum, d);
            if (lane >= d) sum += left;
        }
        u32 at = sum - own;
        for (u32 g = from; g < to; ++g) {
            sts_32(rows + g * 4, first[g]);
            sts_32(tiles + g * 4, at);
            at += of(g);
        }
        if (lane == 31) {
            sts_32(rows + groups * 4, first[groups]);
            sts_32(tiles + groups * 4, sum);
        }
    }

    // Tiles on top of one another.
    __device__ __forceinline__ u32 height() const { return (end - begin + tile_rows - 1) / tile_rows; }

    // Goes on to the matrix of tile `t`, never back; false behind the last.
    __device__ __forceinline__ bool seek(u32 t) {
        if (t >= lds_32(tiles + groups * 4)) return false;
        // In steps of twice the length past it, then back by halves.
        u32 above = group + 1;
        for (u32 step = 1; above < groups && lds_32(tiles + above * 4) <= t; step *= 2) {
            group = above;
            above = min(group + step, groups);
        }
        while (above - group > 1) {
            const u32 middle = (group + above) / 2;
            if (lds_32(tiles + middle * 4) <= t)
                group = middle;
            else
                above = middle;
        }
        begin = lds_32(rows + group * 4);
        end = lds_32(rows + group * 4 + 4);
        before = lds_32(tiles + group * 4);
        return true;
    }
};
