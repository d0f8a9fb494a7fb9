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
// Nodes of graphs that are launched in clusters never come here (driver 580, CUDA 13.0, H200): what a common list for
// blocks without an address held after 9 such launches was nothing, and sanitizerSetCallbackData changed nothing.

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

static __device__ __forceinline__ u64 weft_now() {
    u64 time;
    asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(time));
    return time;
}

static __device__ __forceinline__ WeftBlockRecord* weft_record(void* records) {
    const u64 block = blockIdx.x + u64(gridDim.x) * (blockIdx.y + u64(gridDim.y) * blockIdx.z);
    return static_cast<WeftBlockRecord*>(records) + block;
}

// SANITIZER_PATCH_SUCCESS.
enum WeftPatchResult : int { WEFT_PATCH_SUCCESS = 0 };

extern "C" __device__ __noinline__ __attribute__((used)) WeftPatchResult
weft_block_enter(void* records, u64 pc) {
    if (records != nullptr && threadIdx.x == 0 && threadIdx.y == 0 && threadIdx.z == 0) {
        u32 sm;
        asm volatile("mov.u32 %0, %%smid;" : "=r"(sm));
        WeftBlockRecord* record = weft_record(records);
        record->start = weft_now();
        record->sm = sm + 1;
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
        WeftBlockRecord* record = weft_record(records);
        atomicMax(&record->end, weft_now());
        atomicAdd(&record->exited, __popc(active));
    }
    return WEFT_PATCH_SUCCESS;
}
