//! Which tensors a piece is made of, and which rows and columns of them are a rank's.

use std::ops::Range;

use super::{Checkpoint, CheckpointError, Cut, Piece};
use crate::model::{Ffn, Moe};

/// How a family names what it has of experts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ExpertNames {
    /// `block_sparse_moe.experts.0.w1`.
    Mixtral,
    /// `mlp.experts.0.gate_proj`.
    Qwen,
}

/// Gate, up and down of a feed-forward block.
const GATED: [&str; 3] = ["gate_proj", "up_proj", "down_proj"];
/// Of a dense model.
const NO_EXPERTS: Moe =
    Moe { experts: 0, top_k: 0, intermediate: 0, shared_intermediate: 0, renormalise: true };

impl ExpertNames {
    /// The feed-forward block within a layer.
    pub(super) fn block(self) -> &'static str {
        match self {
            Self::Mixtral => "block_sparse_moe",
            Self::Qwen => "mlp",
        }
    }

    /// Gate, up and down of an expert.
    fn matrices(self) -> [&'static str; 3] {
        match self {
            Self::Mixtral => ["w1", "w3", "w2"],
            Self::Qwen => GATED,
        }
    }
}

impl Checkpoint {
    /// The block of an expert.
    fn expert(&self, layer: u32, expert: u32) -> String {
        format!("model.layers.{layer}.{}.experts.{expert}", self.experts.block())
    }

    /// The bf16 numbers of a piece for rank `rank` of `degree`, row-major, rounded to nearest even from wider types.
    ///
    /// Cut as in Megatron (Shoeybi et al. 2019): QKV, gate, up and vocabulary by rows, output projections by columns. Where
    /// ranks outnumber K/V heads, neighbours have the same one. The last rank's vocabulary is filled up with zeros.
    ///
    /// # Errors
    /// When a tensor is not as the model asks.
    pub(in crate::cuda) fn piece(
        &self,
        piece: Piece,
        rank: u32,
        degree: u32,
    ) -> Result<Vec<u16>, CheckpointError> {
        let mut numbers = Vec::new();
        for cut in self.cuts(piece, rank, degree) {
            let (view, path) = self.view(&cut)?;
            cut.check_dtype(view, path)?;
            cut.append(view, &mut numbers);
        }
        Ok(numbers)
    }

    /// The tensors of a piece, from top to bottom, and what of each is the rank's.
    pub(super) fn cuts(&self, piece: Piece, rank: u32, degree: u32) -> Vec<Cut> {
        let model = &self.model;
        let (intermediate, moe) = match model.ffn {
            Ffn::Dense { intermediate } => (intermediate, NO_EXPERTS),
            Ffn::Moe(moe) => (moe.intermediate, moe),
        };
        let size = |count: u32| count as usize;
        let (hidden, head_dim) = (size(model.hidden), size(model.head_dim));
        let share = |count: u32| {
            (size(rank) * size(count / degree))..(size(rank + 1) * size(count / degree))
        };
        let heads = share(model.heads);
        let heads = heads.start * head_dim..heads.end * head_dim;
        let first_kv = size(rank) * size(model.kv_heads) / size(degree);
        let num_kv = size((model.kv_heads / degree).max(1));
        let kv = first_kv * head_dim..(first_kv + num_kv) * head_dim;
        let (q_rows, kv_rows) = (size(model.heads) * head_dim, size(model.kv_heads) * head_dim);
        let vocab_share = size(model.vocab.div_ceil(degree));
        let vocab = size(rank) * vocab_share..size(rank + 1) * vocab_share;
        let at = |layer: u32, name: &str| format!("model.layers.{layer}.{name}");
        let by_rows = |tensor: String, rows: usize, own: Range<usize>| Cut {
            tensor,
            shape: vec![rows, hidden],
            rows: own,
            columns: 0..hidden,
        };
        let by_columns = |tensor: String, columns: u32, own: Range<usize>| Cut {
            tensor,
            shape: vec![hidden, size(columns)],
            rows: 0..hidden,
            columns: own,
        };
        let vector = |tensor: String, len: usize, own: Range<usize>| Cut {
            tensor,
            shape: vec![len],
            rows: own,
            columns: 0..1,
        };
        let gate_up = |block: &str, names: [&str; 3], rows: u32| {
            [names[0], names[1]]
                .map(|name| by_rows(format!("{block}.{name}.weight"), size(rows), share(rows)))
        };
        let down = |block: &str, names: [&str; 3], columns: u32| {
            by_columns(format!("{block}.{}.weight", names[2]), columns, share(columns))
        };
        match piece {
            Piece::Qkv(i) => vec![
                by_rows(at(i, "self_attn.q_proj.weight"), q_rows, heads),
                by_rows(at(i, "self_attn.k_proj.weight"), kv_rows, kv.clone()),
                by_rows(at(i, "self_attn.v_proj.weight"), kv_rows, kv),
            ],
            Piece::QkvBias(i) => vec![
                vector(at(i, "self_attn.q_proj.bias"), q_rows, heads),
                vector(at(i, "self_attn.k_proj.bias"), kv_rows, kv.clone()),
                vector(at(i, "self_attn.v_proj.bias"), kv_rows, kv),
            ],
            Piece::QkNorm(i) => ["self_attn.q_norm.weight", "self_attn.k_norm.weight"]
                .map(|name| vector(at(i, name), head_dim, 0..head_dim))
                .into(),
            Piece::OProj(i) => {
                let columns = model.heads * model.head_dim;
                vec![by_columns(at(i, "self_attn.o_proj.weight"), columns, heads)]
            }
            Piece::GateUp(i) => gate_up(&at(i, "mlp"), GATED, intermediate).into(),
            Piece::Down(i) => vec![down(&at(i, "mlp"), GATED, intermediate)],
            Piece::Router(i) => {
                let mlp = at(i, self.experts.block());
                let every = |name: &str, rows: usize| {
                    by_rows(format!("{mlp}.{name}.weight"), rows, 0..rows)
                };
                let scores = every("gate", size(moe.experts));
                let shared = (moe.shared_intermediate > 0).then(|| every("shared_expert_gate", 1));
                [scores].into_iter().chain(shared).collect()
            }
            Piece::ExpertsGateUp(i) => {
                let names = self.experts.matrices();
                let of = |expert| gate_up(&self.expert(i, expert), names, moe.intermediate);
                (0..moe.experts).flat_map(of).collect()
            }
            Piece::ExpertsDown(i) => {
                let names = self.experts.matrices();
                let of = |expert| down(&self.expert(i, expert), names, moe.intermediate);
                (0..moe.experts).map(of).collect()
            }
            Piece::SharedGateUp(i) => {
                gate_up(&at(i, "mlp.shared_expert"), GATED, moe.shared_intermediate).into()
            }
            Piece::SharedDown(i) => {
                vec![down(&at(i, "mlp.shared_expert"), GATED, moe.shared_intermediate)]
            }
            Piece::Norm(index) => {
                let name = match (index / 2, index % 2) {
                    (layer, _) if layer >= model.layers => "model.norm.weight".to_owned(),
                    (layer, 0) => at(layer, "input_layernorm.weight"),
                    (layer, _) => at(layer, "post_attention_layernorm.weight"),
                };
                vec![vector(name, hidden, 0..hidden)]
            }
            Piece::LmHead if !self.tied => {
                vec![by_rows("lm_head.weight".to_owned(), size(model.vocab), vocab)]
            }
            Piece::Embedding | Piece::LmHead => {
                vec![by_rows("model.embed_tokens.weight".to_owned(), size(model.vocab), vocab)]
            }
        }
    }
}
