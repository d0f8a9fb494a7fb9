// bf16 in plain words, eight to a 16-byte vector. Works on sm_80 and later; needs no CUDA header.
#pragma once
#include "stamp.cuh"

// `lo` goes to the lower half.
__device__ __forceinline__ u32 pack_bf16(float lo, float hi) {
    u32 v;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(v) : "f"(hi), "f"(lo));
    return v;
}

__device__ __forceinline__ float bf16_lo(u32 v) { return __uint_as_float(v << 16); }
__device__ __forceinline__ float bf16_hi(u32 v) { return __uint_as_float(v & 0xffff0000u); }

__device__ __forceinline__ void set_bf16(float (&acc)[8], uint4 v) {
    acc[0] = bf16_lo(v.x), acc[1] = bf16_hi(v.x), acc[2] = bf16_lo(v.y), acc[3] = bf16_hi(v.y);
    acc[4] = bf16_lo(v.z), acc[5] = bf16_hi(v.z), acc[6] = bf16_lo(v.w), acc[7] = bf16_hi(v.w);
}

__device__ __forceinline__ void add_bf16(float (&acc)[8], uint4 v) {
    acc[0] += bf16_lo(v.x), acc[1] += bf16_hi(v.x), acc[2] += bf16_lo(v.y), acc[3] += bf16_hi(v.y);
    acc[4] += bf16_lo(v.z), acc[5] += bf16_hi(v.z), acc[6] += bf16_lo(v.w), acc[7] += bf16_hi(v.w);
}

__device__ __forceinline__ uint4 pack8(const float (&a)[8]) {
    return make_uint4(pack_bf16(a[0], a[1]), pack_bf16(a[2], a[3]), pack_bf16(a[4], a[5]),
                      pack_bf16(a[6], a[7]));
}

__device__ __forceinline__ float square_sum(const float (&a)[8], float sum) {
#pragma unroll
    for (int e = 0; e < 8; ++e) sum = fmaf(a[e], a[e], sum);
    return sum;
}

// Read once: not worth a place in L1.
__device__ __forceinline__ uint4 load_once(const void* p) {
    uint4 v;
    asm volatile("ld.global.L1::no_allocate.v4.u32 {%0, %1, %2, %3}, [%4];"
                 : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w)
                 : "l"(p));
    return v;
}

// Two bf16 factors whose sum is `scale` to sixteen bits, each in both halves of a word.
struct Scale {
    u32 hi, lo;
};

__device__ __forceinline__ Scale split_scale(float scale) {
    const u32 hi = pack_bf16(scale, scale);
    const float rest = scale - bf16_lo(hi);
    return {hi, pack_bf16(rest, rest)};
}

// bf16(bf16(x * scale) * gamma) on two elements: three packed instructions instead of nine in fp32.
__device__ __forceinline__ u32 normalise2(u32 x, u32 gamma, Scale scale) {
    u32 y;
    asm("{\n .reg .b32 t, zero;\n mov.b32 zero, 0x80008000;\n fma.rn.bf16x2 t, %1, %3, zero;\n"
        " fma.rn.bf16x2 t, %1, %2, t;\n fma.rn.bf16x2 %0, t, %4, zero;\n}\n"
        : "=r"(y)
        : "r"(x), "r"(scale.hi), "r"(scale.lo), "r"(gamma));
    return y;
}

__device__ __forceinline__ uint4 normalise8(uint4 x, uint4 gamma, Scale scale) {
    return make_uint4(normalise2(x.x, gamma.x, scale), normalise2(x.y, gamma.y, scale),
                      normalise2(x.z, gamma.z, scale), normalise2(x.w, gamma.w, scale));
}

__device__ __forceinline__ float silu_mul(float gate, float up) {
    return __fdividef(gate * up, 1.0f + __expf(-gate));
}

__device__ __forceinline__ float minus_infinity() { return __uint_as_float(0xff800000u); }

__device__ __forceinline__ float exp2_fast(float x) {
    float y;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}

__device__ __forceinline__ float warp_sum(float x) {
#pragma unroll
    for (int d = 16; d > 0; d /= 2) x += __shfl_xor_sync(~0u, x, d);
    return x;
}

// Over the four threads that share rows of a GEMM's result.
__device__ __forceinline__ float quad_max(float x) {
    x = fmaxf(x, __shfl_xor_sync(~0u, x, 1));
    return fmaxf(x, __shfl_xor_sync(~0u, x, 2));
}

__device__ __forceinline__ float quad_sum(float x) {
    x += __shfl_xor_sync(~0u, x, 1);
    return x + __shfl_xor_sync(~0u, x, 2);
}
