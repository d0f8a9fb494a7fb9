//! What ranks get of a checkpoint, one number at a time.

use super::{DENSE, EXPERTS, Family, HEAD_DIM, HIDDEN, Model, Tensors};
use crate::cuda::checkpoint::Piece;

/// Element by element, what rank `rank` of `degree` has of a piece.
#[derive(Clone, Copy)]
pub(super) struct Twin<'a> {
    pub(super) m: Model,
    pub(super) tensors: &'a Tensors,
    pub(super) rank: usize,
    pub(super) degree: usize,
}

fn at(layer: u32, name: &str) -> String {
    format!("model.layers.{layer}.{name}")
}

impl Twin<'_> {
    fn get(self, name: &str, row: usize, column: usize) -> f32 {
        let (shape, numbers) = &self.tensors[name];
        let width = shape.get(1).copied().unwrap_or(1);
        if row < shape[0] { numbers[row * width + column] } else { 0.0 }
    }

    fn row(self, name: &str, row: usize, width: usize) -> Vec<f32> {
        (0..width).map(|column| self.get(name, row, column)).collect()
    }

    fn qkv(self, layer: u32, what: &str, width: usize) -> Vec<f32> {
        let Self { m, rank, degree, .. } = self;
        let mut out = Vec::new();
        for head in 0..m.heads / degree {
            for row in 0..HEAD_DIM {
                let row = (rank * (m.heads / degree) + head) * HEAD_DIM + row;
                let name = at(layer, &format!("self_attn.q_proj.{what}"));
                out.extend(self.row(&name, row, width));
            }
        }
        for name in ["k_proj", "v_proj"] {
            for head in 0..(m.kv_heads / degree).max(1) {
                // Query head h reads K/V head h · kv_heads / heads; the rank's K/V heads are those its queries read.
                let first_query = rank * (m.heads / degree);
                let head = first_query * m.kv_heads / m.heads + head;
                for row in 0..HEAD_DIM {
                    let name = at(layer, &format!("self_attn.{name}.{what}"));
                    out.extend(self.row(&name, head * HEAD_DIM + row, width));
                }
            }
        }
        out
    }

    fn columns(self, name: &str, all: usize) -> Vec<f32> {
        let own = all / self.degree;
        let mut out = Vec::new();
        for row in 0..HIDDEN {
            for column in 0..own {
                out.push(self.get(name, row, self.rank * own + column));
            }
        }
        out
    }

    fn rows(self, name: &str, each: usize) -> Vec<f32> {
        (self.rank * each..(self.rank + 1) * each)
            .flat_map(|row| self.row(name, row, HIDDEN))
            .collect()
    }

    fn vector(self, name: &str, len: usize) -> Vec<f32> {
        (0..len).map(|row| self.get(name, row, 0)).collect()
    }

    fn gate_up(self, layer: u32, (block, names): (String, [&str; 3]), all: usize) -> Vec<f32> {
        let of = |name: &str| {
            self.rows(&at(layer, &format!("{block}.{name}.weight")), all / self.degree)
        };
        [of(names[0]), of(names[1])].concat()
    }

    fn down(self, layer: u32, (block, names): (String, [&str; 3]), all: usize) -> Vec<f32> {
        self.columns(&at(layer, &format!("{block}.{}.weight", names[2])), all)
    }

    pub(super) fn piece(self, piece: Piece) -> Vec<f32> {
        let m = self.m;
        let dense = || ("mlp".to_owned(), DENSE);
        let shared = || ("mlp.shared_expert".to_owned(), DENSE);
        match piece {
            Piece::Qkv(i) => self.qkv(i, "weight", HIDDEN),
            Piece::QkvBias(i) => self.qkv(i, "bias", 1),
            Piece::QkNorm(i) => {
                let norm = |name| self.vector(&at(i, name), HEAD_DIM);
                [norm("self_attn.q_norm.weight"), norm("self_attn.k_norm.weight")].concat()
            }
            Piece::OProj(i) => self.columns(&at(i, "self_attn.o_proj.weight"), m.heads * HEAD_DIM),
            Piece::GateUp(i) => self.gate_up(i, dense(), m.intermediate),
            Piece::Down(i) => self.down(i, dense(), m.intermediate),
            Piece::Router(i) => {
                let gate = at(i, &format!("{}.weight", m.family.router()));
                let mut out: Vec<f32> =
                    (0..EXPERTS).flat_map(|row| self.row(&gate, row, HIDDEN)).collect();
                if m.family == Family::Qwen2Moe {
                    out.extend(self.row(&at(i, "mlp.shared_expert_gate.weight"), 0, HIDDEN));
                }
                out
            }
            Piece::ExpertsGateUp(i) => (0..EXPERTS)
                .flat_map(|expert| self.gate_up(i, m.family.expert(expert), m.intermediate))
                .collect(),
            Piece::ExpertsDown(i) => (0..EXPERTS)
                .flat_map(|expert| self.down(i, m.family.expert(expert), m.intermediate))
                .collect(),
            Piece::SharedGateUp(i) => self.gate_up(i, shared(), 2 * m.intermediate),
            Piece::SharedDown(i) => self.down(i, shared(), 2 * m.intermediate),
            Piece::Norm(i) if i as usize == 2 * m.layers => {
                self.vector("model.norm.weight", HIDDEN)
            }
            Piece::Norm(i) if i % 2 == 0 => {
                self.vector(&at(i / 2, "input_layernorm.weight"), HIDDEN)
            }
            Piece::Norm(i) => self.vector(&at(i / 2, "post_attention_layernorm.weight"), HIDDEN),
            Piece::LmHead if !m.tied => self.rows("lm_head.weight", m.vocab.div_ceil(self.degree)),
            Piece::Embedding | Piece::LmHead => {
                self.rows("model.embed_tokens.weight", m.vocab.div_ceil(self.degree))
            }
        }
    }
}
