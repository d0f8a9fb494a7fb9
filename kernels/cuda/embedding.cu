// out[token] = weight[ids[token] - first], or zeros where the id lies outside this rank's rows
// [first, first + count) of the vocabulary, so that an all-reduce over the ranks completes it.
// `n8` is hidden / 8. One block a token, grid-stride.
#include "bf16.cuh"

extern "C" __global__ void __launch_bounds__(256)
weft_embedding(const u32* ids, const uint4* weight, uint4* out, u32 tokens, u32 n8, u32 first, u32 count, u32 op,
               WeftStampRing* ring) {
    const u64 began = weft_stamp_now();
    for (u32 token = blockIdx.x; token < tokens; token += gridDim.x) {
        const u32 row = ids[token] - first;
        for (u32 v = threadIdx.x; v < n8; v += blockDim.x)
            out[u64(token) * n8 + v] = row < count ? load_once(weight + u64(row) * n8 + v) : make_uint4(0, 0, 0, 0);
    }
    if (threadIdx.x == 0) weft_stamp(ring, began, weft_stamp_now(), op, blockIdx.x, WEFT_KIND_BLOCK, tokens);
}
