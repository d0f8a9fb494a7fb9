//! Small checkpoints, written here byte by byte, and what ranks get of them.

mod twin;

use std::{collections::BTreeMap, fs, path::Path};

use half::{bf16, f16};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Checkpoint, Piece};
use crate::model::{Ffn, Shard};
use twin::Twin;

/// Shape and numbers by name.
type Tensors = BTreeMap<String, (Vec<usize>, Vec<f32>)>;

const HIDDEN: usize = 16;
const HEAD_DIM: usize = 8;

/// Experts of those that have them.
const EXPERTS: usize = 3;

/// Plain, with biases on queries, keys and values, with norms of queries and keys; then the mixtures of experts.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Family {
    Llama,
    Qwen2,
    Qwen3,
    Mixtral,
    Qwen2Moe,
    Qwen3Moe,
}

impl Family {
    fn has_bias(self) -> bool {
        matches!(self, Self::Qwen2 | Self::Qwen2Moe)
    }

    fn has_qk_norm(self) -> bool {
        matches!(self, Self::Qwen3 | Self::Qwen3Moe)
    }

    fn has_experts(self) -> bool {
        matches!(self, Self::Mixtral | Self::Qwen2Moe | Self::Qwen3Moe)
    }

    /// The block of one expert, and how its gate, up and down are called.
    fn expert(self, expert: usize) -> (String, [&'static str; 3]) {
        match self {
            Self::Mixtral => (format!("block_sparse_moe.experts.{expert}"), ["w1", "w3", "w2"]),
            _ => (format!("mlp.experts.{expert}"), DENSE),
        }
    }

    fn router(self) -> &'static str {
        if self == Self::Mixtral { "block_sparse_moe.gate" } else { "mlp.gate" }
    }
}

const DENSE: [&str; 3] = ["gate_proj", "up_proj", "down_proj"];

#[derive(Clone, Copy, Debug)]
struct Model {
    heads: usize,
    kv_heads: usize,
    intermediate: usize,
    vocab: usize,
    layers: usize,
    family: Family,
    tied: bool,
}

const SMALL: Model = Model {
    heads: 4,
    kv_heads: 2,
    intermediate: 12,
    vocab: 11,
    layers: 2,
    family: Family::Qwen2,
    tied: false,
};

fn config(m: Model) -> Value {
    let name = format!("{:?}ForCausalLM", m.family);
    json!({
        "architectures": [name], "hidden_size": HIDDEN, "num_attention_heads": m.heads,
        "num_key_value_heads": m.kv_heads, "head_dim": HEAD_DIM, "num_hidden_layers": m.layers,
        "intermediate_size": m.intermediate, "vocab_size": m.vocab, "tie_word_embeddings": m.tied,
        "num_local_experts": EXPERTS, "num_experts": EXPERTS, "num_experts_per_tok": 2,
        "moe_intermediate_size": m.intermediate, "shared_expert_intermediate_size": 2 * m.intermediate,
    })
}

/// Numbers that all differ and that bf16 has to round.
fn tensors(m: Model) -> Tensors {
    let mut all = Tensors::new();
    let mut add = |name: String, shape: Vec<usize>| {
        let (len, at) = (shape.iter().product::<usize>(), all.len());
        let numbers = (0..len).map(|i| ((i * 7919 + at * 104_729) % 65_521) as f32 / 977.0 - 30.0);
        all.insert(name, (shape, numbers.collect()));
    };
    let (q, kv) = (m.heads * HEAD_DIM, m.kv_heads * HEAD_DIM);
    add("model.embed_tokens.weight".to_owned(), vec![m.vocab, HIDDEN]);
    add("model.norm.weight".to_owned(), vec![HIDDEN]);
    if !m.tied {
        add("lm_head.weight".to_owned(), vec![m.vocab, HIDDEN]);
    }
    for layer in 0..m.layers {
        let mut of = |name: &str, shape| add(format!("model.layers.{layer}.{name}"), shape);
        for (name, rows) in [("q_proj", q), ("k_proj", kv), ("v_proj", kv)] {
            of(&format!("self_attn.{name}.weight"), vec![rows, HIDDEN]);
            if m.family.has_bias() {
                of(&format!("self_attn.{name}.bias"), vec![rows]);
            }
        }
        if m.family.has_qk_norm() {
            of("self_attn.q_norm.weight", vec![HEAD_DIM]);
            of("self_attn.k_norm.weight", vec![HEAD_DIM]);
        }
        of("self_attn.o_proj.weight", vec![HIDDEN, q]);
        let mut gated = |(block, [gate, up, down]): (String, [&str; 3]), rows: usize| {
            of(&format!("{block}.{gate}.weight"), vec![rows, HIDDEN]);
            of(&format!("{block}.{up}.weight"), vec![rows, HIDDEN]);
            of(&format!("{block}.{down}.weight"), vec![HIDDEN, rows]);
        };
        if m.family.has_experts() {
            (0..EXPERTS).for_each(|expert| gated(m.family.expert(expert), m.intermediate));
            if m.family == Family::Qwen2Moe {
                gated(("mlp.shared_expert".to_owned(), DENSE), 2 * m.intermediate);
                of("mlp.shared_expert_gate.weight", vec![1, HIDDEN]);
            }
            of(&format!("{}.weight", m.family.router()), vec![EXPERTS, HIDDEN]);
        } else {
            gated(("mlp".to_owned(), DENSE), m.intermediate);
        }
        of("input_layernorm.weight", vec![HIDDEN]);
        of("post_attention_layernorm.weight", vec![HIDDEN]);
    }
    all
}

fn bytes_of(dtype: &str, numbers: &[f32]) -> Vec<u8> {
    let one = |&x: &f32| match dtype {
        "F32" => x.to_le_bytes().to_vec(),
        "F16" => f16::from_f32(x).to_le_bytes().to_vec(),
        _ => bf16::from_f32(x).to_le_bytes().to_vec(),
    };
    numbers.iter().flat_map(one).collect()
}

/// The format: length of the header, the header as JSON, the data.
fn safetensors(tensors: &Tensors, dtype: &str) -> Vec<u8> {
    let (mut header, mut data) = (serde_json::Map::new(), Vec::new());
    for (name, (shape, numbers)) in tensors {
        let from = data.len();
        data.extend(bytes_of(dtype, numbers));
        let entry = json!({"dtype": dtype, "shape": shape, "data_offsets": [from, data.len()]});
        header.insert(name.clone(), entry);
    }
    let header = Value::Object(header).to_string();
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend(header.into_bytes());
    file.extend(data);
    file
}

fn write(folder: &Path, m: Model, tensors: &Tensors, dtype: &str) {
    fs::write(folder.join("config.json"), config(m).to_string()).unwrap();
    fs::write(folder.join("model.safetensors"), safetensors(tensors, dtype)).unwrap();
}

/// In three files behind an index.
fn write_sharded(folder: &Path, m: Model, tensors: &Tensors, dtype: &str) {
    fs::write(folder.join("config.json"), config(m).to_string()).unwrap();
    let mut map = serde_json::Map::new();
    for part in 0..3 {
        let file = format!("model-0000{part}-of-00003.safetensors");
        let own: Tensors = tensors
            .iter()
            .enumerate()
            .filter(|(i, _)| i % 3 == part)
            .map(|(_, (name, tensor))| (name.clone(), tensor.clone()))
            .collect();
        map.extend(own.keys().map(|name| (name.clone(), json!(file))));
        fs::write(folder.join(&file), safetensors(&own, dtype)).unwrap();
    }
    let index = json!({"metadata": {"total_size": 1}, "weight_map": map});
    fs::write(folder.join("model.safetensors.index.json"), index.to_string()).unwrap();
}

fn check_pieces(m: Model, dtype: &str, degree: usize, sharded: bool) {
    let folder = tempfile::tempdir().unwrap();
    let tensors = tensors(m);
    if sharded {
        write_sharded(folder.path(), m, &tensors, dtype);
    } else {
        write(folder.path(), m, &tensors, dtype);
    }
    let checkpoint = Checkpoint::open(folder.path()).unwrap();
    let shard = Shard::new(checkpoint.model(), degree as u32).unwrap();
    let (intermediate, shared, scores) = match shard.ffn {
        Ffn::Dense { intermediate } => (intermediate, 0, 0),
        Ffn::Moe(moe) => (moe.intermediate, moe.shared_intermediate, moe.scores()),
    };
    let gate_up = |rows: u32| 2 * rows as usize * HIDDEN;
    let down = |columns: u32| HIDDEN * columns as usize;
    for piece in Piece::all(checkpoint.model()) {
        let len = match piece {
            Piece::Qkv(_) => shard.qkv_columns() as usize * HIDDEN,
            Piece::QkvBias(_) => shard.qkv_columns() as usize,
            Piece::QkNorm(_) => 2 * HEAD_DIM,
            Piece::OProj(_) => HIDDEN * shard.heads as usize * HEAD_DIM,
            Piece::GateUp(_) => gate_up(intermediate),
            Piece::Down(_) => down(intermediate),
            Piece::Router(_) => scores as usize * HIDDEN,
            Piece::ExpertsGateUp(_) => EXPERTS * gate_up(intermediate),
            Piece::ExpertsDown(_) => EXPERTS * down(intermediate),
            Piece::SharedGateUp(_) => gate_up(shared),
            Piece::SharedDown(_) => down(shared),
            Piece::Norm(_) => HIDDEN,
            Piece::Embedding | Piece::LmHead => shard.vocab as usize * HIDDEN,
        };
        for rank in 0..degree {
            let got = checkpoint.piece(piece, rank as u32, degree as u32).unwrap();
            let round = |x: f32| match dtype {
                "F16" => bf16::from_f32(f16::from_f32(x).to_f32()).to_bits(),
                _ => bf16::from_f32(x).to_bits(),
            };
            let twin = Twin { m, tensors: &tensors, rank, degree };
            let expected: Vec<u16> = twin.piece(piece).into_iter().map(round).collect();
            assert_eq!(got.len(), len, "{piece:?} of rank {rank}");
            assert!(got == expected, "{piece:?} of rank {rank} of {degree}, {dtype}, {m:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]
    /// Whatever the model, type, degree and number of files, a rank has what brute force gives it.
    #[test]
    fn shards_are_those_of_brute_force(
        (degree, per_rank, kv) in (0u32..3, 1usize..3, 0u32..3),
        (vocab, layers) in (1usize..40, 1usize..3),
        (tied, sharded) in any::<(bool, bool)>(),
        family in prop_oneof![
            Just(Family::Llama), Just(Family::Qwen2), Just(Family::Qwen3),
            Just(Family::Mixtral), Just(Family::Qwen2Moe), Just(Family::Qwen3Moe),
        ],
        dtype in prop_oneof![Just("F32"), Just("F16"), Just("BF16")],
    ) {
        let degree = 1usize << degree;
        let heads = degree * per_rank * 4;
        let model = Model {
            heads, kv_heads: (1usize << kv).min(heads), intermediate: degree * 6, vocab, layers, family, tied,
        };
        check_pieces(model, dtype, degree, sharded);
    }
}

/// The message of a checkpoint that `spoil` has changed, without the folder's name.
fn message(spoil: impl Fn(&Path, &mut Tensors)) -> String {
    let folder = tempfile::tempdir().unwrap();
    let mut tensors = tensors(SMALL);
    spoil(folder.path(), &mut tensors);
    if !folder.path().join("config.json").exists() {
        write(folder.path(), SMALL, &tensors, "BF16");
    }
    let message = Checkpoint::open(folder.path()).unwrap_err().to_string();
    message.replace(&folder.path().display().to_string(), "DIR")
}

#[test]
fn errors_name_tensor_and_file() {
    let q = "model.layers.1.self_attn.q_proj.weight";
    assert_eq!(
        message(|_, tensors| drop(tensors.remove(q))),
        format!("there is no tensor {q}: DIR/model.safetensors")
    );
    assert_eq!(
        message(|_, tensors| tensors.get_mut(q).unwrap().0 = vec![16, 32]),
        format!("{q} is [16, 32], and config.json asks for [32, 16]: DIR/model.safetensors")
    );
    let extra = "model.layers.0.self_attn.o_proj.bias";
    assert_eq!(
        message(|_, tensors| drop(tensors.insert(extra.to_owned(), (vec![2], vec![0.0; 2])))),
        format!("{extra} belongs to nothing that is computed here: DIR/model.safetensors")
    );
    let cut_short = message(|folder, tensors| {
        write(folder, SMALL, tensors, "BF16");
        let path = folder.join("model.safetensors");
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, &bytes[..bytes.len() - 3]).unwrap();
    });
    assert!(cut_short.contains("(an unfinished download?): DIR/model.safetensors"), "{cut_short}");
    let foreign = message(|folder, tensors| {
        write(folder, SMALL, tensors, "BF16");
        let path = folder.join("model.safetensors");
        let text = fs::read(&path).unwrap();
        let header = String::from_utf8_lossy(&text[8..]).find("BF16").unwrap() + 8;
        let mut bytes = text.clone();
        bytes[header..header + 4].copy_from_slice(b"I16\"");
        // One character shorter: the quote takes its place, a space the quote's.
        bytes[header + 4] = b' ';
        fs::write(&path, bytes).unwrap();
    });
    assert!(foreign.contains("holds I16; only BF16, F16 and F32 are read: DIR/"), "{foreign}");
}

#[test]
fn errors_of_folder_and_index() {
    let empty = tempfile::tempdir().unwrap();
    let error = Checkpoint::open(empty.path()).unwrap_err().to_string();
    assert!(error.starts_with("cannot read: ") && error.ends_with("config.json"), "{error}");
    fs::write(empty.path().join("config.json"), config(SMALL).to_string()).unwrap();
    let error = Checkpoint::open(empty.path()).unwrap_err().to_string();
    assert!(error.starts_with("neither model.safetensors nor"), "{error}");
    let missing_file = message(|folder, tensors| {
        write_sharded(folder, SMALL, tensors, "F32");
        fs::remove_file(folder.join("model-00001-of-00003.safetensors")).unwrap();
    });
    assert!(missing_file.starts_with("cannot read: "), "{missing_file}");
    assert!(missing_file.ends_with("DIR/model-00001-of-00003.safetensors"), "{missing_file}");
    let climbing = message(|folder, tensors| {
        write(folder, SMALL, tensors, "F32");
        let index = json!({"weight_map": {"lm_head.weight": "../model.safetensors"}});
        fs::write(folder.join("model.safetensors.index.json"), index.to_string()).unwrap();
    });
    assert_eq!(
        climbing,
        "not an index of safetensors: lm_head.weight lies in \"../model.safetensors\", which is no \
         file name: DIR/model.safetensors.index.json"
    );
    let elsewhere = message(|folder, tensors| {
        write(folder, SMALL, tensors, "F32");
        let index = json!({"weight_map": {"lm_head.weight": "model.safetensors"}});
        fs::write(folder.join("model.safetensors.index.json"), index.to_string()).unwrap();
    });
    assert_eq!(
        elsewhere,
        "there is no tensor model.embed_tokens.weight: DIR/model.safetensors.index.json"
    );
}
