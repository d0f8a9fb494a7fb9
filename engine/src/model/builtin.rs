use super::{Ffn, ModelShape, Moe, RopeScaling};

/// Names of the built-in models, in the order lists show them.
pub fn names() -> [&'static str; 4] {
    ["llama-3.3-70b", "qwen2.5-72b", "mixtral-8x22b", "qwen3-235b-a22b"]
}

/// A built-in model by name; `None` for a name that [`names`] does not list.
///
/// Dimensions are those of the models' public `config.json`.
pub fn builtin(name: &str) -> Option<ModelShape> {
    match name {
        "llama-3.3-70b" => Some(llama_70b()),
        "qwen2.5-72b" => Some(ModelShape {
            name: name.to_owned(),
            ffn: Ffn::Dense { intermediate: 29_568 },
            vocab: 152_064,
            rms_eps: 1e-6,
            rope_theta: 1e6,
            rope_scaling: None,
            qkv_bias: true,
            ..llama_70b()
        }),
        "mixtral-8x22b" => Some(ModelShape {
            name: name.to_owned(),
            hidden: 6144,
            layers: 56,
            heads: 48,
            ffn: Ffn::Moe(Moe {
                experts: 8,
                top_k: 2,
                intermediate: 16_384,
                shared_intermediate: 0,
                renormalise: true,
            }),
            vocab: 32_768,
            rope_theta: 1e6,
            rope_scaling: None,
            ..llama_70b()
        }),
        "qwen3-235b-a22b" => Some(ModelShape {
            name: name.to_owned(),
            hidden: 4096,
            layers: 94,
            kv_heads: 4,
            ffn: Ffn::Moe(Moe {
                experts: 128,
                top_k: 8,
                intermediate: 1536,
                shared_intermediate: 0,
                renormalise: true,
            }),
            vocab: 151_936,
            rms_eps: 1e-6,
            rope_theta: 1e6,
            rope_scaling: None,
            qk_norm: true,
            ..llama_70b()
        }),
        _ => None,
    }
}

/// The shape the others are described against.
fn llama_70b() -> ModelShape {
    ModelShape {
        name: "llama-3.3-70b".to_owned(),
        hidden: 8192,
        layers: 80,
        heads: 64,
        kv_heads: 8,
        head_dim: 128,
        ffn: Ffn::Dense { intermediate: 28_672 },
        vocab: 128_256,
        rms_eps: 1e-5,
        rope_theta: 500_000.0,
        rope_scaling: Some(RopeScaling::Llama3 {
            factor: 8.0,
            low_freq_factor: 1.0,
            high_freq_factor: 4.0,
            original_positions: 8192,
        }),
        qkv_bias: false,
        qk_norm: false,
    }
}
