//! Which candidates are tried, and in which order.
//!
//! Times over cuts fall into steps of a tile or two with several minima of nearly the same height, and CTAs move those, since what
//! collectives hold decides how many waves a product has. So all combinations count. They need not all be simulated: both streams
//! meet at the edges of phases, so CTAs under attention bear on the phases of attention alone, and those under the MLP on the
//! MLP's. One run tells of both, and n runs of a cut tell of all n² pairs.

use super::{Candidate, Trial, Tried};
use crate::{
    plan::PlanError,
    spec::{RunSpec, StrategyKind},
    split::{OpenCtas, TileKit, open_ctas, padded_tokens},
};

/// Cuts that are tried first, at most, over the middle half of the batch.
const CUTS: u32 = 17;
/// Tiles by which the cuts around a good one differ from it.
const AROUND: [i32; 4] = [-2, -1, 1, 2];
/// Pairs of CTAs and cuts that are tried since the parts of others promise well.
const PROMISING: usize = 4;
/// Most candidates that are tried: whole ones, cuts with each of at most four counts of CTAs, what promises well, what is around
/// it, and that once more.
pub const MOST: usize = 2 + CUTS as usize * 4 + 2 * PROMISING + 2 * AROUND.len() * 4;

/// Runs candidates.
type Eval<'a> = dyn Fn(&[Candidate]) -> Result<Vec<Tried>, PlanError> + 'a;

/// Tries whole batches and cuts of `spec`'s, at most [`MOST`]. Knobs that the user set stay as they are.
///
/// `eval` runs several, in any order, and gives them back in theirs.
///
/// # Errors
/// [`PlanError`] when the degree does not fit the model, and the first that `eval` returns.
pub(super) fn search(spec: &RunSpec, eval: &Eval<'_>) -> Result<Vec<Tried>, PlanError> {
    let ctas = open_ctas(spec)?;
    let tile = TileKit::of(&spec.machine.gpu).tile_m;
    let mut search = Search { tokens: spec.batch.tokens(), tile, ctas, tried: Vec::new(), eval };
    let wholes = [StrategyKind::FuseOnly, StrategyKind::Default].map(Candidate::Whole);
    search.ask(wholes.to_vec())?;
    let firsts = over_the_middle(padded_tokens(spec.batch.tokens()), tile);
    search.with_all_ctas(firsts)?;
    // Around the best, the best can be another.
    for _ in 0..2 {
        search.promising()?;
        let Some(best) = search.best_cut() else { break };
        search.with_all_ctas(search.around(best.first_tokens))?;
    }
    search.promising()?;
    Ok(search.tried)
}

/// Every cut of the middle half of a batch that is tried first, with every pair of CTAs: the grid that a search knows parts of.
///
/// # Errors
/// [`PlanError`] when the degree does not fit the model.
pub fn grid(spec: &RunSpec) -> Result<Vec<Trial>, PlanError> {
    let OpenCtas { attn, mlp } = open_ctas(spec)?;
    let (tokens, tile) = (spec.batch.tokens(), TileKit::of(&spec.machine.gpu).tile_m);
    let mut trials = Vec::new();
    for first_tokens in over_the_middle(padded_tokens(tokens), tile) {
        for &attn_ctas in attn.iter().filter(|_| (1..tokens).contains(&first_tokens)) {
            trials.extend(mlp.iter().map(|&mlp_ctas| Trial { first_tokens, attn_ctas, mlp_ctas }));
        }
    }
    Ok(trials)
}

/// Cuts at tiles over the middle half of the batch, half among them. They are a power of two of tiles apart, since products
/// come out even at such.
fn over_the_middle(rows: u32, tile: u32) -> Vec<u32> {
    let tiles = rows / tile;
    let (half, reach) = (tiles / 2, tiles / 4);
    let step = (2 * reach).div_ceil(CUTS - 1).max(1).next_power_of_two();
    let each_way = reach / step;
    (0..=2 * each_way).map(|index| (half + index * step - each_way * step) * tile).collect()
}

struct Search<'a> {
    tokens: u32,
    /// Rows of a tile.
    tile: u32,
    ctas: OpenCtas,
    tried: Vec<Tried>,
    eval: &'a Eval<'a>,
}

impl Search<'_> {
    /// Tries what has not been tried.
    fn ask(&mut self, candidates: Vec<Candidate>) -> Result<(), PlanError> {
        let mut new: Vec<Candidate> = Vec::new();
        for candidate in candidates {
            let is_known = self.tried.iter().any(|tried| tried.candidate == candidate);
            if !is_known && !new.contains(&candidate) {
                new.push(candidate);
            }
        }
        self.tried.extend((self.eval)(&new)?);
        Ok(())
    }

    fn around(&self, first: u32) -> Vec<u32> {
        let moved = |tiles| first.checked_add_signed(tiles * self.tile as i32);
        AROUND.into_iter().filter_map(moved).collect()
    }

    /// Tries those cuts that leave both parts with tokens, each with all CTAs of either side: many under attention with few under
    /// the MLP and the other way round, which is how the best pairs are, since an MLP takes longer.
    fn with_all_ctas(&mut self, firsts: Vec<u32>) -> Result<(), PlanError> {
        let OpenCtas { attn, mlp } = &self.ctas;
        let last = attn.len().max(mlp.len());
        let nth = |all: &[u32], n: usize| all[n.min(all.len() - 1)];
        let pairs = (0..last).map(|n| (nth(attn, n), nth(mlp, last - 1 - n)));
        let firsts: Vec<u32> =
            firsts.into_iter().filter(|first| (1..self.tokens).contains(first)).collect();
        let trials = pairs.flat_map(|(attn_ctas, mlp_ctas)| {
            firsts.iter().map(move |&first_tokens| Trial { first_tokens, attn_ctas, mlp_ctas })
        });
        self.ask(trials.map(Candidate::Cut).collect())
    }

    /// Tries the pairs of CTAs that should be fastest by the phases of cuts that were tried with either.
    fn promising(&mut self) -> Result<(), PlanError> {
        let mut sums: Vec<(f64, Trial)> = Vec::new();
        let cuts: Vec<(Trial, Tried)> = self.cuts().collect();
        for &(a, of_attn) in &cuts {
            for &(b, of_mlp) in cuts.iter().filter(|(b, _)| b.first_tokens == a.first_tokens) {
                if let (Some(less), Some(more)) = (of_attn.mlp_ns, of_mlp.mlp_ns) {
                    let trial = Trial { mlp_ctas: b.mlp_ctas, ..a };
                    sums.push((of_attn.iteration_ns - less + more, trial));
                }
            }
        }
        sums.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut promising: Vec<Candidate> = Vec::new();
        for (_, trial) in sums {
            let candidate = Candidate::Cut(trial);
            if promising.len() < PROMISING && !promising.contains(&candidate) {
                promising.push(candidate);
            }
        }
        self.ask(promising)
    }

    fn best_cut(&self) -> Option<Trial> {
        self.cuts()
            .min_by(|a, b| a.1.iteration_ns.total_cmp(&b.1.iteration_ns))
            .map(|(trial, _)| trial)
    }

    /// Cuts that ran.
    fn cuts(&self) -> impl Iterator<Item = (Trial, Tried)> {
        self.tried.iter().filter_map(|tried| match tried.candidate {
            Candidate::Cut(trial) if tried.iteration_ns.is_finite() => Some((trial, *tried)),
            _ => None,
        })
    }
}
