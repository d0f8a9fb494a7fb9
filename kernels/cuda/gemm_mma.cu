// C[M,N] = A[M,K] · B[N,K]ᵀ, bf16 with fp32 accumulation, for sm_80 and later.
//
// The portable twin of the Hopper kernel: same operands, same grid-stride walk over tiles, same epilogues.
// 128 x 128 tiles of 64 along K, three stages of asynchronous copies, eight warps of 64 x 32 each.
// With WEFT_SILU_MUL, B = [gate; up] stacked and C has half as many columns: of every 32 rows of B in
// shared memory 16 are gate and 16 the matching up rows, so a warp holds both factors.
// WEFT_F32_OUT, WEFT_GROUPED and WEFT_GATHERED are as there.
// K and N must be multiples of 8. Block 256; dynamic shared memory 98,304 bytes.
#include "groups.cuh"
#include "mma.cuh"

namespace {

constexpr u32 BM = 128, BN = 128, BK = 64, STAGES = 3, THREADS = 256;
constexpr u32 A_BYTES = BM * BK * 2, STAGE_BYTES = A_BYTES + BN * BK * 2;
#ifdef WEFT_SILU_MUL
constexpr bool SILU = true;
#else
constexpr bool SILU = false;
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
constexpr u32 OUT_BN = SILU ? BN / 2 : BN;

__device__ __forceinline__ u32 at(u32 row, u32 vector) { return row * BK * 2 + (vector ^ (row % 8)) * 16; }

// Row of B for row `r` of the tile whose first output column is `col`, or none (>= limit).
__device__ __forceinline__ u32 b_row(u32 r, u32 col, u32 n) {
    if (!SILU) return col + r;
    const u32 c = col + r / 32 * 16 + r % 16;
    return c >= n ? ~0u : r % 32 < 16 ? c : n + c;
}

__device__ __forceinline__ void load_stage(u32 dst, const u8* a, const u8* b, u32 row0, u32 col0, u32 k0, u32 m, u32 n,
                                           u32 k, u64 pitch_a, u64 pitch_b, const u32* rows) {
    const u32 vector = threadIdx.x % 8, element = k0 + vector * 8;
    const bool inside = element < k;
    const u32 b_rows = SILU ? 2 * n : n;
#pragma unroll
    for (u32 r = threadIdx.x / 8; r < BM; r += THREADS / 8) {
        const bool live = inside && row0 + r < m;
        const u32 row = GATHERED && live ? rows[row0 + r] : row0 + r;
        copy_async(dst + at(r, vector), a + (live ? u64(row) * pitch_a + element * 2 : 0), live);
    }
#pragma unroll
    for (u32 r = threadIdx.x / 8; r < BN; r += THREADS / 8) {
        const u32 row = b_row(r, col0, n);
        const bool live = inside && row < b_rows;
        copy_async(dst + A_BYTES + at(r, vector), b + (live ? u64(row) * pitch_b + element * 2 : 0), live);
    }
}

}  // namespace

// `n` counts the columns of C. `pitch_a`, `pitch_b`, `pitch`: bytes from a row of A, B, C to the next. `group`: tile rows walked
// before moving right.
// `first_rows` [groups + 1] and `groups`: of the grouped form, whose `m` says nothing. `rows`: of the gathered form.
extern "C" __global__ void __launch_bounds__(256, 2)
weft_gemm(const u8* a, const u8* all_b, u8* c, u32 m, u32 n, u32 k, u64 pitch_a, u64 pitch_b, u64 pitch, u32 group,
          const u32* first_rows, u32 groups, const u32* rows, u32 op, WeftStampRing* ring) {
    extern __shared__ __align__(128) u8 raw[];
    const u32 base = shared_addr(raw), lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    const u32 warp_row = warp / 4 * 64, warp_col = warp % 4 * 32;
    const u32 n_tiles = (n + OUT_BN - 1) / OUT_BN, steps = (k + BK - 1) / BK;
#ifdef WEFT_GROUPED
    GroupWalk walk(first_rows, groups, BM, n_tiles);
    for (u32 t = blockIdx.x; walk.seek(t); t += gridDim.x) {
        const u32 own = t - walk.before, m_tiles = walk.height(), begin = walk.begin;
        const u8* const b = all_b + u64(walk.group) * (SILU ? 2 * n : n) * pitch_b;
        m = walk.end;
#else
    const u32 m_tiles = (m + BM - 1) / BM, begin = 0;
    const u8* const b = all_b;
    for (u32 t = blockIdx.x; t < m_tiles * n_tiles; t += gridDim.x) {
        const u32 own = t;
#endif
        const u64 began = weft_stamp_now();
        const u32 first = own / (group * n_tiles) * group, height = min(group, m_tiles - first);
        const u32 within = own % (group * n_tiles);
        const u32 row0 = begin + (first + within % height) * BM, col0 = within / height * OUT_BN;
        float acc[4][4][4] = {};
        __syncthreads();
        for (u32 s = 0; s < STAGES - 1; ++s) {
            if (s < steps) load_stage(base + s * STAGE_BYTES, a, b, row0, col0, s * BK, m, n, k, pitch_a, pitch_b, rows);
            copy_commit();
        }
        for (u32 step = 0; step < steps; ++step) {
            copy_wait<STAGES - 2>();
            __syncthreads();
            const u32 ahead = step + STAGES - 1;
            if (ahead < steps)
                load_stage(base + ahead % STAGES * STAGE_BYTES, a, b, row0, col0, ahead * BK, m, n, k, pitch_a, pitch_b, rows);
            copy_commit();
            const u32 a_at = base + step % STAGES * STAGE_BYTES, b_at = a_at + A_BYTES;
#pragma unroll
            for (u32 kk = 0; kk < BK / 16; ++kk) {
                u32 x[4][4], y[2][4];
#pragma unroll
                for (u32 i = 0; i < 4; ++i)
                    ld_matrix_x4(x[i], a_at + at(warp_row + i * 16 + lane % 16, 2 * kk + lane / 16));
#pragma unroll
                for (u32 j = 0; j < 2; ++j)
                    ld_matrix_x4(y[j], b_at + at(warp_col + j * 16 + lane % 8 + lane / 16 * 8, 2 * kk + lane / 8 % 2));
#pragma unroll
                for (u32 i = 0; i < 4; ++i)
#pragma unroll
                    for (u32 j = 0; j < 4; ++j) mma_16816(acc[i][j], x[i], y[j / 2][j % 2 * 2], y[j / 2][j % 2 * 2 + 1]);
            }
        }
        copy_wait<0>();
#pragma unroll
        for (u32 i = 0; i < 4; ++i) {
#pragma unroll
            for (u32 j = 0; j < (SILU ? 2 : 4); ++j) {
                const u32 col = col0 + (SILU ? warp_col / 2 : warp_col) + j * 8 + lane % 4 * 2;
#pragma unroll
                for (u32 h = 0; h < 2; ++h) {
                    const u32 row = row0 + warp_row + i * 16 + lane / 4 + h * 8;
                    const float* g = acc[i][j] + 2 * h;
                    const float* u = acc[i][(j + 2) % 4] + 2 * h;
                    const u32 v = SILU ? pack_bf16(silu_mul(g[0], u[0]), silu_mul(g[1], u[1])) : pack_bf16(g[0], g[1]);
                    u8* const out = c + u64(row) * pitch + col * (F32_OUT ? 4 : 2);
                    if (row >= m || col >= n) continue;
                    if (F32_OUT)
                        *reinterpret_cast<float2*>(out) = make_float2(g[0], g[1]);
                    else
                        *reinterpret_cast<u32*>(out) = v;
                }
            }
        }
        if (threadIdx.x == 0) weft_stamp(ring, began, weft_stamp_now(), op, t, WEFT_KIND_TILE, steps);
    }
}
