//! What a rank keeps of a checkpoint: matrices and vectors, cut out of tensors, as bf16.

use std::{ops::Range, path::Path};

use half::{bf16, f16};
use safetensors::tensor::Dtype;

use super::{CheckpointError, map::View};
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
    /// `[experts, hidden]`: a row of scores an expert, then the gate of the shared expert where there is one.
    Router(u32),
    /// `[experts · 2 · intermediate, hidden]`: gate, up of one expert after the other.
    ExpertsGateUp(u32),
    /// `[experts · hidden, intermediate]`.
    ExpertsDown(u32),
    /// As [`GateUp`](Self::GateUp), of the expert that every token goes to.
    SharedGateUp(u32),
    /// As [`Down`](Self::Down), of the expert that every token goes to.
    SharedDown(u32),
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
    /// Whether it is the down projection of a feed-forward block, whose rows are as long as that is wide.
    pub(in crate::cuda) fn is_down(self) -> bool {
        matches!(self, Self::Down(_) | Self::ExpertsDown(_) | Self::SharedDown(_))
    }

    /// Everything that a whole model has.
    pub(super) fn all(model: &ModelShape) -> Vec<Self> {
        let mut all = vec![Self::Embedding, Self::LmHead];
        for layer in 0..model.layers {
            all.extend([Self::Qkv(layer), Self::OProj(layer)]);
            match model.ffn {
                Ffn::Dense { .. } => all.extend([Self::GateUp(layer), Self::Down(layer)]),
                Ffn::Moe(moe) => {
                    let experts = [Self::ExpertsGateUp(layer), Self::ExpertsDown(layer)];
                    all.extend([Self::Router(layer)].into_iter().chain(experts));
                    if moe.shared_intermediate > 0 {
                        all.extend([Self::SharedGateUp(layer), Self::SharedDown(layer)]);
                    }
                }
            }
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
    pub(super) fn append(&self, view: View<'_>, out: &mut Vec<u16>) {
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
