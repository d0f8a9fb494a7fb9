//! Built-in models, Hugging Face configs, and what a rank holds of them.

use weftscope_engine::model::{self, Ffn, ModelShape, Moe, RopeScaling, Shard, from_hf_config};

/// A config with the keys of `base` and those of `more`, which win.
fn config(base: serde_json::Value, more: serde_json::Value) -> String {
    let (serde_json::Value::Object(mut base), serde_json::Value::Object(more)) = (base, more)
    else {
        panic!("configs are objects");
    };
    base.extend(more);
    serde_json::Value::Object(base).to_string()
}

/// The public config of Llama-3.3-70B-Instruct, keys that decide the shape.
fn llama() -> serde_json::Value {
    serde_json::json!({
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "attention_bias": false,
        "hidden_act": "silu", "hidden_size": 8192, "intermediate_size": 28672,
        "num_attention_heads": 64, "num_hidden_layers": 80, "num_key_value_heads": 8,
        "rms_norm_eps": 1e-5, "rope_theta": 500000.0, "vocab_size": 128256, "head_dim": 128,
        "rope_scaling": {"factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
            "original_max_position_embeddings": 8192, "rope_type": "llama3"},
    })
}

fn from(more: serde_json::Value) -> Result<ModelShape, String> {
    from_hf_config(&config(llama(), more), "m").map_err(|err| err.to_string())
}

#[test]
fn public_configs_give_the_built_in_shapes() {
    let same = |json: String, name: &str| {
        assert_eq!(from_hf_config(&json, name).unwrap(), model::builtin(name).unwrap());
    };
    let none = serde_json::json!({});
    same(config(llama(), none), "llama-3.3-70b");
    let qwen2 = serde_json::json!({
        "architectures": ["Qwen2ForCausalLM"], "hidden_act": "silu", "hidden_size": 8192,
        "intermediate_size": 29568, "num_attention_heads": 64, "num_hidden_layers": 80,
        "num_key_value_heads": 8, "rms_norm_eps": 1e-6, "rope_theta": 1000000.0,
        "sliding_window": 131072, "use_sliding_window": false, "vocab_size": 152064,
    });
    same(qwen2.to_string(), "qwen2.5-72b");
    let mixtral = serde_json::json!({
        "architectures": ["MixtralForCausalLM"], "hidden_act": "silu", "hidden_size": 6144,
        "intermediate_size": 16384, "num_attention_heads": 48, "num_experts_per_tok": 2,
        "num_hidden_layers": 56, "num_key_value_heads": 8, "num_local_experts": 8,
        "rms_norm_eps": 1e-5, "rope_theta": 1000000.0, "sliding_window": null, "vocab_size": 32768,
    });
    same(mixtral.to_string(), "mixtral-8x22b");
    let qwen3 = serde_json::json!({
        "architectures": ["Qwen3MoeForCausalLM"], "attention_bias": false, "decoder_sparse_step": 1,
        "head_dim": 128, "hidden_act": "silu", "hidden_size": 4096, "intermediate_size": 12288,
        "mlp_only_layers": [], "moe_intermediate_size": 1536, "num_attention_heads": 64,
        "num_experts": 128, "num_experts_per_tok": 8, "norm_topk_prob": true, "num_hidden_layers": 94,
        "num_key_value_heads": 4, "rms_norm_eps": 1e-6, "rope_theta": 1000000.0,
        "use_sliding_window": false, "vocab_size": 151936,
    });
    same(qwen3.to_string(), "qwen3-235b-a22b");
}

#[test]
fn other_spellings_and_defaults() {
    // Qwen1.5-MoE has a shared expert; transformers 5 moves rope_theta.
    let shape = from(serde_json::json!({
        "architectures": null, "model_type": "qwen2_moe", "num_experts": 60,
        "num_experts_per_tok": 4, "moe_intermediate_size": 1408,
        "shared_expert_intermediate_size": 5632, "rope_theta": null,
        "rope_parameters": {"rope_theta": 1e6}, "head_dim": null, "num_key_value_heads": null,
    }))
    .unwrap();
    let ffn = Ffn::Moe(Moe {
        experts: 60,
        top_k: 4,
        intermediate: 1408,
        shared_intermediate: 5632,
        renormalise: false,
    });
    assert_eq!((shape.ffn, shape.rope_theta, shape.qkv_bias), (ffn, 1e6, true));
    assert_eq!((shape.head_dim, shape.kv_heads), (128, 64));
    let renamed = from(serde_json::json!({
        "architectures": ["Qwen3MoeForCausalLM"], "num_experts": null, "num_local_experts": 16,
        "num_experts_per_tok": 4, "moe_intermediate_size": 96, "norm_topk_prob": true,
    }));
    let ffn = Ffn::Moe(Moe {
        experts: 16,
        top_k: 4,
        intermediate: 96,
        shared_intermediate: 0,
        renormalise: true,
    });
    assert_eq!(renamed.unwrap().ffn, ffn, "as transformers 5 writes it");
    let scaled =
        |rope| from(serde_json::json!({"rope_scaling": rope})).map(|shape| shape.rope_scaling);
    let linear = serde_json::json!({"type": "linear", "factor": 2.0});
    assert_eq!(scaled(linear).unwrap(), Some(RopeScaling::Linear { factor: 2.0 }));
    let yarn = serde_json::json!({"rope_type": "yarn", "factor": 4.0});
    assert_eq!(scaled(yarn).unwrap(), Some(RopeScaling::Other { name: "yarn".to_owned() }));
    let missing = scaled(serde_json::json!({"rope_type": "llama3"})).unwrap_err();
    assert!(missing.ends_with("it needs factor"), "{missing}");
}

#[test]
fn errors_name_the_key() {
    let cases = [
        (serde_json::json!({"hidden_size": null}), "the model config has no hidden_size"),
        (
            serde_json::json!({"num_hidden_layers": 0}),
            "num_hidden_layers of the model config is 0; it must be a whole number between 1 and 16777216",
        ),
        (
            serde_json::json!({"vocab_size": "many"}),
            "vocab_size of the model config is \"many\"; it must be a whole number between 1 and 16777216",
        ),
        (
            serde_json::json!({"rms_norm_eps": -1.0}),
            "rms_norm_eps of the model config is -1.0; it must be a positive number",
        ),
        (
            serde_json::json!({"hidden_act": "gelu"}),
            "hidden_act of the model config is \"gelu\"; only \"silu\" is planned",
        ),
        (
            serde_json::json!({"num_key_value_heads": 7}),
            "num_key_value_heads of the model config is 7; it must divide the 64 attention heads",
        ),
        (
            serde_json::json!({"architectures": ["MistralForCausalLM"], "sliding_window": 4096}),
            "sliding_window of the model config is 4096; attention within a window is not planned",
        ),
        (
            serde_json::json!({"architectures": null, "model_type": null}),
            "the model config has no architectures or model_type",
        ),
    ];
    for (more, message) in cases {
        assert_eq!(from(more).unwrap_err(), message);
    }
    let unknown = from(serde_json::json!({"architectures": ["GPT2LMHeadModel"]})).unwrap_err();
    assert!(unknown.starts_with("architectures of the model config is \"GPT2LMHeadModel\""));
    let broken = from_hf_config("{\"hidden_size\": 1,}", "m").unwrap_err().to_string();
    assert_eq!(broken, "not a model config: trailing comma at line 1 column 19");
    assert!(from_hf_config("", "m").unwrap_err().to_string().contains("EOF"));
}

#[test]
fn shards_match_the_published_per_rank_shapes() {
    // From the configs, per rank at degree 8: columns of QKV, rows of O, columns of gate/up.
    let shard = |name, degree| Shard::new(&model::builtin(name).unwrap(), degree).unwrap();
    let llama = shard("llama-3.3-70b", 8);
    assert_eq!((llama.qkv_columns(), llama.heads * llama.head_dim), (1280, 1024));
    assert_eq!(llama.ffn, Ffn::Dense { intermediate: 3584 });
    assert_eq!(shard("qwen2.5-72b", 8).ffn, Ffn::Dense { intermediate: 3696 });
    assert_eq!(shard("mixtral-8x22b", 8).qkv_columns(), 1024);
    let qwen3 = shard("qwen3-235b-a22b", 8);
    assert_eq!((qwen3.qkv_columns(), qwen3.kv_heads), (1280, 1), "one K/V head, replicated");
    let Ffn::Moe(Moe { intermediate, .. }) = qwen3.ffn else { panic!("Qwen3-235B is a mixture") };
    assert_eq!(intermediate, 192);
    assert_eq!(shard("llama-3.3-70b", 4).qkv_columns(), 2560);
}

#[test]
fn degrees_that_do_not_divide_are_refused() {
    let refuse =
        |name, degree| Shard::new(&model::builtin(name).unwrap(), degree).unwrap_err().to_string();
    assert_eq!(
        refuse("llama-3.3-70b", 3),
        "tensor parallelism of 3 does not divide the 64 attention heads of llama-3.3-70b"
    );
    assert_eq!(
        refuse("mixtral-8x22b", 12),
        "tensor parallelism of 12 does not divide the 8 key/value heads of mixtral-8x22b"
    );
    assert_eq!(
        refuse("mixtral-8x22b", 48),
        "tensor parallelism of 48 does not divide the 16384 intermediate rows of an expert of mixtral-8x22b"
    );
}
