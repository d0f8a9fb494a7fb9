#!/usr/bin/env python3
"""Small random checkpoints with the logits that transformers computes from them.

    python3 make.py FOLDER

makes FOLDER/<name> for each of MODELS: config.json and safetensors as `save_pretrained` writes them, and beside them
reference.safetensors with

    lengths  I32 [sequences]        tokens of each sequence
    ids      I32 [tokens]           the sequences' token ids, one after another
    logits   F32 [tokens, vocab]    of every position, each sequence by itself, computed in float64
    bf16     F32 [tokens, vocab]    the same computed in bfloat16: how far that precision alone leads away

a tokenizer.json of pairs of bytes, and generated.json: a prompt and the likeliest tokens after it, in float64, each
so much likelier than the next that no rounding decides.

Needs torch, transformers (Qwen3: 4.51 or later), tokenizers and safetensors; no GPU. The tests of `weftscope-engine` read FOLDER from
WEFTSCOPE_CHECKPOINTS.
"""

import itertools
import json
import sys
from pathlib import Path

import torch
import transformers
from safetensors.torch import save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM

try:
    from transformers import Qwen3Config, Qwen3ForCausalLM
except ImportError:
    Qwen3Config = None
try:
    from transformers import MixtralConfig, MixtralForCausalLM
    from transformers import Qwen2MoeConfig, Qwen2MoeForCausalLM
    from transformers import Qwen3MoeConfig, Qwen3MoeForCausalLM
except ImportError:
    MixtralConfig = None

# Unequal, some shorter than a tile of 128, one a single token; 1221 in all.
LENGTHS = [300, 17, 1, 506, 129, 128, 140]

# Heads of 128 unless said, and vocabularies that no tile divides. Weights are wide enough that logits are of order 1 and
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
    # Heads of 64, as the smallest models have them.
    "llama-64-bf16": (
        LlamaForCausalLM,
        LlamaConfig(
            hidden_size=512, num_attention_heads=8, num_key_value_heads=2, head_dim=64, intermediate_size=768,
            vocab_size=517, rms_norm_eps=1e-5, rope_theta=500000.0, tie_word_embeddings=True, **SHARED,
        ),
        torch.bfloat16,
        "1GB",
    ),
    # Heads of 96, whose second panel of 64 columns is half the next head's.
    "llama-96-f16": (
        LlamaForCausalLM,
        LlamaConfig(
            hidden_size=384, num_attention_heads=4, num_key_value_heads=2, head_dim=96, intermediate_size=768,
            vocab_size=514, rms_norm_eps=1e-5, rope_theta=10000.0, tie_word_embeddings=False, **SHARED,
        ),
        torch.float16,
        "1GB",
    ),
    # Heads of 256, wider together than the model.
    "llama-256-bf16": (
        LlamaForCausalLM,
        LlamaConfig(
            hidden_size=512, num_attention_heads=4, num_key_value_heads=2, head_dim=256, intermediate_size=768,
            vocab_size=515, rms_norm_eps=1e-6, rope_theta=10000.0, tie_word_embeddings=True, **SHARED,
        ),
        torch.bfloat16,
        "1GB",
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
    # The same norms of heads of 64.
    MODELS["qwen3-64-bf16"] = (
        Qwen3ForCausalLM,
        Qwen3Config(
            hidden_size=384, num_attention_heads=8, num_key_value_heads=4, head_dim=64, intermediate_size=768,
            vocab_size=516, rms_norm_eps=1e-6, rope_theta=1000000.0, tie_word_embeddings=False, **SHARED,
        ),
        torch.bfloat16,
        "1GB",
    )

# Experts are many, so layers are few.
SMALL = dict(SHARED, num_hidden_layers=2)

if MixtralConfig is not None:
    MODELS.update({
        # Two of eight experts, renormalised.
        "mixtral-bf16": (
            MixtralForCausalLM,
            MixtralConfig(
                hidden_size=512, num_attention_heads=4, num_key_value_heads=2, head_dim=128, intermediate_size=288,
                vocab_size=307, rms_norm_eps=1e-5, rope_theta=1000000.0, tie_word_embeddings=False,
                num_local_experts=8, num_experts_per_tok=2, sliding_window=None, **SMALL,
            ),
            torch.bfloat16,
            "4MB",
        ),
        # Four of sixteen small experts, renormalised; norms of every query and key head.
        "qwen3-moe-f16": (
            Qwen3MoeForCausalLM,
            Qwen3MoeConfig(
                hidden_size=512, num_attention_heads=8, num_key_value_heads=4, head_dim=128, intermediate_size=1024,
                moe_intermediate_size=96, vocab_size=320, rms_norm_eps=1e-6, rope_theta=1000000.0,
                tie_word_embeddings=False, num_experts=16, num_experts_per_tok=4, norm_topk_prob=True,
                decoder_sparse_step=1, mlp_only_layers=[], **SMALL,
            ),
            torch.float16,
            "1GB",
        ),
        # Three of twelve experts, not renormalised, and one that every token goes to, behind a gate; biases.
        "qwen2-moe-bf16": (
            Qwen2MoeForCausalLM,
            Qwen2MoeConfig(
                hidden_size=512, num_attention_heads=4, num_key_value_heads=2, intermediate_size=1024,
                moe_intermediate_size=128, shared_expert_intermediate_size=288, vocab_size=305, rms_norm_eps=1e-6,
                rope_theta=1000000.0, tie_word_embeddings=False, num_experts=12, num_experts_per_tok=3,
                norm_topk_prob=False, decoder_sparse_step=1, mlp_only_layers=[], **SMALL,
            ),
            torch.bfloat16,
            "1GB",
        ),
    })


def experts_of(config):
    return getattr(config, "num_local_experts", None) or getattr(config, "num_experts", 0) or 0


def routers(model, experts):
    """Modules that score experts."""
    for name, module in model.named_modules():
        weight = getattr(module, "weight", None)
        if name.endswith(".gate") and weight is not None and weight.shape[0] == experts:
            yield module


def clear_routes(model, experts):
    """Scores far enough apart that no rounding chooses other experts than float64 does.

    The first `experts` columns of the residual stream are the token's own, a permutation of equal steps: nothing is
    added to them, and the router reads little else.
    """
    for name, parameter in model.named_parameters():
        data = parameter.data
        if name.endswith(("o_proj.weight", "down_proj.weight", "down_proj", "w2.weight")):
            data[..., :experts, :] = 0.0
        elif name.endswith("post_attention_layernorm.weight"):
            data[:experts] = 1.0
        elif name.endswith("embed_tokens.weight"):
            steps = torch.rand(len(data), experts).argsort(1) + 1
            data[:, :experts] = steps * (4.0 / experts)
    for router in routers(model, experts):
        router.weight.data.mul_(0.001)
        router.weight.data[:, :experts] += 0.5 * torch.eye(experts)


def watch_routes(model, experts, top_k):
    """The least distance between scores of the last expert chosen and the first not, as runs go on."""
    least = [float("inf")]

    def hook(router, inputs):
        scores = torch.nn.functional.linear(inputs[0], router.weight).reshape(-1, experts).sort(-1, descending=True)[0]
        least[0] = min(least[0], float((scores[:, top_k - 1] - scores[:, top_k]).min()))

    hooks = [router.register_forward_pre_hook(hook) for router in routers(model, experts)]
    return least, hooks


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


WORDS = """Four ranks share every layer. Each multiplies its part of the weights, and all of them meet where the parts
are summed. While one half of the tokens is on its way, the other half is multiplied: what is hidden costs nothing.
A wave of thread blocks fills the machine, and the last wave is rarely full."""

# New tokens, and how far the likeliest must be ahead of the next, in logits (which spread by about 1).
ANSWER, AHEAD = 12, 0.1


def make_tokenizer(folder, vocab):
    """Pairs of bytes, as most models have them."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    tokenizer.train_from_iterator(WORDS.split("\n"), trainer)
    tokenizer.save(str(Path(folder) / "tokenizer.json"))
    return tokenizer


def answer(model, prompt):
    """The likeliest tokens after a prompt; none where one of them is hardly likelier than another."""
    ids = list(prompt)
    with torch.no_grad():
        while len(ids) < len(prompt) + ANSWER:
            logits = model(input_ids=torch.tensor([ids]), use_cache=False).logits[0, -1]
            best = logits.topk(2)
            if best.values[0] - best.values[1] < AHEAD:
                return None
            ids.append(int(best.indices[0]))
    return ids[len(prompt):]


def make_answer(folder, model, tokenizer):
    words = WORDS.split()
    for first, count in itertools.product(range(len(words)), range(3, 12)):
        prompt = " ".join(words[first:first + count])
        ids = tokenizer.encode(prompt).ids
        tokens = answer(model, ids)
        if tokens is not None:
            text = tokenizer.decode(tokens, skip_special_tokens=True)
            found = {"prompt": prompt, "prompt_tokens": ids, "tokens": tokens, "text": text}
            (Path(folder) / "generated.json").write_text(json.dumps(found))
            return
    print(f"{folder}: no prompt has an answer that no rounding changes")


def make(folder, build, config, dtype, shard_size):
    config._attn_implementation = "eager"
    # Grouped products know no float64.
    config._experts_implementation = "eager"
    model = build(config).eval()
    spread(model)
    experts = experts_of(config)
    if experts:
        clear_routes(model, experts)
    cast(model, dtype)
    model.save_pretrained(folder, max_shard_size=shard_size)
    ids = torch.randint(0, config.vocab_size, (sum(LENGTHS),))
    # What the files hold, in float64; rounded to bfloat16 only afterwards.
    if experts:
        least, hooks = watch_routes(model, experts, config.num_experts_per_tok)
    logits = {torch.float64: run(model, torch.float64, ids)}
    make_answer(folder, model, make_tokenizer(folder, config.vocab_size))
    if experts:
        for hook in hooks:
            hook.remove()
        print(f"{folder}: experts chosen and not are {least[0]:.4f} apart at least")
        if least[0] < 0.02:
            sys.exit("another seed, please: roundings could choose other experts")
    logits[torch.bfloat16] = run(model, torch.bfloat16, ids)
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
    if MixtralConfig is None:
        print("skipped: mixtures of experts, which this transformers does not know")
    for name, (build, config, dtype, shard_size) in MODELS.items():
        torch.manual_seed(len(name))
        folder = Path(sys.argv[1]) / name
        folder.mkdir(parents=True, exist_ok=True)
        make(folder, build, config, dtype, shard_size)


if __name__ == "__main__":
    main()
