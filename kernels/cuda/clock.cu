// Readings of two GPUs' %globaltimer, paired over peer memory.
//
// The leader writes a round's number into the follower's flag and waits for it to come back; the follower
// notes its time between the two. So the follower's reading lies between the leader's two, and half their
// distance bounds the error of pairing it with the middle. One thread each; both must be resident together.
//   leader:   out[2 * round] = time sent, out[2 * round + 1] = time the echo was seen
//   follower: out[round] = time the flag was seen
#include "peers.cuh"

extern "C" __global__ void __launch_bounds__(32)
weft_clock(u32* mine, u32* theirs, u64* out, u32 rounds, u32 first, u32 leads, u32 op, WeftError* error) {
    if (threadIdx.x != 0) return;
    for (u32 i = 0; i < rounds; ++i) {
        const u32 number = first + i;
        if (leads) {
            out[2 * i] = weft_now();
            store_release_system(theirs, number);
        }
        const u64 began = weft_now();
        while (int(load_acquire_system(mine) - number) < 0) {
            if (weft_now() - began > WEFT_WAIT_LIMIT_NS) {
                weft_fail(error, op, WEFT_ERR_BARRIER_ENTRY, ~0u, i);
                return;
            }
        }
        if (leads) {
            out[2 * i + 1] = weft_now();
        } else {
            out[i] = weft_now();
            store_release_system(theirs, number);
        }
    }
}
