// Marks inside your own kernels, for `weftscope run --level blocks`. No change of a kernel's arguments; C++17.
//
//   __global__ void kernel(...) {
//       WEFT_BLOCK("my kernel");                // until thread 0 leaves the scope
//       { WEFT_PHASE("load"); ... }             // thread 0, from here to the end of the scope
//       { WEFT_WARP_PHASE("multiply"); ... }    // the first lane of each warp that comes here
//       WEFT_MARK("loaded");                    // thread 0, a moment
//   }
//
// Names are cut at 24 bytes. Where nobody watches, each costs a load of a constant and a branch; while somebody records, an
// atomic addition and 64 bytes. Times are %globaltimer, as those of thread blocks.
#pragma once

struct WeftMark {  // 64 bytes
    unsigned long long start, end, name[3];
    unsigned int sm, block, warp, kind;  // kind: 1 block, 2 phase, 3 phase of a warp, 4 moment
    unsigned long long number;           // how many were taken before, and one; written last
};
struct WeftRing {  // 64 bytes; the marks follow
    unsigned long long taken, listens, mask, unused[5];
};
#ifdef __CUDACC_RDC__
inline  // one for all files that are linked
#else
static
#endif
__constant__ WeftRing* weft_ring;  // set by Weftscope in each module that has it

struct WeftName {
    unsigned long long part[3];
};
__host__ __device__ constexpr WeftName weft_name(const char* text) {
    WeftName name = {};
    for (int at = 0; at < 24 && text[at]; ++at)
        name.part[at / 8] |= static_cast<unsigned long long>(static_cast<unsigned char>(text[at])) << (at % 8 * 8);
    return name;
}
__device__ inline unsigned long long weft_globaltimer() {
    unsigned long long time;
    asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(time)::"memory");
    return time;
}
__device__ inline unsigned int weft_thread() { return threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z); }
// The ring, where this thread is to leave a mark of the kind and somebody listens; else null.
__device__ inline WeftRing* weft_listener(unsigned int kind) {
    WeftRing* const ring = weft_ring;
    if (ring == nullptr || (kind == 3 ? weft_thread() % 32 : weft_thread()) != 0) return nullptr;
    return *const_cast<volatile unsigned long long*>(&ring->listens) ? ring : nullptr;
}
__device__ inline void weft_leave(WeftRing* ring, unsigned long long start, WeftName name, unsigned int kind) {
    const unsigned long long end = kind == 4 ? start : weft_globaltimer(), at = atomicAdd(&ring->taken, 1ull);
    WeftMark* const mark = reinterpret_cast<WeftMark*>(ring + 1) + (at & ring->mask);
    unsigned int sm;
    asm volatile("mov.u32 %0, %%smid;" : "=r"(sm));
    mark->start = start, mark->end = end, mark->sm = sm, mark->kind = kind;
    for (int part = 0; part < 3; ++part) mark->name[part] = name.part[part];
    mark->block = blockIdx.x + gridDim.x * (blockIdx.y + gridDim.y * blockIdx.z), mark->warp = weft_thread() / 32;
    __threadfence();
    *const_cast<volatile unsigned long long*>(&mark->number) = at + 1;
}
template <unsigned int kind>
struct WeftSpan {
    WeftRing* const ring;
    const WeftName name;
    const unsigned long long start;
    __device__ WeftSpan(WeftName of) : ring(weft_listener(kind)), name(of), start(ring ? weft_globaltimer() : 0) {}
    __device__ ~WeftSpan() { if (ring) weft_leave(ring, start, name, kind); }
};
#define WEFT_JOINED(a, b) a##b
#define WEFT_JOIN(a, b) WEFT_JOINED(a, b)
#define WEFT_SPAN(kind, text)                                     \
    constexpr WeftName WEFT_JOIN(weft_n, __LINE__) = weft_name(text); \
    const WeftSpan<kind> WEFT_JOIN(weft_s, __LINE__)(WEFT_JOIN(weft_n, __LINE__))
#define WEFT_BLOCK(text) WEFT_SPAN(1, text)
#define WEFT_PHASE(text) WEFT_SPAN(2, text)
#define WEFT_WARP_PHASE(text) WEFT_SPAN(3, text)
#define WEFT_MARK(text)                            \
    do {                                           \
        constexpr WeftName named = weft_name(text); \
        if (WeftRing* ring = weft_listener(4)) weft_leave(ring, weft_globaltimer(), named, 4); } while (0)
