//! Tuned tables: for each number of tokens what is best, in the format of the TokenWeave artifact.
//!
//! Candidates are simulated by [`choose`](crate::choose); where there are GPUs, the best few and no cut are then measured, which is the
//! caller's matter, and [`Tuned::of`] takes either.

use crate::{
    choose::{Candidate, Trial, Tried, best_cut, fastest_whole},
    plan::{exposed_fused_ctas, fused_transport},
    spec::RunSpec,
    split::{TableRow, padded_tokens},
};

/// Numbers of tokens that the artifact's own table has.
pub const LENGTHS: [u32; 7] = [1024, 2048, 4096, 8192, 16384, 32768, 65536];

/// What is best for one number of tokens.
#[derive(Clone, Debug, PartialEq)]
pub struct Tuned {
    /// The number.
    pub tokens: u32,
    /// The fastest cut, where one ran, and its row of the table.
    pub cut: Option<(Trial, TableRow)>,
    /// Its time, ns, of whatever was timed.
    pub cut_ns: Option<f64>,
    /// The fastest that is not cut.
    pub whole: Option<Tried>,
}

impl Tuned {
    /// The best of what was timed for the batch of `spec`.
    /// Cuts within `tie` times the fastest are as good ([`TIE`](crate::choose::TIE) of what was simulated, 1 of what was measured).
    pub fn of(spec: &RunSpec, tried: &[Tried], tie: f64) -> Self {
        let tokens = spec.batch.tokens();
        let half = padded_tokens(tokens) / 2;
        let best = best_cut(tried, half, tie);
        let cut = best.and_then(|tried| tried.candidate.cut());
        Self {
            tokens,
            cut: cut.map(|trial| (trial, row(spec, trial))),
            cut_ns: best.map(|tried| tried.iteration_ns),
            whole: fastest_whole(tried),
        }
    }

    /// How many times as fast the cut is as no cut.
    pub fn gain(&self) -> Option<f64> {
        Some(self.whole?.iteration_ns / self.cut_ns?)
    }

    /// The row, where the cut is faster than no cut: a table has no word for leaving a batch whole.
    pub fn row(&self) -> Option<TableRow> {
        let is_slower = self.gain().is_some_and(|gain| gain <= 1.0);
        self.cut.filter(|_| !is_slower).map(|(_, row)| row)
    }
}

fn row(spec: &RunSpec, trial: Trial) -> TableRow {
    let (transport, _) = fused_transport(spec);
    let tokens = spec.batch.tokens();
    TableRow {
        baseline_ctas: exposed_fused_ctas(transport, tokens),
        attention_ctas: trial.attn_ctas,
        mlp_ctas: trial.mlp_ctas,
        split_offset: trial.first_tokens as i32 - (padded_tokens(tokens) / 2) as i32,
    }
}

/// What is worth measuring of what was simulated: the fastest `most` cuts, fastest first, and the fastest that is not cut.
pub fn shortlist(tried: &[Tried], most: usize) -> Vec<Candidate> {
    let ran = |tried: &&Tried| tried.candidate.cut().is_some() && tried.iteration_ns.is_finite();
    let mut cuts: Vec<&Tried> = tried.iter().filter(ran).collect();
    cuts.sort_by(|a, b| a.iteration_ns.total_cmp(&b.iteration_ns));
    let whole = fastest_whole(tried);
    let cuts = cuts.into_iter().take(most).map(|tried| tried.candidate);
    cuts.chain(whole.map(|tried| tried.candidate)).collect()
}
