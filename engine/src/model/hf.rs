//! Models from the `config.json` of a Hugging Face repository.

use serde_json::{Map, Value};

use super::{Ffn, ModelError, ModelShape, Moe, RopeScaling};

/// The families that are known, by `architectures[0]` or `model_type`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    Llama,
    Mistral,
    Qwen2,
    Qwen3,
    Mixtral,
    Qwen2Moe,
    Qwen3Moe,
}

/// (architecture, model type, family)
const FAMILIES: [(&str, &str, Family); 7] = [
    ("LlamaForCausalLM", "llama", Family::Llama),
    ("MistralForCausalLM", "mistral", Family::Mistral),
    ("Qwen2ForCausalLM", "qwen2", Family::Qwen2),
    ("Qwen3ForCausalLM", "qwen3", Family::Qwen3),
    ("MixtralForCausalLM", "mixtral", Family::Mixtral),
    ("Qwen2MoeForCausalLM", "qwen2_moe", Family::Qwen2Moe),
    ("Qwen3MoeForCausalLM", "qwen3_moe", Family::Qwen3Moe),
];

/// Largest count a shape may hold; keeps every product of two of them in 64 bits.
const MAX_COUNT: u64 = 1 << 24;

/// Reads the `config.json` of a Llama-family model from Hugging Face: Llama, Mistral, Qwen2, Qwen3, Mixtral,
/// Qwen2-MoE, Qwen3-MoE.
///
/// Keys that may be absent get the defaults of those models' own configuration classes: K/V heads as many as
/// heads, `head_dim` = hidden ÷ heads, `rope_theta` 10000, `rms_norm_eps` 1e-6, activation `silu`.
///
/// # Errors
/// [`ModelError`] naming the key that is missing, senseless, or asks for something that is not planned: windows
/// in attention, layers of two sorts, quantised weights, activations other than SiLU.
pub fn from_hf_config(json: &str, name: &str) -> Result<ModelShape, ModelError> {
    let config: Map<String, Value> =
        serde_json::from_str(json).map_err(|err| ModelError::Json(err.to_string()))?;
    let config = Config(config);
    let family = config.family()?;
    config.refuse_what_is_not_planned(family)?;
    let (hidden, heads) = (config.count("hidden_size")?, config.count("num_attention_heads")?);
    let model = ModelShape {
        name: name.to_owned(),
        hidden,
        layers: config.count("num_hidden_layers")?,
        heads,
        kv_heads: config.count_or("num_key_value_heads", heads)?,
        head_dim: config.count_or("head_dim", hidden / heads)?,
        ffn: config.ffn(family)?,
        vocab: config.count("vocab_size")?,
        rms_eps: config.positive_or("rms_norm_eps", 1e-6)?,
        rope_theta: config.rope_theta()?,
        rope_scaling: config.rope_scaling()?,
        qkv_bias: match family {
            Family::Qwen2 | Family::Qwen2Moe => config.flag_or("qkv_bias", true)?,
            _ => config.flag_or("attention_bias", false)?,
        },
        qk_norm: matches!(family, Family::Qwen3 | Family::Qwen3Moe),
    };
    model.check()?;
    Ok(model)
}

struct Config(Map<String, Value>);

impl Config {
    fn family(&self) -> Result<Family, ModelError> {
        let architecture = self.get("architectures").and_then(|list| list.get(0));
        let (key, named) = match (architecture, self.get("model_type")) {
            (Some(named), _) => ("architectures", named),
            (None, Some(named)) => ("model_type", named),
            (None, None) => return Err(ModelError::Missing { key: "architectures or model_type" }),
        };
        let known = FAMILIES.iter().find(|(architecture, model_type, _)| {
            named.as_str().is_some_and(|named| named == *architecture || named == *model_type)
        });
        known.map(|(.., family)| *family).ok_or_else(|| {
            let names: Vec<&str> =
                FAMILIES.iter().map(|(architecture, ..)| *architecture).collect();
            odd(key, named, format!("it must be one of {}", names.join(", ")))
        })
    }

    fn refuse_what_is_not_planned(&self, family: Family) -> Result<(), ModelError> {
        let refuse = |key: &str, why: &str| match self.get(key) {
            Some(value) => Err(odd(key, value, why.to_owned())),
            None => Ok(()),
        };
        if self.get("hidden_act").is_some_and(|act| act != "silu") {
            refuse("hidden_act", "only \"silu\" is planned")?;
        }
        refuse("quantization_config", "only bf16 weights are planned")?;
        let windowed = match family {
            Family::Mistral | Family::Mixtral => true,
            _ => self.flag_or("use_sliding_window", false)?,
        };
        if windowed {
            refuse("sliding_window", "attention within a window is not planned")?;
        }
        let all_sparse = "layers of two sorts, some with experts and some without, are not planned";
        if self.count_or("decoder_sparse_step", 1)? != 1 {
            refuse("decoder_sparse_step", all_sparse)?;
        }
        if self.get("mlp_only_layers").is_some_and(|layers| layers != &Value::Array(Vec::new())) {
            refuse("mlp_only_layers", all_sparse)?;
        }
        Ok(())
    }

    fn ffn(&self, family: Family) -> Result<Ffn, ModelError> {
        let moe = |experts, intermediate, shared_intermediate| {
            Ok(Ffn::Moe(Moe {
                experts,
                top_k: self.count("num_experts_per_tok")?,
                intermediate,
                shared_intermediate,
                renormalise: match family {
                    Family::Mixtral => true,
                    _ => self.flag_or("norm_topk_prob", false)?,
                },
            }))
        };
        match family {
            Family::Llama | Family::Mistral | Family::Qwen2 | Family::Qwen3 => {
                Ok(Ffn::Dense { intermediate: self.count("intermediate_size")? })
            }
            Family::Mixtral => {
                moe(self.count("num_local_experts")?, self.count("intermediate_size")?, 0)
            }
            Family::Qwen2Moe => moe(
                self.experts()?,
                self.count("moe_intermediate_size")?,
                self.count("shared_expert_intermediate_size")?,
            ),
            Family::Qwen3Moe => moe(self.experts()?, self.count("moe_intermediate_size")?, 0),
        }
    }

    /// Transformers 5 writes Qwen3's as Mixtral always has.
    fn experts(&self) -> Result<u32, ModelError> {
        match self.get("num_experts") {
            None if self.get("num_local_experts").is_some() => self.count("num_local_experts"),
            _ => self.count("num_experts"),
        }
    }

    /// At the top in most files, under `rope_parameters` in those of transformers 5.
    fn rope_theta(&self) -> Result<f64, ModelError> {
        let nested = self.get("rope_parameters").and_then(|rope| rope.get("rope_theta"));
        match (self.get("rope_theta"), nested) {
            (None, Some(value)) => positive("rope_parameters.rope_theta", value),
            _ => self.positive_or("rope_theta", 10_000.0),
        }
    }

    /// Under `rope_scaling` in most files, with `rope_theta` under `rope_parameters` in those of transformers 5. The
    /// sort is `rope_type`, in older files `type`.
    fn rope_scaling(&self) -> Result<Option<RopeScaling>, ModelError> {
        let Some(rope) = self.get("rope_scaling").or_else(|| self.get("rope_parameters")) else {
            return Ok(None);
        };
        let number = |key: &str| match rope.get(key) {
            Some(value) => positive(&format!("rope_scaling.{key}"), value),
            None => Err(odd("rope_scaling", rope, format!("it needs {key}"))),
        };
        Ok(match rope.get("rope_type").or_else(|| rope.get("type")).and_then(Value::as_str) {
            None | Some("default") => None,
            Some("linear") => Some(RopeScaling::Linear { factor: number("factor")? }),
            Some("llama3") => Some(RopeScaling::Llama3 {
                factor: number("factor")?,
                low_freq_factor: number("low_freq_factor")?,
                high_freq_factor: number("high_freq_factor")?,
                original_positions: number("original_max_position_embeddings")? as u32,
            }),
            Some(other) => Some(RopeScaling::Other { name: other.to_owned() }),
        })
    }

    /// A value that is there and not null.
    fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key).filter(|value| !value.is_null())
    }

    fn count(&self, key: &'static str) -> Result<u32, ModelError> {
        let value = self.get(key).ok_or(ModelError::Missing { key })?;
        let count = value.as_u64().filter(|count| (1..=MAX_COUNT).contains(count));
        let expected = || format!("it must be a whole number between 1 and {MAX_COUNT}");
        count.map(|count| count as u32).ok_or_else(|| odd(key, value, expected()))
    }

    fn count_or(&self, key: &'static str, default: u32) -> Result<u32, ModelError> {
        if self.get(key).is_some() { self.count(key) } else { Ok(default) }
    }

    fn positive_or(&self, key: &str, default: f64) -> Result<f64, ModelError> {
        self.get(key).map_or(Ok(default), |value| positive(key, value))
    }

    fn flag_or(&self, key: &str, default: bool) -> Result<bool, ModelError> {
        let Some(value) = self.get(key) else { return Ok(default) };
        value.as_bool().ok_or_else(|| odd(key, value, "it must be true or false".to_owned()))
    }
}

fn positive(key: &str, value: &Value) -> Result<f64, ModelError> {
    let number = value.as_f64().filter(|number| number.is_finite() && *number > 0.0);
    number.ok_or_else(|| odd(key, value, "it must be a positive number".to_owned()))
}

fn odd(key: &str, value: &Value, expected: String) -> ModelError {
    // A whole object would push the explanation off the line.
    let text: String = value.to_string().chars().take(60).collect();
    ModelError::Odd { key: key.to_owned(), value: text, expected }
}
