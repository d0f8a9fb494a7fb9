//! What limits this iteration, in one sentence?

mod all_ranks;
mod tight_phase;
mod waiting;

use serde::{Deserialize, Serialize};

use all_ranks::AllRanks;
use tight_phase::slow_computation;
use waiting::{Waiting, clocks, incomplete, unmatched, waiting};

use super::reports::Reports;
use super::stats::share;
use super::{CommVerdict, Ops, PhaseReport, WaveReport};
use crate::model::{Phase, Trace};
use crate::words::{duration, percent, times};

/// The iteration time of another strategy for the same batch and machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Baseline {
    /// As the sentence should call it, e.g. `default`.
    pub name: String,
    /// One iteration.
    pub iteration_ns: i64,
}

/// What limits a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// The trace does not say.
    Unknown,
    /// Ranks wait for a late one.
    Waiting,
    /// The GPUs stand idle.
    Idle,
    /// Communication that no computation hides.
    ExposedComm,
    /// Computation.
    Compute,
}

/// A judgement with its reasons.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// What limits the run.
    pub limit: Limit,
    /// What communication is about.
    pub communication: CommVerdict,
    /// Why, in a sentence; empty where nothing communicates.
    pub communication_why: String,
    /// The one sentence.
    pub sentence: String,
    /// Further sentences, most telling first; may be empty.
    pub details: Vec<String>,
}

/// From this share of a rank's time on, a loss is worth naming.
const NOTABLE: f64 = 0.05;
/// From this share of a rank's communication on, waiting is what communication is about.
const MOSTLY_WAITING: f64 = 0.3;
/// From this share of the span on, idleness is what the run is about.
const MOSTLY_IDLE: f64 = 0.25;

/// Judges a run by its reports; `baselines` are the same batch under other strategies, where those ran. Figures of
/// several ranks are summed, and said to be; slack is the median over layers, ranks and iterations.
pub fn verdict(ops: &Ops<'_>, reports: &Reports, baselines: &[Baseline]) -> Verdict {
    let sum = AllRanks::of(&reports.overlap);
    let (limit, sentence) = judge(ops, reports, &sum);
    let mut details = ops.caveats().to_vec();
    details.extend(against_baselines(reports.iteration_lengths.median_ns, baselines));
    // Without phases, the sentence is about just that.
    if limit != Limit::ExposedComm || reports.phases.tightest.is_some() {
        details.extend(hidden(&sum, limit));
    }
    // With one rank it goes without saying.
    if reports.arrival.skew_share.is_some() || reports.skew.ranks.len() > 1 {
        details.extend(communication_why(reports));
    }
    details.extend(head_and_tail(&reports.phases, &sum));
    if limit != Limit::Waiting {
        details.extend(waiting(reports).map(|waiting| format!("{}.", waiting.sentence)));
    }
    let tightest = reports.phases.tightest;
    details.extend(tightest.and_then(|phase| slow_computation(&reports.phases, phase)));
    details.extend(costly_cuts(&reports.waves));
    details.extend(unmatched(&reports.skew));
    details.extend(incomplete(&reports.skew));
    details.extend(clocks(&reports.skew));
    let communication = reports.arrival.verdict;
    let communication_why = communication_why(reports).unwrap_or_default();
    Verdict { limit, communication, communication_why, sentence, details }
}

fn judge(ops: &Ops<'_>, reports: &Reports, sum: &AllRanks) -> (Limit, String) {
    if sum.span_ns == 0 {
        let sentence = "The trace holds no GPU kernels, so there is nothing to judge.";
        return (Limit::Unknown, sentence.into());
    }
    if let Some(Waiting { of_comm: MOSTLY_WAITING.., sentence }) = waiting(reports) {
        return (Limit::Waiting, format!("{sentence}; no split hides that."));
    }
    let idle = share(sum.idle_ns, sum.span_ns);
    if idle >= MOSTLY_IDLE && sum.idle_ns > sum.exposed_comm_ns {
        let sentence = format!(
            "Nothing runs for {} of {}: launches, joins or the host limit this run, more than communication ({} exposed).",
            percent(idle),
            sum.the_time(),
            percent(share(sum.exposed_comm_ns, sum.span_ns)),
        );
        return (Limit::Idle, sentence);
    }
    let exposed = share(sum.exposed_comm_ns, sum.span_ns);
    let limit = if exposed >= NOTABLE { Limit::ExposedComm } else { Limit::Compute };
    if let Some(phase) = reports.phases.tightest {
        return (limit, tight_phase::sentence(ops, &reports.phases, phase));
    }
    (limit, by_overlap(ops.trace, sum, exposed))
}

/// Without phases, only the overlap itself can be spoken of.
fn by_overlap(trace: &Trace, sum: &AllRanks, exposed: f64) -> String {
    let computes = percent(share(sum.compute_ns, sum.span_ns));
    let (the_time, communication) = (sum.the_time(), sum.communication());
    if sum.comm_ns == 0 {
        // Where labels come from a plan, kinds are known; elsewhere they are guessed from names.
        let is_planned = trace.labels.iter().any(|label| label.facts.is_some());
        let hint = if is_planned {
            ""
        } else {
            " If there should be some, its kernels were not recognised by name."
        };
        return format!(
            "There is no communication: computation fills {computes} of {the_time}.{hint}"
        );
    }
    if exposed < NOTABLE {
        return format!(
            "Computation limits this run: it fills {computes} of {the_time}, and only {} is exposed communication.",
            percent(exposed)
        );
    }
    if share(sum.overlap_ns, sum.comm_ns) < 0.01 {
        return format!(
            "Communication runs with nothing beside it and takes {} of {the_time}: that is what overlapping could win back.",
            percent(exposed)
        );
    }
    format!(
        "{} of {communication} is exposed and takes {} of {}; the rest hides under computation.",
        percent(share(sum.exposed_comm_ns, sum.comm_ns)),
        percent(exposed),
        sum.their_time()
    )
}

/// One sentence on the iteration time beside every baseline given.
fn against_baselines(own_ns: i64, baselines: &[Baseline]) -> Option<String> {
    let beside = |baseline: &Baseline| {
        let ratio = baseline.iteration_ns as f64 / own_ns as f64;
        let (ratio, word) = if ratio >= 1.0 { (ratio, "faster") } else { (1.0 / ratio, "slower") };
        let name = &baseline.name;
        if ratio < 1.005 {
            return format!("as long as {name}");
        }
        format!("{} {word} than {name} ({})", times(ratio), duration(baseline.iteration_ns))
    };
    let usable = baselines.iter().filter(|baseline| baseline.iteration_ns > 0);
    let beside: Vec<String> = usable.map(beside).collect();
    (own_ns > 0 && !beside.is_empty())
        .then(|| format!("The iteration takes {}: {}.", duration(own_ns), beside.join(", ")))
}

/// What communication is about, where something communicates.
fn communication_why(reports: &Reports) -> Option<String> {
    let sentence = &reports.arrival.sentence;
    (!sentence.is_empty()).then(|| format!("{sentence}."))
}

/// How much communication is hidden, when the sentence did not say.
fn hidden(sum: &AllRanks, limit: Limit) -> Option<String> {
    if sum.comm_ns == 0 || limit == Limit::Unknown {
        return None;
    }
    let so = match limit {
        Limit::Compute => ": computation limits the iteration",
        _ => "",
    };
    Some(format!(
        "{} of {} is hidden, and {} of {} is exposed communication{so}.",
        percent(share(sum.overlap_ns, sum.comm_ns)),
        sum.communication(),
        percent(share(sum.exposed_comm_ns, sum.span_ns)),
        sum.their_time(),
    ))
}

/// When what is exposed lies mostly outside the weave, where neither split nor CTAs help.
fn head_and_tail(phases: &PhaseReport, sum: &AllRanks) -> Option<String> {
    let ends = phases.summary.iter().filter(|row| matches!(row.phase, Phase::Head | Phase::Tail));
    let of_ends = share(ends.map(|row| row.sum.exposed_ns).sum(), sum.exposed_comm_ns);
    let is_worth_it = of_ends >= 0.5 && share(sum.exposed_comm_ns, sum.span_ns) >= NOTABLE;
    is_worth_it.then(|| {
        format!(
            "{} of what is exposed lies in head and tail, outside the weave: the more layers, the less it counts.",
            percent(of_ends)
        )
    })
}

/// GEMMs whose two halves need more waves than the whole.
fn costly_cuts(waves: &WaveReport) -> Option<String> {
    let costly = waves.cuts.iter().filter(|cut| cut.extra_waves() > Some(0)).filter_map(|cut| {
        let [first, second] = cut.split.map(|launch| launch.waves);
        let about = if cut.is_estimate { "about " } else { "" };
        Some(format!("{} {first} + {second} instead of {about}{}", cut.name, cut.unsplit?.waves))
    });
    let costly: Vec<String> = costly.collect();
    (!costly.is_empty()).then(|| format!("The cut costs waves: {}.", costly.join(", ")))
}

#[cfg(test)]
mod tests;
