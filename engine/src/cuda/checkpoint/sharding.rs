//! Which tensors a piece is made of, and which rows and columns of them are a rank's.

use std::ops::Range;

use super::{Checkpoint, CheckpointError, Cut, Piece, names::GATED};
use crate::model::{Ffn, ModelShape, Moe};

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
        let own = Own { model: &self.model, rank: rank as usize, degree: degree as usize };
        match piece {
            Piece::Qkv(i) => own.qkv(|name, rows, own_rows| {
                let weight = at(i, &format!("self_attn.{name}.weight"));
                own.by_rows(weight, rows, own_rows)
            }),
            Piece::QkvBias(i) => own.qkv(|name, rows, own_rows| {
                vector(at(i, &format!("self_attn.{name}.bias")), rows, own_rows)
            }),
            Piece::QkNorm(i) => {
                let width = own.model.head_dim as usize;
                ["q_norm", "k_norm"]
                    .map(|name| vector(at(i, &format!("self_attn.{name}.weight")), width, 0..width))
                    .into()
            }
            Piece::OProj(i) => {
                let columns = own.model.heads * own.model.head_dim;
                vec![own.by_columns(at(i, "self_attn.o_proj.weight"), columns)]
            }
            Piece::GateUp(_)
            | Piece::Down(_)
            | Piece::Router(_)
            | Piece::ExpertsGateUp(_)
            | Piece::ExpertsDown(_)
            | Piece::SharedGateUp(_)
            | Piece::SharedDown(_) => self.feed_forward(piece, own),
            Piece::Norm(index) => vec![own.norm(index)],
            Piece::LmHead if !self.tied => vec![own.vocabulary("lm_head.weight")],
            Piece::Embedding | Piece::LmHead => vec![own.vocabulary("model.embed_tokens.weight")],
        }
    }

    /// The same of a feed-forward block; nothing of a piece that the model has not.
    fn feed_forward(&self, piece: Piece, own: Own<'_>) -> Vec<Cut> {
        match (piece, self.model.ffn) {
            (Piece::GateUp(i), Ffn::Dense { intermediate }) => {
                own.gate_up(&at(i, "mlp"), GATED, intermediate).into()
            }
            (Piece::Down(i), Ffn::Dense { intermediate }) => {
                vec![own.down(&at(i, "mlp"), GATED, intermediate)]
            }
            (Piece::Router(i), Ffn::Moe(moe)) => self.router(i, moe, own),
            (Piece::ExpertsGateUp(i), Ffn::Moe(moe)) => {
                let names = self.experts.matrices();
                let of = |expert| own.gate_up(&self.expert(i, expert), names, moe.intermediate);
                (0..moe.experts).flat_map(of).collect()
            }
            (Piece::ExpertsDown(i), Ffn::Moe(moe)) => {
                let names = self.experts.matrices();
                let of = |expert| own.down(&self.expert(i, expert), names, moe.intermediate);
                (0..moe.experts).map(of).collect()
            }
            (Piece::SharedGateUp(i), Ffn::Moe(moe)) => {
                own.gate_up(&at(i, "mlp.shared_expert"), GATED, moe.shared_intermediate).into()
            }
            (Piece::SharedDown(i), Ffn::Moe(moe)) => {
                vec![own.down(&at(i, "mlp.shared_expert"), GATED, moe.shared_intermediate)]
            }
            _ => Vec::new(),
        }
    }

    /// Every rank's: scores of all experts, then the gate of the shared one.
    fn router(&self, layer: u32, moe: Moe, own: Own<'_>) -> Vec<Cut> {
        let mlp = at(layer, self.experts.block());
        let every =
            |name: &str, rows: usize| own.by_rows(format!("{mlp}.{name}.weight"), rows, 0..rows);
        let shared = (moe.shared_intermediate > 0).then(|| every("shared_expert_gate", 1));
        [every("gate", moe.experts as usize)].into_iter().chain(shared).collect()
    }
}

/// A tensor of a layer.
fn at(layer: u32, name: &str) -> String {
    format!("model.layers.{layer}.{name}")
}

fn vector(tensor: String, len: usize, rows: Range<usize>) -> Cut {
    Cut { tensor, shape: vec![len], rows, columns: 0..1 }
}

/// What one rank takes of a model's tensors.
#[derive(Clone, Copy)]
struct Own<'a> {
    model: &'a ModelShape,
    rank: usize,
    degree: usize,
}

impl Own<'_> {
    fn hidden(self) -> usize {
        self.model.hidden as usize
    }

    /// Its part of so many rows or columns.
    fn share(self, count: u32) -> Range<usize> {
        let each = count as usize / self.degree;
        self.rank * each..(self.rank + 1) * each
    }

    fn by_rows(self, tensor: String, rows: usize, own: Range<usize>) -> Cut {
        let hidden = self.hidden();
        Cut { tensor, shape: vec![rows, hidden], rows: own, columns: 0..hidden }
    }

    fn by_columns(self, tensor: String, columns: u32) -> Cut {
        Cut {
            tensor,
            shape: vec![self.hidden(), columns as usize],
            rows: 0..self.hidden(),
            columns: self.share(columns),
        }
    }

    /// Queries, keys and values by `cut(name, rows, own rows)`: whole heads.
    fn qkv(self, cut: impl Fn(&str, usize, Range<usize>) -> Cut) -> Vec<Cut> {
        let ModelShape { heads, kv_heads, .. } = *self.model;
        let width = self.model.head_dim as usize;
        let rows = |heads: Range<usize>| heads.start * width..heads.end * width;
        let first_kv = self.rank * kv_heads as usize / self.degree;
        let num_kv = (kv_heads as usize / self.degree).max(1);
        let queries = rows(self.share(heads));
        let keys = rows(first_kv..first_kv + num_kv);
        let all_keys = kv_heads as usize * width;
        vec![
            cut("q_proj", heads as usize * width, queries),
            cut("k_proj", all_keys, keys.clone()),
            cut("v_proj", all_keys, keys),
        ]
    }

    fn gate_up(self, block: &str, names: [&str; 3], rows: u32) -> [Cut; 2] {
        [names[0], names[1]].map(|name| {
            self.by_rows(format!("{block}.{name}.weight"), rows as usize, self.share(rows))
        })
    }

    fn down(self, block: &str, names: [&str; 3], columns: u32) -> Cut {
        self.by_columns(format!("{block}.{}.weight", names[2]), columns)
    }

    fn norm(self, index: u32) -> Cut {
        let name = match (index / 2, index % 2) {
            (layer, _) if layer >= self.model.layers => "model.norm.weight".to_owned(),
            (layer, 0) => at(layer, "input_layernorm.weight"),
            (layer, _) => at(layer, "post_attention_layernorm.weight"),
        };
        vector(name, self.hidden(), 0..self.hidden())
    }

    /// Rows past the last are zeros.
    fn vocabulary(self, tensor: &str) -> Cut {
        let each = (self.model.vocab as usize).div_ceil(self.degree);
        let own = self.rank * each..(self.rank + 1) * each;
        self.by_rows(tensor.to_owned(), self.model.vocab as usize, own)
    }
}
