// A moment on a stream: where a library's kernels, which write no stamps, begin and end.
//
// One block of one thread. The stamp has start = end. item: 0 before, 1 after.
#include "stamp.cuh"

extern "C" __global__ void __launch_bounds__(32) weft_mark(u32 item, u32 op, WeftStampRing* ring) {
    if (threadIdx.x != 0) return;
    const u64 now = weft_stamp_now();
    weft_stamp(ring, now, now, op, item, WEFT_KIND_MARK, 0);
}
