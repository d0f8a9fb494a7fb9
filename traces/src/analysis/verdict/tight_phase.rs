//! The sentence about the phase with the least slack.

use std::collections::BTreeMap;

use crate::analysis::words::{duration, times};
use crate::analysis::{Config, PhaseReport, PhaseSummary, gpu_ops, ranks};
use crate::model::{Kind, Label, Phase, Trace};

/// From this ratio on, slower than alone is worth a word.
const NOTABLY_SLOWER: f64 = 1.05;
/// From this device-memory rate on (all ops of the phase together, bytes per ns = GB/s), memory is shared in earnest:
/// about a third of what the GPUs that can run these schedules have.
const BUSY_HBM_GB_PER_S: f64 = 1000.0;

/// `Phase A is the tight one: …`, with the slow-down of its communication and the reason as far as it is known.
pub(super) fn sentence(
    trace: &Trace,
    config: &Config,
    phases: &PhaseReport,
    phase: Phase,
) -> String {
    let Some(row) = phases.summary.iter().find(|row| row.phase == phase) else {
        return String::new();
    };
    let slack_ns = row.median_slack_ns;
    let slack = if slack_ns >= 0 {
        format!("{} of slack a layer", duration(slack_ns))
    } else {
        format!("communication sticks out by {} a layer", duration(-slack_ns))
    };
    let name = phase.name();
    let slower = slower_communication(trace, config, row);
    format!("Phase {name} is the tight one: {slack}{slower}.")
}

/// The computation of that phase, when it runs notably slower than alone.
pub(super) fn slow_computation(phases: &PhaseReport, phase: Phase) -> Option<String> {
    let row = phases.summary.iter().find(|row| row.phase == phase)?;
    let ratio = row.sum.compute_slowdown.filter(|&ratio| ratio >= NOTABLY_SLOWER)?;
    let name = phase.name();
    Some(format!("Computation of phase {name} runs {} slower than alone.", times(ratio)))
}

fn slower_communication(trace: &Trace, config: &Config, row: &PhaseSummary) -> String {
    let Some(ratio) = row.sum.comm_slowdown else {
        return String::new();
    };
    if ratio < NOTABLY_SLOWER {
        return "; communication there runs as fast as alone".into();
    }
    let slower = format!("; communication there runs {} slower than alone", times(ratio));
    let excess_ns = (row.sum.comm_ns as f64 * (1.0 - 1.0 / ratio)) as i64;
    if 2 * row.sum.wait_ns >= excess_ns {
        let share = duration(row.sum.wait_ns / row.count as i64);
        return format!("{slower} because it waits {share} for the last rank");
    }
    let Some(company) = Company::of(trace, config, row.phase) else { return slower };
    let Company { ctas, beside, hbm_gb_per_s } = company;
    let ctas = if ctas == 1 { "1 CTA".to_owned() } else { format!("{ctas} CTAs") };
    if hbm_gb_per_s >= BUSY_HBM_GB_PER_S {
        format!("{slower} because {ctas} share HBM with {beside}")
    } else {
        format!("{slower}, {ctas} beside {beside}; why, the trace does not tell")
    }
}

/// Who runs together in a phase.
struct Company {
    /// Thread blocks of its communication, the most of any op.
    ctas: u32,
    /// The computation that takes most of its time, in words.
    beside: String,
    /// Device-memory traffic of all of its ops over its longest side.
    hbm_gb_per_s: f64,
}

impl Company {
    /// `None` when labels do not say enough.
    fn of(trace: &Trace, config: &Config, phase: Phase) -> Option<Self> {
        let mut ctas = 0;
        let mut hbm_bytes = 0.0;
        let mut compute_ns: BTreeMap<String, i64> = BTreeMap::new();
        let mut comm_ns = 0;
        for rank in ranks(trace, config) {
            for op in gpu_ops(trace, rank, config) {
                let label = trace.label(op.label);
                if label.phase != phase {
                    continue;
                }
                hbm_bytes += label.facts.as_ref().map_or(0.0, |facts| facts.hbm_bytes);
                if op.kind.is_comm() {
                    ctas = ctas.max(label.facts.as_ref().map_or(0, |facts| facts.grid));
                    comm_ns += op.span.len_ns();
                } else if op.kind.is_compute() {
                    *compute_ns.entry(in_words(label)).or_default() += op.span.len_ns();
                }
            }
        }
        let time_ns = comm_ns.max(compute_ns.values().sum()).max(1);
        let (beside, _) = compute_ns.into_iter().max_by_key(|(_, ns)| *ns)?;
        (ctas > 0).then(|| Self { ctas, beside, hbm_gb_per_s: hbm_bytes / time_ns as f64 })
    }
}

fn in_words(label: &Label) -> String {
    match label.kind {
        Kind::Attention => "attention".into(),
        Kind::Gemm => format!("the {} GEMM", label.name),
        _ => label.name.clone(),
    }
}
