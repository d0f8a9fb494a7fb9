#!/usr/bin/env python3
"""Small random checkpoints with the logits that transformers computes from them.

    python3 make.py FOLDER

makes FOLDER/<name> for each of MODELS: config.json and safetensors as `save_pretrained` writes them, and beside them
reference.safetensors with

    lengths  I32 [sequences]        tokens of each sequence
    ids      I32 [tokens]           the sequences' token ids, one after another
    logits   F32 [tokens, vocab]    of every position, each sequence by itself, computed in float64
    bf16     F32 [tokens, vocab]    the same computed in bfloat16: how far that precision alone leads away

Needs torch, transformers (Qwen3: 4.51 or later) and safetensors; no GPU. The tests of `weftscope-engine` read FOLDER from
WEFTSCOPE_CHECKPOINTS.
"""

import sys
from pathlib import Path

import torch
import transformers
from safetensors.torch import save_file
from transformers import LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM

try:
    from transformers import Qwen3Config, Qwen3ForCausalLM
except ImportError:
    Qwen3Config = None

# Unequal, some shorter than a tile of 128, one a single token; 1221 in all.
LENGTHS = [300, 17, 1, 506, 129, 128, 140]

# All have heads of 128, and vocabularies that no tile divides. Weights are wide enough that logits are of order 1 and
# that attention looks at some keys more than at others.
SHARED = dict(num_hidden_layers=3, initializer_range=0.05, max_position_embeddings=4096, use_cache=False)

MODELS = {
    # One file of float32, frequencies stretched as in Llama 3 (here within the sequences' length).
    "llama-f32": (
        LlamaForCausalLM,
        LlamaConfig(
            hidden_size=512, num_attention_heads=4, num_key_value_heads=2, head_dim=128, intermediate_size=1024,
            vocab_size=1003, rms_norm_eps=1e-5, rope_theta=500000.0, tie_word_embeddings=False,
            rope_scaling=dict(rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
                              original_max_position_embeddings=256),
            **SHARED,
        ),
        torch.float32,
        "1GB",
    ),
    # Several files of bfloat16 behind an index, biases on queries, keys and values, one matrix for both ends.
    "qwen2-bf16": (
        Qwen2ForCausalLM,
        Qwen2Config(
            hidden_size=512, num_attention_heads=4, num_key_value_heads=2, intermediate_size=1024, vocab_size=1001,
            rms_norm_eps=1e-6, rope_theta=1000000.0, tie_word_embeddings=True, **SHARED,
        ),
        torch.bfloat16,
        "2MB",
    ),
    # float16, sizes that are no powers of two.
    "llama-f16": (
        LlamaForCausalLM,
        LlamaConfig(
            hidden_size=792, num_attention_heads=6, num_key_value_heads=2, head_dim=128, intermediate_size=1040,
            vocab_size=998, rms_norm_eps=1e-5, rope_theta=10000.0, tie_word_embeddings=False, **SHARED,
        ),
        torch.float16,
        "1GB",
    ),
}

if Qwen3Config is not None:
    # Norms of every query and key head.
    MODELS["qwen3-bf16"] = (
        Qwen3ForCausalLM,
        Qwen3Config(
            hidden_size=512, num_attention_heads=8, num_key_value_heads=4, head_dim=128, intermediate_size=1024,
            vocab_size=1024, rms_norm_eps=1e-6, rope_theta=1000000.0, tie_word_embeddings=False, **SHARED,
        ),
        torch.bfloat16,
        "1GB",
    )


def spread(model):
    """Norms and biases as training leaves them, not as they begin (ones and zeros)."""
    for name, parameter in model.named_parameters():
        if "norm" in name:
            parameter.data.uniform_(0.5, 1.5)
        elif name.endswith(".bias"):
            parameter.data.normal_(0.0, 0.5)


def cast(model, dtype):
    """Parameters only: the rotary frequencies are buffers, and stay as they are."""
    for parameter in model.parameters():
        parameter.data = parameter.data.to(dtype)


def run(model, dtype, ids):
    cast(model, dtype)
    with torch.no_grad():
        parts = [model(input_ids=part[None], use_cache=False).logits[0] for part in ids.split(LENGTHS)]
    return torch.cat(parts).to(torch.float32).contiguous()


def make(folder, build, config, dtype, shard_size):
    config._attn_implementation = "eager"
    model = build(config).eval()
    spread(model)
    cast(model, dtype)
    model.save_pretrained(folder, max_shard_size=shard_size)
    ids = torch.randint(0, config.vocab_size, (sum(LENGTHS),))
    # What the files hold, in float64; rounded to bfloat16 only afterwards.
    logits = {dtype: run(model, dtype, ids) for dtype in (torch.float64, torch.bfloat16)}
    save_file(
        {
            "lengths": torch.tensor(LENGTHS, dtype=torch.int32),
            "ids": ids.to(torch.int32),
            "logits": logits[torch.float64],
            "bf16": logits[torch.bfloat16],
        },
        str(Path(folder) / "reference.safetensors"),
    )
    files = sorted(path.name for path in Path(folder).glob("model*.safetensors"))
    print(f"{folder}: {len(files)} files of {dtype}, logits of {config.vocab_size}, "
          f"spread {logits[torch.float64].std():.2f}")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    print(f"torch {torch.__version__}, transformers {transformers.__version__}")
    if Qwen3Config is None:
        print("skipped: qwen3-bf16, which this transformers does not know")
    for name, (build, config, dtype, shard_size) in MODELS.items():
        torch.manual_seed(len(name))
        folder = Path(sys.argv[1]) / name
        folder.mkdir(parents=True, exist_ok=True)
        make(folder, build, config, dtype, shard_size)


if __name__ == "__main__":
    main()
