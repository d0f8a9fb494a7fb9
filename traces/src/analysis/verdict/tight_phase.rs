//! The sentence about the phase with the least slack.

use std::collections::BTreeMap;

use crate::analysis::{GpuOp, Ops, PhaseReport, PhaseSummary, RankOps};
use crate::model::{Kind, Label, LaneId, Phase, Span, Trace};
use crate::words::{counted, duration, times};

/// From this ratio on, slower than alone is worth a word.
const NOTABLY_SLOWER: f64 = 1.05;
/// By this share of the phase's computation, a layer has notably less slack than the median.
const NOTABLY_TIGHTER: f64 = 0.05;
/// Without SM rows, the device-memory rate (all ops of the phase together, bytes per ns = GB/s) from which memory is
/// taken to be the reason: about a third of what the GPUs that can run these schedules have.
const BUSY_HBM_GB_PER_S: f64 = 1000.0;

/// `Phase A is the tight one: …`, with the slow-down of its communication and the reason as far as it is known.
pub(super) fn sentence(ops: &Ops<'_>, phases: &PhaseReport, phase: Phase) -> String {
    let Some(row) = phases.summary.iter().find(|row| row.phase == phase) else {
        return String::new();
    };
    let Some(slack_ns) = row.median_slack_ns else { return String::new() };
    let slack = if slack_ns >= 0 {
        format!("{} of slack a layer", duration(slack_ns))
    } else {
        format!("{} a layer", late(slack_ns))
    };
    let worst = worst_layer(row, slack_ns);
    let name = phase.name();
    let slower = slower_communication(ops, row);
    format!("Phase {name} is the tight one: {slack}{worst}{slower}.")
}

fn late(slack_ns: i64) -> String {
    format!("communication sticks out by {}", duration(-slack_ns))
}

/// The layer that is tightest, where it has notably less slack than the median.
fn worst_layer(row: &PhaseSummary, median_slack_ns: i64) -> String {
    let Some(worst) = row.worst_layer else { return String::new() };
    let slack_ns = worst.median_slack_ns;
    if ((median_slack_ns - slack_ns) as f64) < NOTABLY_TIGHTER * row.median_compute_ns as f64 {
        return String::new();
    }
    let layer = worst.layer;
    match (median_slack_ns >= 0, slack_ns >= 0) {
        (_, true) => format!(", in layer {layer} only {}", duration(slack_ns)),
        (true, false) => format!(", in layer {layer} {}", late(slack_ns)),
        (false, false) => format!(", in layer {layer} {}", duration(-slack_ns)),
    }
}

/// The computation of that phase, when it runs notably slower than alone.
pub(super) fn slow_computation(phases: &PhaseReport, phase: Phase) -> Option<String> {
    let row = phases.summary.iter().find(|row| row.phase == phase)?;
    let ratio = row.sum.compute_slowdown.filter(|&ratio| ratio >= NOTABLY_SLOWER)?;
    let name = phase.name();
    Some(format!("Computation of phase {name} runs {} slower than alone.", times(ratio)))
}

fn slower_communication(ops: &Ops<'_>, row: &PhaseSummary) -> String {
    let Some(ratio) = row.sum.comm_slowdown else {
        return String::new();
    };
    if ratio < NOTABLY_SLOWER {
        return "; communication there runs as fast as alone".into();
    }
    let slower = format!("; communication there runs {} slower than alone", times(ratio));
    let excess_ns = (row.sum.comm_ns as f64 * (1.0 - 1.0 / ratio)) as i64;
    if let Some(wait_ns) = row.sum.wait_ns.filter(|wait_ns| 2 * wait_ns >= excess_ns) {
        let share = duration(wait_ns / row.judged.max(1) as i64);
        return format!("{slower} because it waits {share} for the last rank");
    }
    let Some(company) = Company::of(ops, row.phase) else { return slower };
    let ctas = counted(company.ctas.into(), "CTA");
    let beside = &company.beside;
    match company.blocks {
        Some(blocks) if 2 * blocks.late_ns >= excess_ns => {
            format!("{slower} because its CTAs wait for SMs that {beside} holds")
        }
        Some(_) if company.both_use_hbm => {
            format!("{slower} because {ctas} share DRAM with {beside}")
        }
        None if company.hbm_gb_per_s >= BUSY_HBM_GB_PER_S => {
            format!("{slower} because {ctas} share DRAM with {beside}")
        }
        _ => format!("{slower}, {ctas} beside {beside}; why, the trace does not tell"),
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
    /// Its communication and its computation both move bytes through device memory.
    both_use_hbm: bool,
    /// What the SM rows say of its communication; `None` without SM rows. With them, a slow-down that neither
    /// barriers nor late blocks explain lies in the blocks' own work.
    blocks: Option<Blocks>,
}

/// Blocks of communication ops, summed over the ops.
struct Blocks {
    /// From the op's start to the start of its last block.
    late_ns: i64,
}

impl Company {
    /// `None` when labels do not say enough.
    fn of(ops: &Ops<'_>, phase: Phase) -> Option<Self> {
        let trace = ops.trace;
        let mut ctas = 0;
        let mut hbm_bytes = [0.0, 0.0];
        let mut compute_ns: BTreeMap<String, i64> = BTreeMap::new();
        let (mut comm_ns, mut late_ns) = (0, None);
        for rank in &ops.ranks {
            let blocks = CommBlocks::of(trace, rank);
            for op in &rank.ops {
                let label = trace.label(op.label);
                let is_comm = op.kind.is_comm();
                if op.place.phase != phase || !(is_comm || op.kind.is_compute()) {
                    continue;
                }
                let facts = label.facts.as_ref();
                hbm_bytes[usize::from(is_comm)] += facts.map_or(0.0, |facts| facts.hbm_bytes);
                if is_comm {
                    ctas = ctas.max(facts.map_or(0, |facts| facts.grid));
                    comm_ns += op.span.len_ns();
                    if let Some(late) = blocks.last_late_ns(op) {
                        *late_ns.get_or_insert(0) += late;
                    }
                } else {
                    *compute_ns.entry(in_words(label)).or_default() += op.span.len_ns();
                }
            }
        }
        let time_ns = comm_ns.max(compute_ns.values().sum()).max(1);
        let (beside, _) = compute_ns.into_iter().max_by_key(|(_, ns)| *ns)?;
        (ctas > 0).then(|| Self {
            ctas,
            beside,
            hbm_gb_per_s: hbm_bytes.iter().sum::<f64>() / time_ns as f64,
            both_use_hbm: hbm_bytes.iter().all(|&bytes| bytes > 0.0),
            blocks: late_ns.map(|late_ns| Blocks { late_ns }),
        })
    }
}

/// The communication blocks of a rank, a list a lane that has any: most lanes have none, and few blocks communicate.
struct CommBlocks {
    lanes: Vec<Vec<Span>>,
}

impl CommBlocks {
    fn of(trace: &Trace, rank: &RankOps<'_>) -> Self {
        let is_comm: Vec<bool> = trace.labels.iter().map(|label| label.kind.is_comm()).collect();
        let of_lane = |&lane: &LaneId| -> Vec<Span> {
            let slices = &trace.lane(lane).slices;
            let labels = slices.label.iter().enumerate();
            let comm = labels.filter(|(_, label)| is_comm[label.0 as usize]);
            comm.map(|(row, _)| slices.span(row)).collect()
        };
        let lanes = rank.sms.iter().copied().flatten().map(of_lane);
        Self { lanes: lanes.filter(|blocks| !blocks.is_empty()).collect() }
    }

    /// How long after a communication op its last block started; `None` when no SM row shows one.
    fn last_late_ns(&self, op: &GpuOp) -> Option<i64> {
        let Span { start_ns, end_ns } = op.span;
        let first_in = |blocks: &Vec<Span>| {
            let mut first = blocks.partition_point(|block| block.end_ns <= start_ns);
            // Empty blocks at the very start end where the op begins, yet lie inside.
            while first > 0 && blocks[first - 1].start_ns == start_ns {
                first -= 1;
            }
            let block = blocks.get(first).filter(|block| block.start_ns < end_ns)?;
            Some((block.start_ns - start_ns).max(0))
        };
        self.lanes.iter().filter_map(first_in).max()
    }
}

fn in_words(label: &Label) -> String {
    match label.kind {
        Kind::Attention => "attention".into(),
        Kind::Gemm => format!("the {} GEMM", label.name),
        _ => label.name.clone(),
    }
}
