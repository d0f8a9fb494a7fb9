//! What a rank keeps of a checkpoint: which tensors, which rows and columns of them, as bf16.

use std::{ops::Range, path::Path};

use half::{bf16, f16};
use safetensors::tensor::Dtype;

use super::{Checkpoint, CheckpointError, map::View};
use crate::model::{Ffn, ModelShape};

/// A matrix or vector that a rank keeps, made of one tensor or of several on top of one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cuda) enum Piece {
    /// `[(heads + 2 kv_heads) · head_dim, hidden]` of a layer: queries, keys, values.
    Qkv(u32),
    /// `[(heads + 2 kv_heads) · head_dim]`.
    QkvBias(u32),
    /// `[2 · head_dim]` of a layer: norm of query heads, norm of key heads (Qwen3).
    QkNorm(u32),
    /// `[hidden, heads · head_dim]`.
    OProj(u32),
    /// `[2 · intermediate, hidden]`: gate, up.
    GateUp(u32),
    /// `[hidden, intermediate]`.
    Down(u32),
    /// `[hidden]`: norm `2i` stands before attention of layer `i`, `2i + 1` before its feed-forward block, the last
    /// behind all layers.
    Norm(u32),
    /// `[vocabulary, hidden]`.
    Embedding,
    /// `[vocabulary, hidden]`.
    LmHead,
}

/// What a rank takes of a tensor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cuda) struct Cut {
    pub(super) tensor: String,
    /// The whole tensor's.
    pub(super) shape: Vec<usize>,
    /// May run past the tensor: such rows are zeros.
    pub(super) rows: Range<usize>,
    /// Of a vector `0..1`.
    pub(super) columns: Range<usize>,
}

impl Piece {
    /// Everything that a whole model has.
    pub(super) fn all(model: &ModelShape) -> Vec<Self> {
        let mut all = vec![Self::Embedding, Self::LmHead];
        for layer in 0..model.layers {
            all.extend([
                Self::Qkv(layer),
                Self::OProj(layer),
                Self::GateUp(layer),
                Self::Down(layer),
            ]);
            if model.qkv_bias {
                all.push(Self::QkvBias(layer));
            }
            if model.qk_norm {
                all.push(Self::QkNorm(layer));
            }
        }
        all.extend((0..=2 * model.layers).map(Self::Norm));
        all
    }
}

impl Checkpoint {
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
        let Ffn::Dense { intermediate } = model.ffn else {
            unreachable!("only dense models are opened")
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
            Piece::GateUp(i) => ["mlp.gate_proj.weight", "mlp.up_proj.weight"]
                .map(|name| by_rows(at(i, name), size(intermediate), share(intermediate)))
                .into(),
            Piece::Down(i) => {
                vec![by_columns(at(i, "mlp.down_proj.weight"), intermediate, share(intermediate))]
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

impl Cut {
    /// # Errors
    /// [`CheckpointError::Dtype`] for numbers that are not read.
    pub(super) fn check_dtype(&self, view: View<'_>, path: &Path) -> Result<(), CheckpointError> {
        match view.dtype {
            Dtype::BF16 | Dtype::F16 | Dtype::F32 => Ok(()),
            other => Err(CheckpointError::Dtype {
                tensor: self.tensor.clone(),
                dtype: format!("{other:?}"),
                path: path.to_owned(),
            }),
        }
    }

    /// Appends the cut's numbers; the view has the cut's shape and a type that is read.
    fn append(&self, view: View<'_>, out: &mut Vec<u16>) {
        let (rows, columns) = (self.shape[0], self.shape.get(1).copied().unwrap_or(1));
        let bytes_each = if view.dtype == Dtype::F32 { 4 } else { 2 };
        let there = self.rows.start.min(rows)..self.rows.end.min(rows);
        out.reserve(self.rows.len() * self.columns.len());
        let slice = |from: usize, to: usize| &view.bytes[from * bytes_each..to * bytes_each];
        if self.columns.len() == columns {
            convert(view.dtype, slice(there.start * columns, there.end * columns), out);
        } else {
            for row in there.clone() {
                let (from, to) =
                    (row * columns + self.columns.start, row * columns + self.columns.end);
                convert(view.dtype, slice(from, to), out);
            }
        }
        let absent = (self.rows.len() - there.len()) * self.columns.len();
        out.resize(out.len() + absent, 0);
    }
}

/// Little-endian numbers to the bits of bf16.
fn convert(dtype: Dtype, bytes: &[u8], out: &mut Vec<u16>) {
    let two = bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
    match dtype {
        Dtype::BF16 => out.extend(two),
        Dtype::F16 => {
            out.extend(two.map(|bits| bf16::from_f32(f16::from_bits(bits).to_f32()).to_bits()));
        }
        _ => out.extend(bytes.chunks_exact(4).map(|four| {
            bf16::from_f32(f32::from_le_bytes([four[0], four[1], four[2], four[3]])).to_bits()
        })),
    }
}
