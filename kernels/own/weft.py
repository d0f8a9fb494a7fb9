"""Marks inside your own Triton kernels, for `weftscope run --level blocks`. Put this file beside yours.

    import triton, triton.language as tl
    import weft

    LOAD = weft.name("load")

    @triton.jit
    def kernel(..., marks, BLOCK: tl.constexpr):
        begin = weft.now()
        ...
        weft.phase(marks, begin, LOAD)      # from `begin` to here
        weft.moment(marks, weft.name("loaded"))

    kernel[grid](..., weft.ring(), BLOCK=1024)

`weft.ring()` is the address that `marks` takes, 0 where nobody watches: ask for it once, before CUDA graphs are captured.
While nobody records, a mark costs a load and a branch of the program's first thread. Names are cut at 24 bytes; times are
%globaltimer. The compiler may move work over a mark as far as what depends on what allows.
"""
import ctypes
import os

import triton
import triton.language as tl

PHASE, MOMENT = tl.constexpr(2), tl.constexpr(4)


def ring():
    """Address of this device's ring, in the context that the thread has; 0: nobody watches."""
    library = os.environ.get("CUDA_INJECTION64_PATH", "")
    if not library:
        return 0
    try:
        address = ctypes.CDLL(library).weftscope_ring
    except (OSError, AttributeError):
        return 0
    address.restype = ctypes.c_uint64
    return address()


def name(text):
    """What a mark is called, as the kernel takes it."""
    padded = text.encode()[:24].ljust(24, b"\0")
    parts = (int.from_bytes(padded[at:at + 8], "little", signed=True) for at in (0, 8, 16))
    return tl.constexpr(tuple(parts))


@triton.jit
def now():
    """%globaltimer, ns."""
    return tl.inline_asm_elementwise("mov.u64 $0, %globaltimer;", "=l", [], dtype=tl.int64, is_pure=False, pack=1)


@triton.jit
def phase(ring, begin, name: tl.constexpr):
    """Leaves a mark from `begin`, which is of `now`, to here."""
    _leave(ring, begin, now(), name, PHASE)


@triton.jit
def moment(ring, name: tl.constexpr):
    """Leaves a mark of this moment."""
    time = now()
    _leave(ring, time, time, name, MOMENT)


@triton.jit
def _leave(ring, begin, end, name: tl.constexpr, kind: tl.constexpr):
    tl.inline_asm_elementwise(
        """{
        .reg .pred no;
        .reg .b64 listens, at, mark;
        .reg .b32 thread, sm, x, y, z, width, height;
        mov.b64 $0, 0;
        mov.u32 thread, %tid.x;
        setp.ne.u32 no, thread, 0;
        @no bra LEFT;
        setp.eq.u64 no, $1, 0;
        @no bra LEFT;
        ld.volatile.global.u64 listens, [$1 + 8];
        setp.eq.u64 no, listens, 0;
        @no bra LEFT;
        atom.global.add.u64 at, [$1], 1;
        ld.global.u64 mark, [$1 + 16];
        and.b64 mark, mark, at;
        shl.b64 mark, mark, 6;
        add.u64 mark, mark, $1;
        st.global.v2.u64 [mark + 64], {$2, $3};
        st.global.v2.u64 [mark + 80], {$4, $5};
        st.global.u64 [mark + 96], $6;
        mov.u32 sm, %smid;
        mov.u32 x, %ctaid.x;
        mov.u32 y, %ctaid.y;
        mov.u32 z, %ctaid.z;
        mov.u32 width, %nctaid.x;
        mov.u32 height, %nctaid.y;
        mad.lo.u32 y, z, height, y;
        mad.lo.u32 x, y, width, x;
        st.global.v2.u32 [mark + 104], {sm, x};
        cvt.u32.u64 z, $7;
        mov.u32 y, 0;
        st.global.v2.u32 [mark + 112], {y, z};
        membar.gl;
        add.u64 at, at, 1;
        st.volatile.global.u64 [mark + 120], at;
        LEFT:
        }""",
        "=l,l,l,l,l,l,l,l",
        [
            tl.cast(ring, tl.int64),
            begin,
            end,
            tl.full((), name[0], tl.int64),
            tl.full((), name[1], tl.int64),
            tl.full((), name[2], tl.int64),
            tl.full((), kind, tl.int64),
        ],
        dtype=tl.int64,
        is_pure=False,
        pack=1,
    )
