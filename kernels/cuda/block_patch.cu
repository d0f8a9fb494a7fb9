// Stamps of thread blocks of kernels that nobody changed.
//
// No kernels: the Compute Sanitizer patches a loaded module so that every thread of its kernels calls the first
// function before its first instruction and the second after its last. `records` is what the host set for the launch:
// one record a block lies there, by block index, all zero before; null when the launch is not recorded.
//
// Compiled with --ptxas-options=--compile-as-tools-patch. Nothing refers to the functions, so they are marked as used,
// or they would be left out.
//
// What it costs is the calls: some 115 ns of the SM's time a warp and call, recorded or not. The stores and the two
// reductions, which nobody waits for, do not show beside them.
//
// All nodes of a graph are handed what was told last for one of them (driver 580, CUDA 13.0, H200: records of products and
// of additions lay where those of the last node belonged). So they are all told the same, the beginning of the room that
// the whole graph has, and each finds its own part of it by its %gridid, which stays the same from launch to launch.

typedef unsigned int u32;
typedef unsigned long long u64;

// 32 bytes, one sector, so that what is written last is not seen first.
struct alignas(32) WeftBlockRecord {
    u64 start;   // %globaltimer at the first instruction of thread 0
    u64 end;     // the latest %globaltimer at the end of a warp
    u32 sm;      // %smid + 1, so that zero means nobody told
    u32 exited;  // threads that have come to their end
    u64 unused;
};
static_assert(sizeof(WeftBlockRecord) == 32, "record layout");

// Where the blocks of a graph's node leave their records, counted from the beginning of the graph's room. `grid` is one
// more than the %gridid, so that zero is nobody's.
struct WeftPlace {
    u64 grid;
    u32 first;
    u32 blocks;
};
static_assert(sizeof(WeftPlace) == 16, "place layout");

// Places lie right before the first record, by %gridid.
constexpr u64 WEFT_PLACES = 262144;
// The room of a graph begins at a multiple of so many bytes, so that the low bits of its address are free: the lowest says
// that it is a graph's, the others how many such multiples lie before it.
constexpr u64 WEFT_PAGE = 32768;

static __device__ __forceinline__ u64 weft_now() {
    u64 time;
    asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(time));
    return time;
}

// Null: the block is not recorded.
static __device__ __forceinline__ WeftBlockRecord* weft_record(void* records) {
    const u64 block = blockIdx.x + u64(gridDim.x) * (blockIdx.y + u64(gridDim.y) * blockIdx.z);
    const u64 told = reinterpret_cast<u64>(records);
    if ((told & 1) == 0) return told == 0 ? nullptr : static_cast<WeftBlockRecord*>(records) + block;
    const u64 room = told & ~(WEFT_PAGE - 1);
    const u64 first_record = room - (told & (WEFT_PAGE - 1)) / 2 * WEFT_PAGE;
    u64 grid;
    asm volatile("mov.u64 %0, %%gridid;" : "=l"(grid));
    const WeftPlace* place = reinterpret_cast<const WeftPlace*>(first_record) - WEFT_PLACES + grid % WEFT_PLACES;
    if (place->grid != grid + 1 || block >= place->blocks) return nullptr;
    return reinterpret_cast<WeftBlockRecord*>(room) + place->first + block;
}

// SANITIZER_PATCH_SUCCESS.
enum WeftPatchResult : int { WEFT_PATCH_SUCCESS = 0 };

extern "C" __device__ __noinline__ __attribute__((used)) WeftPatchResult
weft_block_enter(void* records, u64 pc) {
    if (records != nullptr && threadIdx.x == 0 && threadIdx.y == 0 && threadIdx.z == 0) {
        const u64 start = weft_now();
        u32 sm;
        asm volatile("mov.u32 %0, %%smid;" : "=r"(sm));
        if (WeftBlockRecord* record = weft_record(records)) {
            record->start = start;
            record->sm = sm + 1;
        }
    }
    return WEFT_PATCH_SUCCESS;
}

extern "C" __device__ __noinline__ __attribute__((used)) WeftPatchResult
weft_block_exit(void* records, u64 pc) {
    if (records == nullptr) return WEFT_PATCH_SUCCESS;
    u32 lane;
    asm volatile("mov.u32 %0, %%laneid;" : "=r"(lane));
    const u32 active = __activemask();
    if (lane == __ffs(active) - 1) {
        const u64 end = weft_now();
        if (WeftBlockRecord* record = weft_record(records)) {
            atomicMax(&record->end, end);
            atomicAdd(&record->exited, __popc(active));
        }
    }
    return WEFT_PATCH_SUCCESS;
}
