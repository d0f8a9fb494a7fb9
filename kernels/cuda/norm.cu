// RMSNorm, plain, first of a stream, and with the residual add before it, one block a row, grid-stride over rows.
//
//   weft_rms_norm:        out = x / rms(x) * gamma
//   weft_first_rms_norm:  residual = x; out = x / rms(x) * gamma
//   weft_add_rms_norm:    residual += x; out = residual / rms(residual) * gamma
//
// Rounding as in the fused collective kernel: the sum is rounded to bf16 once and kept, the norm is taken
// of the unrounded sum, the scaled value and its product with gamma are rounded each.
// Compile-time: WEFT_HIDDEN (multiple of 8). Block: 256 threads. `out` may be `x`.
#include "bf16.cuh"

#ifndef WEFT_HIDDEN
#define WEFT_HIDDEN 8192
#endif

namespace {

constexpr u32 THREADS = 256, VECTORS = WEFT_HIDDEN / 8, PER_THREAD = (VECTORS + THREADS - 1) / THREADS;
static_assert(WEFT_HIDDEN % 8 == 0, "whole vectors");

__device__ __forceinline__ bool owns(u32 vector) { return VECTORS % THREADS == 0 || vector < VECTORS; }

__device__ __forceinline__ float block_sum(float x, float (&partial)[2][THREADS / 32], u32 turn) {
    x = warp_sum(x);
    if (threadIdx.x % 32 == 0) partial[turn % 2][threadIdx.x / 32] = x;
    __syncthreads();
    float sum = 0.0f;
#pragma unroll
    for (u32 w = 0; w < THREADS / 32; ++w) sum += partial[turn % 2][w];
    return sum;
}

enum class Stream { NONE, BEGINS, GOES_ON };

template <Stream STREAM>
__device__ __forceinline__ void norm_rows(const uint4* x, uint4* residual, const uint4* gamma, uint4* out, u32 rows,
                                          float eps) {
    constexpr bool ADD = STREAM == Stream::GOES_ON;
    __shared__ float partial[2][THREADS / 32];
    u32 turn = 0;
    for (u32 row = blockIdx.x; row < rows; row += gridDim.x, ++turn) {
        const u64 at = u64(row) * VECTORS + threadIdx.x;
        uint4 v[PER_THREAD], r[PER_THREAD];
#pragma unroll
        for (u32 j = 0; j < PER_THREAD; ++j) {
            if (!owns(j * THREADS + threadIdx.x)) continue;
            v[j] = load_once(x + at + j * THREADS);
            if (ADD) r[j] = load_once(residual + at + j * THREADS);
        }
        float square = 0.0f;
#pragma unroll
        for (u32 j = 0; j < PER_THREAD; ++j) {
            if (!owns(j * THREADS + threadIdx.x)) continue;
            float acc[8];
            set_bf16(acc, v[j]);
            if (ADD) {
                add_bf16(acc, r[j]);
                v[j] = pack8(acc);
            }
            if (STREAM != Stream::NONE) residual[at + j * THREADS] = v[j];
            square = square_sum(acc, square);
        }
        const Scale scale = split_scale(rsqrtf(block_sum(square, partial, turn) * (1.0f / WEFT_HIDDEN) + eps));
#pragma unroll
        for (u32 j = 0; j < PER_THREAD; ++j)
            if (owns(j * THREADS + threadIdx.x))
                out[at + j * THREADS] = normalise8(v[j], __ldg(gamma + j * THREADS + threadIdx.x), scale);
    }
}

}  // namespace

extern "C" __global__ void __launch_bounds__(256)
weft_rms_norm(const uint4* x, const uint4* gamma, uint4* out, u32 rows, float eps, u32 op, WeftStampRing* ring) {
    const u64 began = weft_stamp_now();
    norm_rows<Stream::NONE>(x, nullptr, gamma, out, rows, eps);
    if (threadIdx.x == 0) weft_stamp(ring, began, weft_stamp_now(), op, blockIdx.x, WEFT_KIND_BLOCK, rows);
}

extern "C" __global__ void __launch_bounds__(256)
weft_first_rms_norm(const uint4* x, uint4* residual, const uint4* gamma, uint4* out, u32 rows, float eps, u32 op,
                    WeftStampRing* ring) {
    const u64 began = weft_stamp_now();
    norm_rows<Stream::BEGINS>(x, residual, gamma, out, rows, eps);
    if (threadIdx.x == 0) weft_stamp(ring, began, weft_stamp_now(), op, blockIdx.x, WEFT_KIND_BLOCK, rows);
}

extern "C" __global__ void __launch_bounds__(256)
weft_add_rms_norm(const uint4* x, uint4* residual, const uint4* gamma, uint4* out, u32 rows, float eps, u32 op,
                  WeftStampRing* ring) {
    const u64 began = weft_stamp_now();
    norm_rows<Stream::GOES_ON>(x, residual, gamma, out, rows, eps);
    if (threadIdx.x == 0) weft_stamp(ring, began, weft_stamp_now(), op, blockIdx.x, WEFT_KIND_BLOCK, rows);
}
