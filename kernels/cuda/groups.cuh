// Several matrices in one launch, of uneven heights: rows [first[g], first[g + 1]) of A and of C belong to
// matrix g, whose B follows that of matrix g - 1. Which matrix a tile belongs to is found on the way, since the
// heights are known to the GPU alone.
#pragma once
#include "stamp.cuh"

struct GroupWalk {
    const u32* first;
    u32 groups;
    u32 group = 0, begin, end;  // the matrix at hand and its rows
    u32 before = 0, here;       // tiles of the matrices before it, and its own
    u32 tile_rows, across;      // rows of a tile; tiles (or clusters of them) beside one another

    __device__ __forceinline__ GroupWalk(const u32* first, u32 groups, u32 tile_rows, u32 across)
        : first(first), groups(groups), begin(first[0]), end(first[1]), tile_rows(tile_rows), across(across) {
        here = height() * across;
    }

    // Tiles on top of one another.
    __device__ __forceinline__ u32 height() const { return (end - begin + tile_rows - 1) / tile_rows; }

    // Goes on to the matrix of tile `t`, never back; false behind the last.
    __device__ __forceinline__ bool seek(u32 t) {
        while (t - before >= here) {
            if (++group == groups) return false;
            before += here;
            begin = end;
            end = first[group + 1];
            here = height() * across;
        }
        return true;
    }
};
