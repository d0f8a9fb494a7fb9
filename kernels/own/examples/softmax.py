"""Marks in a Triton kernel of one's own: a softmax by rows, and what of each block's time goes where.

    weftscope run --level blocks --patch all -o softmax.weft -- python softmax.py
    weftscope sql softmax.weft "select name, count(*), avg(dur) from inside group by name"

`python softmax.py --compile` only compiles it, which needs no GPU.
"""
import os
import sys

import triton
import triton.language as tl

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import weft

LOAD, STORE, SUMMED = weft.name("load"), weft.name("store"), weft.name("summed")


@triton.jit
def softmax(x, out, columns, marks, BLOCK: tl.constexpr):
    begin = weft.now()
    row = tl.program_id(0)
    at = tl.arange(0, BLOCK)
    values = tl.load(x + row * columns + at, mask=at < columns, other=-float("inf"))
    largest = tl.max(values, axis=0)
    weft.phase(marks, begin, LOAD)
    powers = tl.exp(values - largest)
    total = tl.sum(powers, axis=0)
    weft.moment(marks, SUMMED)
    begin = weft.now()
    tl.store(out + row * columns + at, powers / total, mask=at < columns)
    weft.phase(marks, begin, STORE)


def compiled():
    """The kernel for Hopper, as PTX."""
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    signature = {"x": "*fp32", "out": "*fp32", "columns": "i32", "marks": "i64", "BLOCK": "constexpr"}
    source = ASTSource(softmax, signature, constexprs={"BLOCK": 4096})
    return triton.compile(source, target=GPUTarget("cuda", 90, 32)).asm["ptx"]


def main():
    if "--compile" in sys.argv:
        print(compiled())
        return
    import torch

    x = torch.randn(1024, 4000, device="cuda")
    out = torch.empty_like(x)
    marks = weft.ring()
    for _ in range(200):
        softmax[(x.shape[0],)](x, out, x.shape[1], marks, BLOCK=4096)
        torch.cuda.synchronize()
    print("largest error", (out - torch.softmax(x, -1)).abs().max().item())


if __name__ == "__main__":
    main()
