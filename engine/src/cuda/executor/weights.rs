//! Weights of each rank: random, or a checkpoint's. They stay on the GPUs while plans change.

use std::sync::Arc;

use super::{
    layout::Sizes,
    random::{RandomMatrices, Streams},
};
use crate::{
    cuda::{
        checkpoint::{Checkpoint, CheckpointError, Piece},
        driver::{Buffer, Device},
        kernels::{Loader, padded, spread},
    },
    executor::ExecError,
    model::ModelShape,
    plan::Plan,
};

/// Where weights come from.
#[derive(Clone, Debug, Default)]
pub enum Weights {
    /// Random and of the scale of trained ones, by the seed of the run's knobs; norms leave the scale as it is.
    #[default]
    Random,
    /// A checkpoint's, cut into shards.
    Checkpoint(Arc<Checkpoint>),
}

/// Weights of one rank, all bf16.
#[derive(Debug)]
pub(super) struct RankWeights {
    pub(super) layers: Vec<LayerWeights>,
    /// `[vocabulary shard, hidden]`.
    pub(super) embedding: Buffer,
    /// `[vocabulary shard up to a multiple of 8, hidden]`.
    pub(super) lm_head: Buffer,
    /// `[2 · layers + 1, hidden]`, in the order of [`Piece::Norm`]; the last stands behind the layers that run.
    pub(super) norms: Buffer,
}

/// Weights of one layer.
#[derive(Debug)]
pub(super) struct LayerWeights {
    pub(super) qkv: Buffer,
    pub(super) qkv_bias: Option<Buffer>,
    /// `[2, head_dim]`: norm of queries, norm of keys.
    pub(super) qk_norm: Option<Buffer>,
    pub(super) o_proj: Buffer,
    pub(super) ffn: FfnWeights,
}

/// Weights of a feed-forward block.
#[derive(Debug)]
pub(super) enum FfnWeights {
    Dense(Box<GatedWeights>),
    Moe(Box<ExpertWeights>),
}

/// Weights of a mixture of experts.
#[derive(Debug)]
pub(super) struct ExpertWeights {
    /// `[scores up to a multiple of 8, hidden]`.
    pub(super) router: Buffer,
    /// Of one expert after the other.
    pub(super) experts: GatedWeights,
    pub(super) shared: Option<GatedWeights>,
}

/// Weights of down(SiLU(gate) · up).
#[derive(Debug)]
pub(super) struct GatedWeights {
    /// `[2 · intermediate, hidden]`: gate, up.
    pub(super) gate_up: Buffer,
    /// `[hidden, intermediate]`, [padded].
    pub(super) down: Buffer,
}

/// The weights of all ranks, and what they are for.
#[derive(Debug)]
pub(super) struct KeptWeights {
    key: Key,
    pub(super) ranks: Vec<Arc<RankWeights>>,
}

/// What decides the weights on the GPUs, the source aside.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Key {
    model: ModelShape,
    ranks: u32,
    degree: u32,
    layers: u32,
    seed: u64,
}

/// How far loading is: bytes done, bytes in all.
pub(super) type Progress<'a> = dyn FnMut(u64, u64) + 'a;

impl Key {
    pub(super) fn of(plan: &Plan) -> Self {
        let knobs = &plan.spec.knobs;
        Self {
            model: plan.spec.model.clone(),
            ranks: plan.ranks,
            degree: knobs.shard_degree(),
            layers: plan.layers,
            seed: knobs.seed,
        }
    }

    /// Whether activations of one serve the other, whatever the layers.
    pub(super) fn same_model(&self, other: &Self) -> bool {
        let of = |key: &Self| (key.ranks, key.degree);
        of(self) == of(other) && self.model == other.model
    }
}

impl KeptWeights {
    /// True when a plan runs on these.
    pub(super) fn serve(&self, plan: &Plan) -> bool {
        self.key == Key::of(plan)
    }

    /// Fills the GPUs, rank after rank from the first on that is here.
    pub(super) fn load(
        source: &Weights,
        plan: &Plan,
        (first, loaders): (u32, &[Loader<'_>]),
        progress: &mut Progress<'_>,
    ) -> Result<Self, ExecError> {
        let sizes = Sizes::of(plan).expect("the plan was made for this degree");
        let key = Key::of(plan);
        let mut tally =
            Tally { done: 0, total: sizes.weight_bytes() * loaders.len() as u64, progress };
        let mut ranks = Vec::new();
        for (rank, &loader) in (first..).zip(loaders) {
            let from = match source {
                Weights::Random => From::Random(RandomMatrices::new(loader, (rank, key.seed))?),
                Weights::Checkpoint(checkpoint) => {
                    From::Checkpoint { checkpoint, rank, degree: key.degree }
                }
            };
            let filler = Filler { from, device: loader.device() };
            ranks.push(Arc::new(filler.rank(&sizes, &mut tally)?));
        }
        Ok(Self { key, ranks })
    }
}

struct Tally<'a, 'p> {
    done: u64,
    total: u64,
    progress: &'a mut Progress<'p>,
}

enum From<'a> {
    Random(RandomMatrices<'a>),
    Checkpoint { checkpoint: &'a Checkpoint, rank: u32, degree: u32 },
}

struct Filler<'a> {
    from: From<'a>,
    device: &'a Device,
}

impl Filler<'_> {
    fn rank(&self, sizes: &Sizes, tally: &mut Tally<'_, '_>) -> Result<RankWeights, ExecError> {
        let hidden = sizes.shard.hidden;
        let mut fill = |piece, rows, columns| self.piece(piece, (rows, columns), tally);
        let embedding = fill(Piece::Embedding, sizes.shard.vocab, hidden)?;
        let lm_head = fill(Piece::LmHead, sizes.logit_columns(), hidden)?;
        let mut layers = Vec::new();
        for i in 0..sizes.layers {
            let (qkv, heads) =
                (sizes.shard.qkv_columns(), sizes.shard.heads * sizes.shard.head_dim);
            layers.push(LayerWeights {
                qkv: fill(Piece::Qkv(i), qkv, hidden)?,
                qkv_bias: sizes.qkv_bias.then(|| fill(Piece::QkvBias(i), qkv, 1)).transpose()?,
                qk_norm: sizes.shard.qk_norm.then(|| self.qk_norm(sizes, i)).transpose()?,
                o_proj: fill(Piece::OProj(i), hidden, heads)?,
                ffn: ffn(sizes, i, &mut fill)?,
            });
        }
        Ok(RankWeights { layers, embedding, lm_head, norms: self.norms(sizes)? })
    }

    /// One matrix; rows that the source has not stay zeros, what lies between rows is never read.
    fn piece(
        &self,
        piece: Piece,
        (rows, columns): (u32, u32),
        tally: &mut Tally<'_, '_>,
    ) -> Result<Buffer, ExecError> {
        let pitch = if piece.is_down() { padded(columns) } else { columns };
        let len = rows as usize * pitch as usize;
        let buffer = match &self.from {
            From::Random(random) => {
                let buffer = random.matrix(len, Streams::of(piece), random_scale(piece))?;
                self.device.synchronize()?;
                buffer
            }
            From::Checkpoint { checkpoint, rank, degree } => {
                let buffer = Buffer::zeros(self.device, len * 2)?;
                let numbers = checkpoint.piece(piece, *rank, *degree)?;
                match pitch == columns {
                    true => buffer.write(&numbers)?,
                    false => buffer.write(&spread(&numbers, columns as usize, 0))?,
                }
                buffer
            }
        };
        tally.done += len as u64 * 2;
        (tally.progress)(tally.done, tally.total);
        Ok(buffer)
    }

    fn qk_norm(&self, sizes: &Sizes, layer: u32) -> Result<Buffer, ExecError> {
        let gammas = match &self.from {
            From::Random(_) => vec![BF16_ONE; 2 * sizes.shard.head_dim as usize],
            From::Checkpoint { checkpoint, rank, degree } => {
                checkpoint.piece(Piece::QkNorm(layer), *rank, *degree)?
            }
        };
        Ok(Buffer::from_host(self.device, &gammas)?)
    }

    /// The norms of the layers that run, then the final one.
    fn norms(&self, sizes: &Sizes) -> Result<Buffer, ExecError> {
        let count = 2 * sizes.layers;
        let mut gammas = Vec::new();
        for index in (0..count).chain([2 * sizes.model_layers]) {
            match &self.from {
                From::Random(_) => {
                    gammas.resize(gammas.len() + sizes.shard.hidden as usize, BF16_ONE);
                }
                From::Checkpoint { checkpoint, rank, degree } => {
                    gammas.extend(checkpoint.piece(Piece::Norm(index), *rank, *degree)?);
                }
            }
        }
        Ok(Buffer::from_host(self.device, &gammas)?)
    }
}

/// The feed-forward block of a layer, its matrices by `fill(piece, rows, columns)`.
fn ffn(
    sizes: &Sizes,
    layer: u32,
    fill: &mut dyn FnMut(Piece, u32, u32) -> Result<Buffer, ExecError>,
) -> Result<FfnWeights, ExecError> {
    let hidden = sizes.shard.hidden;
    let mut gated = |[gate_up, down]: [Piece; 2], experts: u32, rows: u32| {
        Ok::<_, ExecError>(GatedWeights {
            gate_up: fill(gate_up, experts * 2 * rows, hidden)?,
            down: fill(down, experts * hidden, rows)?,
        })
    };
    let Some(moe) = sizes.moe else {
        let pieces = [Piece::GateUp(layer), Piece::Down(layer)];
        return Ok(FfnWeights::Dense(Box::new(gated(pieces, 1, sizes.intermediate)?)));
    };
    let pieces = [Piece::ExpertsGateUp(layer), Piece::ExpertsDown(layer)];
    let experts = gated(pieces, moe.experts, moe.intermediate)?;
    let shared = match moe.shared_intermediate {
        0 => None,
        rows => Some(gated([Piece::SharedGateUp(layer), Piece::SharedDown(layer)], 1, rows)?),
    };
    let router = fill(Piece::Router(layer), sizes.score_columns(), hidden)?;
    Ok(FfnWeights::Moe(Box::new(ExpertWeights { router, experts, shared })))
}

const BF16_ONE: u16 = 0x3f80;

/// Largest magnitude of random weights: of trained ones' order, and 1 for embeddings, so that the stream starts at 1.
fn random_scale(piece: Piece) -> f32 {
    if piece == Piece::Embedding { 1.0 } else { 0.02 }
}

impl std::convert::From<CheckpointError> for ExecError {
    fn from(error: CheckpointError) -> Self {
        Self::Unsupported(error.to_string())
    }
}
