// Mixture of experts around the grouped GEMMs: scores of few experts, each token's experts, rows in the order of their experts, and the
// weighted sum of what came back. Every rank does all of it for itself; nothing waits for the host.
//
// An entry is a token with one of its experts, `k` of them a token, in token order. Entries are sorted by expert and
// keep token order within one, so that every run and every rank sorts alike: blocks of weft_top_k take `chunk`
// tokens each, count entries by expert and number those of their own; weft_permute adds up what other chunks have. Rows
// come to their places there, or stay where they are, and the product of experts gathers them.
//   scores   [rows, pitch] fp32, of the router; column `experts` is the shared expert's gate where there is one
//   ids, weights, ranks, places   [rows * k], in the order of tokens
//   tokens   [rows * k], in the order of experts
//   counts   [chunks, experts]
#include "mma.cuh"

namespace {

constexpr u32 MAX_EXPERTS = 512, LANES = 32;

__device__ __forceinline__ float warp_max(float x) {
#pragma unroll
    for (int d = 16; d > 0; d /= 2) x = fmaxf(x, __shfl_xor_sync(~0u, x, d));
    return x;
}

// The largest of the warp; of equals the expert with the lower number.
__device__ __forceinline__ void warp_best(float& score, u32& expert) {
#pragma unroll
    for (int d = 16; d > 0; d /= 2) {
        const float other = __shfl_xor_sync(~0u, score, d);
        const u32 whose = __shfl_xor_sync(~0u, expert, d);
        if (other > score || (other == score && whose < expert)) score = other, expert = whose;
    }
}

// Numbers the entries of a chunk within their experts. One warp; `count` [experts] begins with zeros.
__device__ __forceinline__ void number_entries(const u32* ids, u32* ranks, u32 entries, u32* count) {
    const u32 lane = threadIdx.x % LANES, below = (1u << lane) - 1;
    constexpr u32 AHEAD = 4;
    for (u32 first = 0; first < entries; first += AHEAD * LANES) {
        // Those behind the end are of an expert that is not there.
        u32 expert[AHEAD];
#pragma unroll
        for (u32 a = 0; a < AHEAD; ++a) {
            const u32 i = first + a * LANES + lane;
            expert[a] = i < entries ? ids[i] : MAX_EXPERTS;
        }
#pragma unroll
        for (u32 a = 0; a < AHEAD; ++a) {
            const u32 i = first + a * LANES + lane, same = __match_any_sync(~0u, expert[a]);
            const bool live = i < entries;
            if (live) ranks[i] = count[expert[a]] + __popc(same & below);
            __syncwarp();
            if (live && (same & below) == 0) count[expert[a]] += __popc(same);
            __syncwarp();
        }
    }
}

// Softmax over all scores of a token, its k largest, one to a lane: the lane's expert and its weight. A lane has V
// scores.
template <u32 V>
__device__ __forceinline__ void choose(const float* scores, u32 experts, u32 k, bool renormalise, u32& own_expert,
                                       float& own_weight) {
    const u32 lane = threadIdx.x % LANES;
    float x[V], top = minus_infinity();
#pragma unroll
    for (u32 i = 0; i < V; ++i) {
        const u32 e = i * LANES + lane;
        x[i] = e < experts ? scores[e] : minus_infinity();
        top = fmaxf(top, x[i]);
    }
    top = warp_max(top);
    float sum = 0.0f, chosen = 0.0f, own = 0.0f;
#pragma unroll
    for (u32 i = 0; i < V; ++i) sum += __expf(x[i] - top);
    sum = warp_sum(sum);
    for (u32 slot = 0; slot < k; ++slot) {
        // Scores that are no numbers never win, and every id lies among the experts.
        float best = minus_infinity();
        u32 expert = min(lane, experts - 1);
#pragma unroll
        for (u32 i = 0; i < V; ++i)
            if (x[i] > best) best = x[i], expert = i * LANES + lane;
        warp_best(best, expert);
#pragma unroll
        for (u32 i = 0; i < V; ++i)
            if (i * LANES + lane == expert) x[i] = minus_infinity();
        const float weight = __expf(best - top);
        chosen += weight;
        if (lane == slot) own = weight, own_expert = expert;
    }
    own_weight = own / (renormalise ? chosen : sum);
}

// Sums of 16 rows by N tiles of eight columns, of this warp's part of K: steps of 32, one warp after the other. Which
// element of a step a thread takes is free, as long as it is the same of both operands: eight that lie together.
template <u32 N>
__device__ __forceinline__ void score_rows(const uint4* x, const uint4* w, u32 first, u32 rows, u32 k8, float (&sum)[N][4]) {
    const u32 lane = threadIdx.x % LANES, warp = threadIdx.x / LANES, warps = blockDim.x / LANES;
    const u32 upper = first + lane / 4, lower = upper + 8;
    const uint4 none = make_uint4(0, 0, 0, 0);
#pragma unroll 4
    for (u32 at = warp * 4 + lane % 4; at - lane % 4 < k8; at += warps * 4) {
        const bool live = at < k8;
        const uint4 a = live && upper < rows ? load_once(x + u64(upper) * k8 + at) : none;
        const uint4 b = live && lower < rows ? load_once(x + u64(lower) * k8 + at) : none;
        const u32 one[4] = {a.x, b.x, a.y, b.y}, two[4] = {a.z, b.z, a.w, b.w};
#pragma unroll
        for (u32 n = 0; n < N; ++n) {
            const uint4 c = live ? __ldg(w + u64(n * 8 + lane / 4) * k8 + at) : none;
            mma_16816(sum[n], one, c.x, c.y);
            mma_16816(sum[n], two, c.z, c.w);
        }
    }
}

template <u32 N>
__device__ __forceinline__ void score(const uint4* x, const uint4* w, float* scores, float* parts, u32 rows, u32 k8) {
    constexpr u32 COLUMNS = 8 * N, WARPS = 8;
    const u32 lane = threadIdx.x % LANES, warp = threadIdx.x / LANES, first = blockIdx.x * 16;
    float sum[N][4] = {};
    score_rows<N>(x, w, first, rows, k8, sum);
#pragma unroll
    for (u32 n = 0; n < N; ++n)
#pragma unroll
        for (u32 i = 0; i < 4; ++i)
            parts[(warp * 16 + lane / 4 + i / 2 * 8) * COLUMNS + n * 8 + lane % 4 * 2 + i % 2] = sum[n][i];
    __syncthreads();
    for (u32 i = threadIdx.x; i < 16 * COLUMNS; i += blockDim.x) {
        float all = 0.0f;
#pragma unroll
        for (u32 part = 0; part < WARPS; ++part) all += parts[part * 16 * COLUMNS + i];
        if (first + i / COLUMNS < rows) scores[u64(first) * COLUMNS + i] = all;
    }
}

}  // namespace

// Scores of few experts, where a GEMM's tiles would be nearly empty: scores[rows, columns] = x · wᵀ in fp32, with 8 or 16
// columns. Bound by the reading of x. Grid: 16 rows a block.
extern "C" __global__ void __launch_bounds__(256)
weft_scores(const uint4* x, const uint4* w, float* scores, u32 rows, u32 k8, u32 columns, u32 op, WeftStampRing* ring) {
    __shared__ float parts[8 * 16 * 16];
    const u64 began = weft_stamp_now();
    if (columns == 8)
        score<1>(x, w, scores, parts, rows, k8);
    else
        score<2>(x, w, scores, parts, rows, k8);
    __syncthreads();
    if (threadIdx.x == 0) weft_stamp(ring, began, weft_stamp_now(), op, blockIdx.x, WEFT_KIND_BLOCK, rows);
}

// Each token's experts and their weights, which sum to 1 where the model asks for it. A warp a token; grid: chunks.
extern "C" __global__ void __launch_bounds__(1024)
weft_top_k(const float* scores, u32* ids, float* weights, u32* ranks, u32* counts, u32 rows, u32 pitch, u32 experts,
           u32 k, u32 chunk, u32 renormalise, u32 op, WeftStampRing* ring) {
    __shared__ u32 count[MAX_EXPERTS];
    const u64 began = weft_stamp_now();
    const u32 lane = threadIdx.x % LANES;
    const u32 first = blockIdx.x * chunk, end = min(first + chunk, rows);
    for (u32 e = threadIdx.x; e < experts; e += blockDim.x) count[e] = 0;
    for (u32 row = first + threadIdx.x / LANES; row < end; row += blockDim.x / LANES) {
        const float* const own = scores + u64(row) * pitch;
        u32 expert;
        float weight;
        if (experts <= LANES)
            choose<1>(own, experts, k, renormalise, expert, weight);
        else if (experts <= 4 * LANES)
            choose<4>(own, experts, k, renormalise, expert, weight);
        else
            choose<MAX_EXPERTS / LANES>(own, experts, k, renormalise, expert, weight);
        if (lane < k) {
            ids[row * k + lane] = expert;
            weights[row * k + lane] = weight;
        }
    }
    __syncthreads();
    if (threadIdx.x < LANES && first < end)
        number_entries(ids + first * k, ranks + first * k, (end - first) * k, count);
    __syncthreads();
    for (u32 e = threadIdx.x; e < experts; e += blockDim.x) counts[blockIdx.x * experts + e] = count[e];
    if (threadIdx.x == 0) weft_stamp(ring, began, weft_stamp_now(), op, blockIdx.x, WEFT_KIND_BLOCK, end - first);
}

// Entries by expert: the place of each, and whose each place is. `first_rows` [experts + 1] is where each expert's begin, and behind it
// are two zeros, of tiles that the two products of experts have taken. Where there is an `out` [rows * k, 8 * n8], rows of `x` come to their
// places, too, a warp a token. Grid: a multiple of `chunks`.
extern "C" __global__ void __launch_bounds__(1024)
weft_permute(const uint4* x, uint4* out, const u32* ids, const u32* ranks, u32* places, u32* tokens, const u32* counts,
             u32* first_rows, u32 rows, u32 n8, u32 experts, u32 k, u32 chunk, u32 chunks, u32 op,
             WeftStampRing* ring) {
    __shared__ u32 all[MAX_EXPERTS], base[MAX_EXPERTS];
    const u64 began = weft_stamp_now();
    const u32 parts = gridDim.x / chunks, own = blockIdx.x / parts, part = blockIdx.x % parts;
    const u32 lane = threadIdx.x % LANES, warp = threadIdx.x / LANES, warps = blockDim.x / LANES;
    for (u32 e = threadIdx.x; e < experts; e += blockDim.x) all[e] = base[e] = 0;
    __syncthreads();
    // Entries of each expert in all chunks, and in those before this one.
    u32 column = 1;
    while (column < experts && column < blockDim.x) column *= 2;
    for (u32 e = threadIdx.x % column; e < experts; e += column) {
        u32 total = 0, before = 0;
#pragma unroll 16
        for (u32 c = threadIdx.x / column; c < chunks; c += blockDim.x / column) {
            const u32 count = counts[c * experts + e];
            total += count;
            before += c < own ? count : 0;
        }
        atomicAdd(all + e, total);
        atomicAdd(base + e, before);
    }
    __syncthreads();
    if (warp == 0) {
        u32 begin = 0;
        for (u32 e = lane; e - lane < experts; e += LANES) {
            const u32 here = e < experts ? all[e] : 0;
            u32 sum = here;
#pragma unroll
            for (u32 d = 1; d < LANES; d *= 2) {
                const u32 left = __shfl_up_sync(~0u, sum, d);
                if (lane >= d) sum += left;
            }
            if (e < experts) {
                base[e] += begin + sum - here;
                if (blockIdx.x == 0) first_rows[e + 1] = begin + sum;
            }
            begin += __shfl_sync(~0u, sum, LANES - 1);
        }
        if (blockIdx.x == 0 && lane == 0) first_rows[0] = first_rows[experts + 1] = first_rows[experts + 2] = 0;
    }
    __syncthreads();
    const u32 end = min((own + 1) * chunk, rows);
    for (u32 entry = own * chunk * k + part * blockDim.x + threadIdx.x; entry < end * k; entry += parts * blockDim.x) {
        const u32 place = base[ids[entry]] + ranks[entry];
        places[entry] = place;
        tokens[place] = entry / k;
    }
    for (u32 row = own * chunk + part * warps + warp; out && row < end; row += parts * warps) {
        const u32 entry = row * k + lane, place = lane < k ? base[ids[entry]] + ranks[entry] : 0;
        const uint4* const from = x + u64(row) * n8;
        for (u32 at = 0; at < n8; at += 4 * LANES) {
            const u32 v = at + lane;
            uint4 vector[4];
#pragma unroll
            for (u32 i = 0; i < 4; ++i)
                if (v + i * LANES < n8) vector[i] = load_once(from + v + i * LANES);
            for (u32 slot = 0; slot < k; ++slot) {
                uint4* const to = out + u64(__shfl_sync(~0u, place, slot)) * n8;
#pragma unroll
                for (u32 i = 0; i < 4; ++i)
                    if (v + i * LANES < n8) to[v + i * LANES] = vector[i];
            }
        }
    }
    if (threadIdx.x == 0) weft_stamp(ring, began, weft_stamp_now(), op, blockIdx.x, WEFT_KIND_BLOCK, rows);
}

// out[row] = sum over the token's entries of weight * routed[place], and sigmoid(gate) * shared[row] where there is a
// shared expert, whose gate is column `gate` of the scores. fp32 sums, rounded once. Grid-stride over vectors of eight.
extern "C" __global__ void __launch_bounds__(512)
weft_combine(const uint4* routed, const float* weights, const u32* places, const uint4* shared, const float* scores,
             uint4* out, u32 rows, u32 n8, u32 k, u32 pitch, u32 gate, u32 op, WeftStampRing* ring) {
    const u64 began = weft_stamp_now();
    const u64 total = u64(rows) * n8, step = u64(gridDim.x) * blockDim.x;
    for (u64 i = u64(blockIdx.x) * blockDim.x + threadIdx.x; i < total; i += step) {
        const u32 row = u32(i / n8), v = u32(i - u64(row) * n8);
        float sum[8] = {};
#pragma unroll 4
        for (u32 slot = 0; slot < k; ++slot) {
            const float weight = weights[row * k + slot];
            float x[8];
            set_bf16(x, load_once(routed + u64(places[row * k + slot]) * n8 + v));
#pragma unroll
            for (int e = 0; e < 8; ++e) sum[e] = fmaf(weight, x[e], sum[e]);
        }
        if (shared) {
            const float open = __fdividef(1.0f, 1.0f + __expf(-scores[u64(row) * pitch + gate]));
            float x[8];
            set_bf16(x, load_once(shared + i));
#pragma unroll
            for (int e = 0; e < 8; ++e) sum[e] = fmaf(open, x[e], sum[e]);
        }
        out[i] = pack8(sum);
    }
    if (threadIdx.x == 0) weft_stamp(ring, began, weft_stamp_now(), op, blockIdx.x, WEFT_KIND_BLOCK, rows);
}
