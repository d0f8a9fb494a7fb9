//! Sweeps of the split point and of the SMs that collectives get.
//!
//! Enumeration only: what a trial costs is asked of a closure, so that the simulator and a GPU serve alike, and a
//! closure that returns an error (cancelled, failed) ends the sweep.

use crate::{
    batch::Batch,
    choose::Trial,
    plan::{exposed_fused_ctas, fused_transport},
    spec::RunSpec,
    split::{SplitTable, TableRow, padded_tokens},
};

/// What a sweep tries: every combination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grid {
    /// Tokens by which the prefix is longer than half of the padded batch.
    pub offsets: Vec<i32>,
    /// CTAs of collectives under attention.
    pub attn_ctas: Vec<u32>,
    /// CTAs of collectives under the MLP.
    pub mlp_ctas: Vec<u32>,
}

impl Grid {
    /// The grid of the TokenWeave artifact's tuner (docs/tokenweave.md, "Tuned table").
    pub fn artifact() -> Self {
        let ctas = vec![2, 4, 8];
        Self { offsets: vec![0, 128, 256], attn_ctas: ctas.clone(), mlp_ctas: ctas }
    }
}

/// A trial and what it took.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// The trial.
    pub trial: Trial,
    /// Time of an iteration, ns.
    pub iteration_ns: f64,
}

/// The trials of a grid for a batch of `tokens`, offsets outermost; those that leave a part empty are left out.
pub fn trials(tokens: u32, grid: &Grid) -> Vec<Trial> {
    let half = padded_tokens(tokens) / 2;
    let firsts = grid.offsets.iter().filter_map(|&offset| half.checked_add_signed(offset));
    let mut trials = Vec::new();
    for first_tokens in firsts.filter(|&first| first > 0 && first < tokens) {
        for &attn_ctas in &grid.attn_ctas {
            for &mlp_ctas in &grid.mlp_ctas {
                trials.push(Trial { first_tokens, attn_ctas, mlp_ctas });
            }
        }
    }
    trials
}

/// Evaluates every trial of a grid, in the order of [`trials`]; `eval` gives the time of an iteration in ns.
///
/// # Errors
/// The first that `eval` returns.
pub fn sweep<E>(
    spec: &RunSpec,
    grid: &Grid,
    eval: &mut dyn FnMut(&RunSpec) -> Result<f64, E>,
) -> Result<Vec<Sample>, E> {
    let evaluate = |trial: Trial| {
        let iteration_ns = eval(&trial.apply(spec))?;
        Ok(Sample { trial, iteration_ns })
    };
    trials(spec.batch.tokens(), grid).into_iter().map(evaluate).collect()
}

/// The fastest sample; of equals the first.
pub fn best(samples: &[Sample]) -> Option<Sample> {
    samples.iter().copied().min_by(|a, b| a.iteration_ns.total_cmp(&b.iteration_ns))
}

/// A tuned table: for each batch the best trial, under the batch's token count. A batch too small to cut gets no
/// row.
///
/// # Errors
/// The first that `eval` returns.
pub fn tune<E>(
    spec: &RunSpec,
    batches: &[Batch],
    grid: &Grid,
    eval: &mut dyn FnMut(&RunSpec) -> Result<f64, E>,
) -> Result<SplitTable, E> {
    let mut rows = Vec::new();
    for batch in batches {
        let spec = RunSpec { batch: batch.clone(), ..spec.clone() };
        let tokens = batch.tokens();
        let Some(Sample { trial, .. }) = best(&sweep(&spec, grid, eval)?) else { continue };
        let (transport, _) = fused_transport(&spec);
        let half = padded_tokens(tokens) / 2;
        let row = TableRow {
            baseline_ctas: exposed_fused_ctas(transport, tokens),
            attention_ctas: trial.attn_ctas,
            mlp_ctas: trial.mlp_ctas,
            split_offset: trial.first_tokens as i32 - half as i32,
        };
        rows.push((tokens, row));
    }
    Ok(SplitTable::from_rows(rows))
}
