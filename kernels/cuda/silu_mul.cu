// out[rows, n] = silu(x[:, :n]) * x[:, n:], for gate and up projections that no fused epilogue joined.
// `n8` is n / 8, `pitch8` the same of a row of `out` with what lies behind it. Grid-stride over vectors of eight.
#include "bf16.cuh"

extern "C" __global__ void __launch_bounds__(256)
weft_silu_mul(const uint4* x, uint4* out, u32 rows, u32 n8, u32 pitch8, u32 op, WeftStampRing* ring) {
    const u64 began = weft_stamp_now();
    const u64 total = u64(rows) * n8, step = u64(gridDim.x) * blockDim.x;
    for (u64 i = u64(blockIdx.x) * blockDim.x + threadIdx.x; i < total; i += step) {
        const u64 row = i / n8, column = i - row * n8, at = row * 2 * n8 + column;
        float gate[8], up[8];
        set_bf16(gate, load_once(x + at));
        set_bf16(up, load_once(x + at + n8));
#pragma unroll
        for (int e = 0; e < 8; ++e) gate[e] = silu_mul(gate[e], up[e]);
        out[row * pitch8 + column] = pack8(gate);
    }
    if (threadIdx.x == 0) weft_stamp(ring, began, weft_stamp_now(), op, blockIdx.x, WEFT_KIND_BLOCK, rows);
}
