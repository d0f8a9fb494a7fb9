"""A tensor-parallel decoder layer in PyTorch, unchanged by any profiler: what `weftscope bench --inject` measures.

torchrun --nproc-per-node=2 layer.py --tokens 4096 --modes none sequential weave
python layer.py --gemm 8192      # one product between two events, and a kernel that does nothing much
python layer.py --start          # imports, the first kernel, the end

Shapes are those of Llama-3.3-70B, a shard of `--shard-of`. Modes: `none` has no communication, `sequential` runs NCCL's
all-reduce behind each half of the layer, `weave` cuts the tokens in two and runs the all-reduce of one half beside the
products of the other.
"""
import argparse
import os
import time

import torch
import torch.distributed as dist
import torch.nn.functional as F

BF16 = torch.bfloat16
HIDDEN, HEADS, KV_HEADS, HEAD, INNER = 8192, 64, 8, 128, 28672


@torch.compile(dynamic=False)
def add_norm(x, residual, weight):
    total = x.float() + residual.float()
    scaled = total * torch.rsqrt(total.square().mean(-1, keepdim=True) + 1e-5)
    return (scaled * weight).to(BF16), total.to(BF16)


@torch.compile(dynamic=False)
def gated(x):
    gate, up = x.chunk(2, -1)
    return F.silu(gate) * up


@torch.compile(dynamic=False)
def rotate(x, cos, sin):
    low, high = x.chunk(2, -1)
    return torch.cat((low * cos - high * sin, high * cos + low * sin), -1)


class Model:
    def __init__(self, layers, shard_of, device):
        self.heads, self.kv_heads = HEADS // shard_of, max(1, KV_HEADS // shard_of)
        inner = INNER // shard_of

        def weight(rows, columns):
            return torch.randn(rows, columns, device=device, dtype=BF16) * 0.02

        def layer():
            rows = (self.heads + 2 * self.kv_heads) * HEAD
            return {
                "norm": torch.ones(HIDDEN, device=device, dtype=BF16),
                "qkv": weight(rows, HIDDEN),
                "out": weight(HIDDEN, self.heads * HEAD),
                "gate_up": weight(2 * inner, HIDDEN),
                "down": weight(HIDDEN, inner),
            }

        self.layers = [layer() for _ in range(layers)]
        frequency = 500000 ** (-torch.arange(0, HEAD, 2, device=device).float() / HEAD)
        angle = torch.arange(65536, device=device).float()[:, None] * frequency
        self.cos, self.sin = (turn.to(BF16)[:, None] for turn in (angle.cos(), angle.sin()))

    def attention(self, layer, x):
        tokens = x.shape[0]
        parts = F.linear(x, layer["qkv"]).view(tokens, -1, HEAD)
        q, k, v = parts.split([self.heads, self.kv_heads, self.kv_heads], 1)
        q, k = (rotate(part, self.cos[:tokens], self.sin[:tokens]) for part in (q, k))
        q, k, v = (part.transpose(0, 1)[None] for part in (q, k, v))
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
        return F.linear(mixed[0].transpose(0, 1).reshape(tokens, -1), layer["out"])

    def feed_forward(self, layer, x):
        return F.linear(gated(F.linear(x, layer["gate_up"])), layer["down"])

    def sequential(self, x, reduce):
        residual = torch.zeros_like(x)
        for layer in self.layers:
            x, residual = add_norm(x, residual, layer["norm"])
            x = reduce(self.attention(layer, x))
            x, residual = add_norm(x, residual, layer["norm"])
            x = reduce(self.feed_forward(layer, x))
        return x

    def weave(self, x):
        cut = x.shape[0] // 2
        halves = [x[:cut], x[cut:]]
        residuals = [torch.zeros_like(half) for half in halves]
        works = [None, None]
        for layer in self.layers:
            for block in (self.attention, self.feed_forward):
                for side in (0, 1):
                    if works[side] is not None:
                        works[side].wait()
                    norm, residuals[side] = add_norm(halves[side], residuals[side], layer["norm"])
                    halves[side] = block(layer, norm)
                    works[side] = dist.all_reduce(halves[side], async_op=True)
        for work in works:
            work.wait()
        return halves


def all_reduced(x):
    dist.all_reduce(x)
    return x


def event_us(run, turns, before=None):
    """Median time between two events around a call, µs. `before` keeps the GPU busy while the host launches the rest."""
    times = []
    for _ in range(turns):
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        if before is not None:
            before()
        begin.record()
        run()
        end.record()
        torch.cuda.synchronize()
        times.append(begin.elapsed_time(end) * 1e3)
    return sorted(times)[turns // 2]


def captured(run, stream):
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph, stream=stream, capture_error_mode="thread_local"):
        run()
    return graph.replay


def barrier():
    torch.cuda.synchronize()
    dist.barrier()
    torch.cuda.synchronize()


def layers(args):
    rank = int(os.environ["RANK"])
    device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", rank)))
    torch.cuda.set_device(device)
    dist.init_process_group("nccl", device_id=device)
    model = Model(args.layers, args.shard_of or dist.get_world_size(), device)
    stream = torch.cuda.Stream()
    for tokens in args.tokens:
        x = torch.randn(tokens, HIDDEN, device=device, dtype=BF16)
        runs = {
            "none": lambda: model.sequential(x, lambda y: y),
            "sequential": lambda: model.sequential(x, all_reduced),
            "weave": lambda: model.weave(x),
        }
        for mode in args.modes:
            run = runs[mode]
            stream.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(stream):
                for _ in range(3):
                    run()
            barrier()
            if args.profile:
                profile(run if not args.graph else captured(run, stream), args.profile)
                continue
            eager = event_us(run, args.turns) / args.layers
            replay = captured(run, stream)
            for _ in range(3):
                replay()
            barrier()
            graph = event_us(replay, args.turns) / args.layers
            if rank == 0:
                print(f"weft-layer {mode} {tokens} {eager:.1f} {graph:.1f}", flush=True)
            until = time.time() + args.seconds
            while args.seconds:
                for _ in range(20):
                    run()
                    replay()
                torch.cuda.synchronize()
                go_on = torch.tensor([time.time() < until], device=device, dtype=torch.int32)
                dist.all_reduce(go_on, op=dist.ReduceOp.MIN)
                if not go_on.item():
                    break
    barrier()


def profile(run, turns):
    """Steady turns between cudaProfilerStart and cudaProfilerStop."""
    for _ in range(5):
        run()
    barrier()
    torch.cuda.profiler.start()
    for _ in range(turns):
        run()
        torch.cuda.synchronize()
    torch.cuda.profiler.stop()


def gemm(args):
    a, b, out = (torch.randn(args.gemm, args.gemm, device="cuda", dtype=BF16) for _ in range(3))
    one = torch.zeros(1, device="cuda")
    for _ in range(5):
        torch.mm(a, b, out=out)
        one.add_(1)
    torch.cuda.synchronize()

    def product():
        torch.mm(a, b, out=out)

    product_us = event_us(product, args.turns, product)
    nothing_us = event_us(lambda: one.add_(1), args.turns, product)
    print(f"weft-gemm {args.gemm} {product_us:.2f} {nothing_us:.2f}", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--shard-of", type=int, default=8)
    parser.add_argument("--tokens", type=int, nargs="+", default=[4096])
    parser.add_argument("--modes", nargs="+", default=["none", "sequential", "weave"])
    parser.add_argument("--turns", type=int, default=15)
    parser.add_argument("--seconds", type=float, default=0)
    parser.add_argument("--profile", type=int, default=0)
    parser.add_argument("--graph", action="store_true")
    parser.add_argument("--gemm", type=int, default=0)
    parser.add_argument("--start", action="store_true")
    args = parser.parse_args()
    if args.start:
        torch.ones(8, device="cuda").add_(1)
        torch.cuda.synchronize()
    elif args.gemm:
        gemm(args)
    else:
        layers(args)
        dist.destroy_process_group()


main()
