//! A run that leaves the choice open becomes one that does not.

use std::{sync::Arc, thread};

use super::{Candidate, TIE, Tried, best, fastest, fastest_cut, search::search};
use crate::{
    executor::ExecError,
    plan::{self, Plan, PlanError},
    predict::predicted,
    sim::Simulator,
    spec::{Chooser, RunSpec, SplitChoice, StrategyKind},
    split::{padded_tokens, tokens_are},
    words::duration,
};

/// What was chosen, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Settled {
    /// The fastest; of cuts that are as good the one nearest to half.
    pub candidate: Candidate,
    /// A sentence.
    pub reason: String,
    /// All that was simulated, in its order.
    pub tried: Vec<Tried>,
}

impl Settled {
    /// The fastest cut, where one was tried.
    pub fn fastest_cut(&self) -> Option<Candidate> {
        fastest_cut(&self.tried).map(|tried| tried.candidate)
    }
}

/// The plan of a run; where simulation is to choose, it chooses first (a hundred milliseconds on a core, for eight ranks).
///
/// # Errors
/// As [`plan::plan`].
pub fn plan(spec: &RunSpec) -> Result<Plan, PlanError> {
    match settle(spec)? {
        Some(settled) => plan_settled(spec, settled),
        None => plan::plan(spec),
    }
}

/// The plan of a run of which [`settle()`] has said this.
///
/// # Errors
/// As [`plan::plan`].
pub fn plan_settled(spec: &RunSpec, settled: Settled) -> Result<Plan, PlanError> {
    let Settled { candidate, reason, .. } = settled;
    let mut plan = plan::plan(&candidate.apply(spec))?;
    plan.spec = Arc::new(spec.clone());
    let decision = &mut plan.decision;
    decision.asked = spec.knobs.strategy;
    if let Some(split) = &mut decision.split {
        (split.chooser, split.reason) = (Some(Chooser::Simulated), reason);
    } else {
        let notes = [reason, std::mem::take(&mut decision.reason)];
        decision.reason =
            notes.into_iter().filter(|note| !note.is_empty()).collect::<Vec<_>>().join("; ");
    }
    Ok(plan)
}

/// What simulation chooses; `None` where it is not asked to, or where nothing of it runs.
///
/// All layers of the model count, however many of them the run has: its head and tail would weigh too much.
///
/// # Errors
/// As [`plan::plan`].
pub fn settle(spec: &RunSpec) -> Result<Option<Settled>, PlanError> {
    let knobs = &spec.knobs;
    let is_open = knobs.strategy == StrategyKind::TokenWeave
        && knobs.split == SplitChoice::Auto(Chooser::Simulated)
        && knobs.tp > 1;
    if !is_open {
        return Ok(None);
    }
    let tried = search(spec, &|candidates| simulated(spec, candidates))?;
    let Some(chosen) = best(&tried, padded_tokens(spec.batch.tokens()) / 2, TIE) else {
        return Ok(None);
    };
    let reason = reason(spec, chosen, &tried);
    Ok(Some(Settled { candidate: chosen.candidate, reason, tried }))
}

/// Simulates candidates side by side.
fn simulated(spec: &RunSpec, candidates: &[Candidate]) -> Result<Vec<Tried>, PlanError> {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let threads = threads.min(candidates.len()).max(1);
    let one = |&candidate: &Candidate| tried(spec, candidate);
    if threads == 1 {
        return candidates.iter().map(one).collect();
    }
    // Dealt out in turn, since neighbours take alike.
    let hands: Result<Vec<Vec<Tried>>, PlanError> = thread::scope(|scope| {
        let deal = |hand| {
            scope.spawn(move || candidates.iter().skip(hand).step_by(threads).map(one).collect())
        };
        let hands: Vec<_> = (0..threads).map(deal).collect();
        let join = |hand: thread::ScopedJoinHandle<'_, _>| {
            hand.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        hands.into_iter().map(join).collect()
    });
    let hands = hands?;
    Ok((0..candidates.len()).map(|index| hands[index % threads][index / threads]).collect())
}

/// An iteration through all layers of the model.
fn tried(spec: &RunSpec, candidate: Candidate) -> Result<Tried, PlanError> {
    let all = Simulator::new(&spec.machine);
    // Ranks that start late or are slower are what the others wait for.
    let simulator = if spec.knobs.ranks_are_alike() { all.with_one_rank() } else { all };
    match predicted::<Failed>(&candidate.apply(spec), simulator) {
        Ok(predicted) => Ok(Tried {
            candidate,
            iteration_ns: predicted.gpu_ns as f64,
            mlp_ns: predicted.mlp_ns.map(|ns| ns as f64),
        }),
        Err(Failed::Run) => Ok(Tried { candidate, iteration_ns: f64::INFINITY, mlp_ns: None }),
        Err(Failed::Plan(error)) => Err(error),
    }
}

/// Why a candidate has no time.
enum Failed {
    Plan(PlanError),
    Run,
}

impl From<PlanError> for Failed {
    fn from(error: PlanError) -> Self {
        Self::Plan(error)
    }
}

impl From<ExecError> for Failed {
    fn from(_: ExecError) -> Self {
        Self::Run
    }
}

fn reason(spec: &RunSpec, best: Tried, tried: &[Tried]) -> String {
    let time = |tried: Tried| duration(tried.iteration_ns);
    let count = tried.len();
    let fastest_cut = fastest_cut(tried).and_then(|cut| Some((cut, cut.candidate.cut()?)));
    let wholes =
        [StrategyKind::FuseOnly, StrategyKind::Default].into_iter().filter_map(|strategy| {
            let whole = fastest(tried, |candidate| *candidate == Candidate::Whole(strategy))?;
            Some(format!("{} {}", strategy.name(), time(whole)))
        });
    let wholes = wholes.collect::<Vec<_>>().join(", ");
    let is_fastest = fastest_cut.is_none_or(|(cut, _)| cut.iteration_ns >= best.iteration_ns);
    match (best.candidate, fastest_cut) {
        (Candidate::Cut(trial), _) => format!(
            "of {count} simulated runs {}: {} an iteration with {} CTAs under attention and {} under the MLP (uncut: {wholes})",
            if is_fastest {
                "this is the fastest"
            } else {
                "of cuts as fast as any this is nearest to half"
            },
            time(best),
            trial.attn_ctas,
            trial.mlp_ctas
        ),
        (Candidate::Whole(_), Some((cut, trial))) => {
            let half = padded_tokens(spec.batch.tokens()) / 2;
            let moved = i64::from(trial.first_tokens) - i64::from(half);
            format!(
                "of {count} simulated runs the fastest is uncut: {wholes}; the best cut, at half {moved:+}, takes {}",
                time(cut)
            )
        }
        (Candidate::Whole(_), None) => format!(
            "{} too few to be cut at a tile; simulated: {wholes}",
            tokens_are(spec.batch.tokens())
        ),
    }
}
