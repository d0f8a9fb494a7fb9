use std::collections::HashMap;

use weftscope_traces::{
    Phase, Span, Trace, TrackId, TrackKind,
    analysis::{PhaseInstance, PhaseReport, Slack},
};

use crate::theme::number;

/// One phase of the weave and how tight it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PhaseMark {
    /// Which.
    pub phase: Phase,
    /// Layer, when known.
    pub layer: Option<u32>,
    /// From its first op to its last.
    pub span: Span,
    /// Its slack on the rank whose marks are shown, as the analysis has it.
    pub slack: Option<Slack>,
}

impl PhaseMark {
    /// What its band says where there is room: `A   slack 56.1 µs`.
    pub fn text(&self) -> String {
        let name = self.phase.name();
        let slack = self.slack.map(|slack| number::duration_ns(slack.ns()));
        slack.map_or_else(|| name.to_owned(), |slack| format!("{name}   slack {slack}"))
    }
}

/// The phases on the marks row `marks`, their slack left open.
pub(super) fn phase_marks(trace: &Trace, marks: Option<TrackId>) -> Vec<PhaseMark> {
    // Iterations, layers, phases.
    let Some(&lane) = marks.and_then(|track| trace.track(track).lanes.get(2)) else {
        return Vec::new();
    };
    let slices = &trace.lane(lane).slices;
    let mark = |index| {
        let label = trace.label(slices.label[index]);
        let span = slices.span(index);
        PhaseMark { phase: label.phase, layer: label.layer, span, slack: None }
    };
    (0..slices.len()).map(mark).collect()
}

/// The rank whose slack the marks row `marks` shows: its own, or the first of a row of the whole job.
pub(super) fn rank_of_marks(trace: &Trace, marks: TrackId, first: Option<u32>) -> Option<u32> {
    match trace.track(marks).kind {
        TrackKind::Marks { rank: Some(rank) } => Some(rank),
        _ => first,
    }
}

/// Gives every mark the slack of the phase that it marks: of those of `rank` with its layer and name, the one that
/// shares most time with it.
pub(super) fn set_slack(marks: &mut [PhaseMark], report: &PhaseReport, rank: u32) {
    let mut instances: HashMap<(Phase, Option<u32>), Vec<&PhaseInstance>> = HashMap::new();
    for instance in report.instances.iter().filter(|instance| instance.rank == rank) {
        instances.entry((instance.phase, instance.layer)).or_default().push(instance);
    }
    for mark in marks {
        // By time, as the report has them.
        let same = instances.get(&(mark.phase, mark.layer)).map_or(&[][..], Vec::as_slice);
        let first = same.partition_point(|instance| instance.span.end_ns <= mark.span.start_ns);
        let beside = same[first..].iter().take_while(|one| one.span.start_ns < mark.span.end_ns);
        let own = beside.max_by_key(|one| one.span.intersect(mark.span).len_ns());
        mark.slack = own.and_then(|instance| instance.slack);
    }
}
