// Time stamps and error records that every kernel of this folder may write.
//
// A stamp is one interval of device time: which op, which item of it (tile, token range), on which
// multiprocessor. A kernel writes it as two 16-byte stores into a ring shared by all kernels of a
// context; a slot is taken by one relaxed atomic. The ring never blocks and never wraps: what does not
// fit is counted in `dropped`, so the reader knows that something is missing and how much.
//
// Compiled away unless WEFT_STAMPS is defined; the kernel signatures are the same either way.
#pragma once

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;

// 32 bytes, little endian. `start` and `end` are raw %globaltimer nanoseconds (32 ns ticks on H200).
struct alignas(16) WeftStamp {
    u64 start;
    u64 end;
    u32 op;    // plan-wide id of the op, given at launch
    u32 item;  // tile index, first token, ... : what `kind` says
    u16 sm;    // %smid
    u16 kind;  // WeftStampKind
    u32 aux;   // kind-specific: tokens, peer, k-steps, ...
};
static_assert(sizeof(WeftStamp) == 32, "stamp layout");

enum WeftStampKind : u16 {
    WEFT_KIND_TILE = 1,           // one output tile: item = tile, aux = k-steps
    WEFT_KIND_ROWS = 2,           // a block's share of token rows: item = first row, aux = rows
    WEFT_KIND_BARRIER_ENTRY = 3,  // start = signal sent, end = last peer seen: item = block, aux = epoch
    WEFT_KIND_BARRIER_EXIT = 4,
    WEFT_KIND_BLOCK = 5,          // a whole block: item = block
    WEFT_KIND_MARK = 6,           // a moment before (item 0) or after (1) kernels without stamps; start = end
};

// Header and records lie in one allocation: records begin 64 bytes after the header.
struct alignas(64) WeftStampRing {
    u64 cursor;    // next free slot; may exceed capacity
    u64 dropped;   // stamps that found no slot
    u32 capacity;  // records behind the header
    u32 reserved[11];
};
static_assert(sizeof(WeftStampRing) == 64, "ring header layout");

// First error of a context wins; the host clears `state` after reading.
struct alignas(64) WeftError {
    u32 state;  // 0 none, 1 being written, 2 complete
    u32 op;
    u32 block;
    u32 what;  // WeftErrorCode
    u32 peer;  // rank waited for, or ~0
    u32 detail;
    u64 time;
    u32 reserved[8];
};
static_assert(sizeof(WeftError) == 64, "error layout");

enum WeftErrorCode : u32 {
    WEFT_ERR_PIPELINE = 1,       // an mbarrier inside the block did not complete in time
    WEFT_ERR_BARRIER_ENTRY = 2,  // a peer did not enter
    WEFT_ERR_BARRIER_EXIT = 3,   // a peer did not finish
};

#ifndef WEFT_WAIT_LIMIT_NS
#define WEFT_WAIT_LIMIT_NS 2000000000ull
#endif

__device__ __forceinline__ u64 weft_now() {
    u64 t;
    asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(t));
    return t;
}

__device__ __forceinline__ u32 weft_sm() {
    u32 s;
    asm volatile("mov.u32 %0, %%smid;" : "=r"(s));
    return s;
}

// Called by one thread.
__device__ __forceinline__ void weft_stamp(WeftStampRing* ring, u64 start, u64 end, u32 op, u32 item,
                                           u16 kind, u32 aux) {
#ifdef WEFT_STAMPS
    if (ring == nullptr) return;
    const u64 slot = atomicAdd(&ring->cursor, 1ull);
    if (slot >= ring->capacity) {
        atomicAdd(&ring->dropped, 1ull);
        return;
    }
    uint4* record = reinterpret_cast<uint4*>(ring + 1) + 2 * slot;
    record[0] = make_uint4(u32(start), u32(start >> 32), u32(end), u32(end >> 32));
    record[1] = make_uint4(op, item, weft_sm() | (u32(kind) << 16), aux);
#endif
}

__device__ __forceinline__ u64 weft_stamp_now() {
#ifdef WEFT_STAMPS
    return weft_now();
#else
    return 0;
#endif
}

// Called by the thread that gave up waiting.
__device__ __noinline__ void weft_fail(WeftError* error, u32 op, u32 what, u32 peer, u32 detail) {
    if (error == nullptr || atomicCAS(&error->state, 0u, 1u) != 0u) return;
    error->op = op;
    error->block = blockIdx.x;
    error->what = what;
    error->peer = peer;
    error->detail = detail;
    error->time = weft_now();
    __threadfence_system();
    atomicExch(&error->state, 2u);
}
