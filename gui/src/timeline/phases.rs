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

/// The phases of a rank as the analysis has recovered them, where no marks say any. Where two overlap the earlier keeps the
/// time.
pub(super) fn recovered(report: &PhaseReport, rank: u32) -> Vec<PhaseMark> {
    let of_rank = report.instances.iter().filter(|instance| instance.rank == rank);
    let mut marks: Vec<PhaseMark> = of_rank
        .map(|&PhaseInstance { phase, layer, span, slack, .. }| PhaseMark {
            phase,
            layer,
            span,
            slack,
        })
        .collect();
    marks.sort_by_key(|mark| (mark.span.start_ns, mark.span.end_ns));
    let mut free_ns = i64::MIN;
    for mark in &mut marks {
        let Span { start_ns, end_ns } = mark.span;
        mark.span = Span { start_ns: start_ns.max(free_ns).min(end_ns), end_ns };
        free_ns = free_ns.max(end_ns);
    }
    marks
}

#[cfg(test)]
mod tests {
    use weftscope_traces::{
        Classifier,
        analysis::{Config, Ops, phases},
    };

    use super::*;
    use crate::files::{SAMPLES, no_hook, open_trace};

    /// A recording of a program that says nothing of layers: four phases a layer, in order, with the analysis' slack.
    #[test]
    fn phases_that_nobody_marked_are_drawn_as_they_were_recovered() {
        let sample = SAMPLES.iter().find(|sample| sample.name == "h200x2-pytorch-weave").unwrap();
        let trace = open_trace(&sample.path(), &Classifier::default(), &mut no_hook).unwrap();
        let report = phases(&Ops::of(&trace, &Config::default()));
        let marks = recovered(&report, 0);
        let of = |phase| marks.iter().filter(|mark| mark.phase == phase).count();
        assert_eq!([Phase::A, Phase::B, Phase::C, Phase::D].map(of), [12; 4]);
        assert!(marks.windows(2).all(|pair| pair[0].span.end_ns <= pair[1].span.start_ns));
        let slacks = |marks: &mut dyn Iterator<Item = Option<Slack>>| {
            let mut all: Vec<i64> = marks.flatten().map(Slack::ns).collect();
            all.sort_unstable();
            all
        };
        let of_report = report.instances.iter().filter(|instance| instance.rank == 0);
        assert_eq!(
            slacks(&mut marks.iter().map(|mark| mark.slack)),
            slacks(&mut of_report.map(|instance| instance.slack))
        );
        assert_eq!(recovered(&report, 7), []);
    }
}
