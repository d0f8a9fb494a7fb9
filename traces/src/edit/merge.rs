//! Several traces on one timeline: times shifted, labels shared, stages of one rank on its rows.

use std::collections::{HashMap, HashSet};

use thiserror::Error;

use super::apart::{busy, number_apart};
use super::clocks::{Shift, shifts};
use super::only_rank::{ranks, ranks_of};
use super::recordings::Recordings;
use super::rows::{Rows, add_counter};
use crate::model::{BuildError, LabelKey, ProcessLabel};
use crate::{
    ArgStore, ArgsId, Diagnostics, Label, LabelId, Provenance, RankProvenance, Trace, TraceParts,
    Track, TrackKind,
};

/// Why traces did not become one.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum MergeError {
    /// Nothing gives no trace: it would have to claim times of some origin.
    #[error("there is no trace to merge")]
    Nothing,
    /// The whole is no trace, e.g. because it has more lanes than ids.
    #[error(transparent)]
    Build(#[from] BuildError),
}

/// Puts several traces (usually one file per rank) on one timeline.
///
/// Times are shifted by the difference of the files' base times, and where the ends of collectives show that clocks
/// differ, by that too; a file without a base time is placed by them, or else starts with the first. The diagnostics say
/// so. Ranks are numbered by [`number_apart`]; stages of one rank stand on its rows one after another. Labels of the same
/// content become one, so that the same op on several ranks is the same label. Where the files' provenance differs, the
/// whole has it per rank. Nothing is dropped.
///
/// # Errors
/// [`MergeError`]; without traces there is nothing to say.
pub fn merge(traces: Vec<Trace>) -> Result<Trace, MergeError> {
    if traces.len() < 2 {
        return traces.into_iter().next().ok_or(MergeError::Nothing);
    }
    let traces = in_order(number_apart(traces));
    let bases = traces.iter().map(|trace| trace.meta.base_time_unix_ns);
    let base_ns = bases.filter(|&base| base != 0).min().unwrap_or(0);
    let shifts = shifts(&traces, base_ns);
    let mut out = Merge::new(&traces[0], base_ns);
    for (index, (trace, shift)) in traces.into_iter().zip(shifts).enumerate() {
        out.add(trace.into_parts(), &shift, index);
    }
    out.finish()
}

/// Stages of the same ranks in order of time, each in the place of one of them.
fn in_order(traces: Vec<Trace>) -> Vec<Trace> {
    let mut places: HashMap<Vec<u32>, Vec<usize>> = HashMap::new();
    for (index, trace) in traces.iter().enumerate() {
        places.entry(ranks(trace)).or_default().push(index);
    }
    let mut slots: Vec<Option<Trace>> = traces.into_iter().map(Some).collect();
    for (of, places) in places {
        if places.len() < 2 || of.is_empty() {
            continue;
        }
        let mut stages: Vec<Trace> = places.iter().filter_map(|&at| slots[at].take()).collect();
        stages.sort_by_key(|trace| busy(trace).map(|span| span.start_ns));
        for (at, stage) in places.into_iter().zip(stages) {
            slots[at] = Some(stage);
        }
    }
    slots.into_iter().flatten().collect()
}

/// Answers of queries are numbered on from those that are there.
fn number_answers(new: &mut [Track], there: &[Track]) {
    let numbers = there.iter().filter_map(|track| match track.kind {
        TrackKind::Answer { answer, .. } => Some(answer + 1),
        _ => None,
    });
    let first = numbers.max().unwrap_or(0);
    for track in new {
        if let TrackKind::Answer { answer, .. } = &mut track.kind {
            *answer += first;
        }
    }
}

struct Merge {
    trace: TraceParts,
    rows: Rows,
    ranks: HashSet<u32>,
    provenance: Vec<RankProvenance>,
    labels: HashMap<LabelKey, LabelId>,
    recordings: Recordings,
}

impl Merge {
    fn new(first: &Trace, base_ns: i64) -> Self {
        let mut trace = TraceParts::new(first.meta.clone());
        trace.meta.base_time_unix_ns = base_ns;
        trace.meta.ranks.clear();
        trace.meta.clocks.clear();
        Self {
            trace,
            rows: Rows::default(),
            ranks: HashSet::new(),
            provenance: Vec::new(),
            labels: HashMap::new(),
            recordings: Recordings::default(),
        }
    }

    fn finish(mut self) -> Result<Trace, MergeError> {
        if let Some(provenance) = Provenance::of_ranks(self.provenance) {
            self.trace.meta.provenance = provenance;
        }
        self.trace.flows.sort_by_key(|flow| (flow.from, flow.to));
        Ok(Trace::checked(self.trace)?)
    }

    fn add(&mut self, trace: TraceParts, shift: &Shift, index: usize) {
        let name = trace.meta.title.clone();
        if let Some(note) = &shift.note {
            self.trace.diagnostics.note(format!("{name}: {note}"));
        }
        let own: Vec<u32> = ranks_of(&trace);
        let goes_on = !own.is_empty() && own.iter().all(|rank| self.ranks.contains(rank));
        let is_of_known = self.recordings.knows(&trace);
        let lost = self.recordings.new_of(&trace);
        self.take_meta(&trace, shift, &own, (index, is_of_known));
        self.ranks.extend(own);
        let labels: Vec<LabelId> =
            trace.labels.into_iter().map(|label| self.label(label)).collect();
        let args = self.take_args(trace.args);
        let mut lanes = trace.lanes;
        let mut tracks = trace.tracks;
        number_answers(&mut tracks, &self.trace.tracks);
        for slices in lanes.iter_mut().map(|lane| &mut lane.slices) {
            for t in slices.start_ns.iter_mut().chain(&mut slices.end_ns) {
                *t = shift.apply(*t);
            }
            for label in &mut slices.label {
                *label = labels[label.0 as usize];
            }
            for id in &mut slices.args {
                *id = args(*id);
            }
        }
        let whole = &mut self.trace;
        let there = (&mut whole.tracks, &mut whole.lanes);
        let moved = self.rows.add(there, (tracks, lanes), goes_on);
        whole.flows.extend(trace.flows.into_iter().map(|mut flow| {
            (flow.from, flow.to) = (moved.slice(flow.from), moved.slice(flow.to));
            flow
        }));
        for mut counter in trace.counters {
            for at in &mut counter.at_ns {
                *at = shift.apply(*at);
            }
            add_counter(&mut whole.counters, counter, goes_on);
        }
        whole.diagnostics.merge(prefixed(lost, &name));
    }

    fn take_meta(
        &mut self,
        trace: &TraceParts,
        shift: &Shift,
        own: &[u32],
        (index, is_of_known): (usize, bool),
    ) {
        let meta = &mut self.trace.meta;
        let new = |rank: u32| !self.ranks.contains(&rank);
        meta.ranks.extend(trace.meta.ranks.iter().filter(|info| new(info.rank)).cloned());
        meta.ranks.sort_by_key(|info| info.rank);
        meta.clocks.extend(trace.meta.clocks.iter().chain(&shift.agreements).cloned());
        let highest = meta.ranks.last().map_or(1, |info| info.rank + 1);
        meta.world_size = meta.world_size.max(trace.meta.world_size).max(highest);
        if index > 0 {
            if meta.title != trace.meta.title {
                meta.title = format!("{} + {}", meta.title, trace.meta.title);
            }
            for run in &trace.meta.runs {
                if !meta.runs.contains(run) {
                    meta.runs.push(run.clone());
                }
            }
            let known: HashSet<&ProcessLabel> = meta.labels.iter().collect();
            let labels = trace.meta.labels.iter().filter(|label| !known.contains(label));
            let labels: Vec<ProcessLabel> = labels.cloned().collect();
            meta.labels.extend(labels);
            for line in &trace.meta.lines {
                if !meta.lines.contains(line) {
                    meta.lines.push(line.clone());
                }
            }
            let (ours, theirs) = (&mut meta.overhead, &trace.meta.overhead);
            if !is_of_known {
                ours.recording_host_ns = match (ours.recording_host_ns, theirs.recording_host_ns) {
                    (Some(a), Some(b)) => Some(a.saturating_add(b)),
                    (known, None) | (None, known) => known,
                };
            }
            if ours.note.is_empty() {
                ours.note.clone_from(&theirs.note);
            }
            if ours.slowdown.is_none() {
                ours.slowdown.clone_from(&theirs.slowdown);
            }
        }
        let listed: Vec<Option<u32>> = own.iter().copied().map(Some).collect();
        let listed = if listed.is_empty() { vec![None] } else { listed };
        self.provenance.extend(trace.meta.provenance.split(listed.into_iter()));
    }

    fn label(&mut self, label: Label) -> LabelId {
        let next = LabelId(self.trace.labels.len() as u32);
        let key = LabelKey(label);
        if let Some(&id) = self.labels.get(&key) {
            return id;
        }
        self.trace.labels.push(key.0.clone());
        self.labels.insert(key, next);
        next
    }

    /// Appends the rows of a store; gives old row → new row.
    fn take_args(&mut self, args: ArgStore) -> impl Fn(ArgsId) -> ArgsId + use<> {
        let first = self.trace.args.append(args);
        move |id| if id == ArgsId::NONE { id } else { ArgsId(id.0 + first) }
    }
}

/// Notes of one file among several say which file.
fn prefixed(mut diagnostics: Diagnostics, name: &str) -> Diagnostics {
    for note in &mut diagnostics.notes {
        *note = format!("{name}: {note}");
    }
    diagnostics
}

#[cfg(test)]
mod tests {
    use super::super::only_rank::only_rank;
    use super::*;
    use crate::{
        Kind, LaneId, Meta, OpFacts, Origin, RankInfo, SliceRef, Span, TraceBuilder, TrackKind,
    };

    fn one(title: &str, rank: u32, base_ns: i64, start_ns: i64) -> Trace {
        let mut meta = Meta::new(title, Provenance::Measured { source: "test".into() });
        meta.base_time_unix_ns = base_ns;
        meta.ranks.push(RankInfo { rank, ..RankInfo::default() });
        let mut out = TraceBuilder::new(meta);
        let parent = out.track(None, format!("rank {rank}"), TrackKind::Rank { rank });
        let stream = out.track(Some(parent), "stream 7", TrackKind::Stream { rank, stream: 7 });
        let label = out.label(Label { name: "gemm".into(), kind: Kind::Gemm, ..Label::default() });
        let args = out.args_mut().push([("file", crate::ArgValue::Text(title.into()))]);
        out.push_packed(stream, Span::new(start_ns, start_ns + 10), label, args, 1);
        let slice = out.push_packed(
            stream,
            Span::new(start_ns + 20, start_ns + 30),
            label,
            ArgsId::NONE,
            2,
        );
        let first = SliceRef { lane: slice.lane, index: 0 };
        out.flow(first, slice, crate::FlowKind::Dependency);
        out.finish().expect("valid")
    }

    #[test]
    fn base_times_align_files() {
        let merged = merge(vec![one("a", 0, 1_000, 0), one("b", 1, 1_500, 7)]).expect("two");
        assert_eq!(merged.meta.base_time_unix_ns, 1_000);
        assert_eq!(merged.lanes[0].slices.start_ns, [0, 20]);
        assert_eq!(merged.lanes[1].slices.start_ns, [507, 527]);
        assert_eq!(merged.labels.len(), 1);
        assert_eq!(merged.meta.world_size, 2);
        assert!(merged.diagnostics.is_clean());
        let second = merged.flows[1].from;
        assert_eq!(second.lane, LaneId(1));
        assert_eq!(merged.args_of(second), [("file".into(), crate::ArgValue::Text("b".into()))]);
    }

    #[test]
    fn files_of_the_same_rank_stay_apart() {
        let three = vec![one("a", 0, 5, 0), one("b", 0, 5, 1), one("c", 1, 5, 0)];
        let merged = merge(three).expect("three");
        let ranks: Vec<u32> = merged.meta.ranks.iter().map(|info| info.rank).collect();
        assert_eq!(ranks, [0, 1, 2]);
        // The free number is none that another file has.
        let note = "b: its rank 0 is shown as rank 2, because another file has rank 0 too";
        assert_eq!(merged.diagnostics.notes, [note]);
        assert_eq!(merged.tracks[2].name, "rank 2");
        assert_eq!(merged.tracks[2].kind, TrackKind::Rank { rank: 2 });
        assert_eq!(merged.tracks[4].kind, TrackKind::Rank { rank: 1 });
    }

    #[test]
    fn the_same_file_twice_is_told() {
        let merged = merge(vec![one("a", 0, 5, 0), one("a", 0, 5, 0)]).expect("two");
        assert_eq!(merged.diagnostics.notes[0], "a: it holds the same as a");
        let merged = merge(vec![modelled("a", 0), modelled("b", 1)]).expect("two");
        assert!(merged.diagnostics.is_clean(), "ranks of a model may do the same");
    }

    #[test]
    fn stages_of_a_rank_stand_on_its_rows_in_order_of_time() {
        let stage = |title: &str, rank, base_ns| {
            one(title, rank, base_ns, 0).with_meta(|meta| meta.world_size = 2)
        };
        // Decode before prefill, the other rank between them.
        let files =
            vec![stage("decode", 0, 1_000), stage("other", 1, 500), stage("prefill", 0, 500)];
        let merged = merge(files).expect("three");
        let ranks: Vec<u32> = merged.meta.ranks.iter().map(|info| info.rank).collect();
        assert_eq!(ranks, [0, 1]);
        assert_eq!(merged.tracks.len(), 4);
        assert_eq!(merged.lanes[0].slices.start_ns, [0, 20, 500, 520]);
        assert!(merged.diagnostics.is_clean(), "{:?}", merged.diagnostics);
        // Arrows go with their slices.
        let indices: Vec<_> = merged.flows.iter().map(|f| (f.from.index, f.to.index)).collect();
        assert_eq!(indices, [(0, 1), (2, 3), (0, 1)]);
        // At one time they are two ranks, be they called the same; so are those of a job of one, later.
        let at_once = vec![stage("dp0", 0, 1_000), stage("dp1", 0, 1_010)];
        assert_eq!(merge(at_once).expect("two").meta.ranks.len(), 2);
        let again = vec![one("before", 0, 1_000, 0), one("after", 0, 5_000, 0)];
        assert_eq!(merge(again).expect("two").meta.ranks.len(), 2);
    }

    #[test]
    fn a_file_without_a_base_time_is_told() {
        let merged = merge(vec![one("a", 0, 5, 0), one("b", 1, 0, 0)]).expect("two");
        assert!(merged.diagnostics.notes[0].starts_with("b: no base time"));
    }

    #[test]
    fn ranks_of_one_simulated_run_share_its_clock() {
        let of_run = |rank, tokens| {
            let mut parts = modelled("a run", rank).into_parts();
            parts.meta.base_time_unix_ns = 0;
            let mut run = crate::RunFacts { model: "m".into(), ..crate::RunFacts::default() };
            run.batch.tokens = tokens;
            parts.meta.runs = vec![run];
            Trace::checked(parts).expect("as valid as before")
        };
        let merged = merge(vec![of_run(0, 8), of_run(1, 8), of_run(2, 8)]).expect("three");
        assert!(merged.diagnostics.is_clean(), "{:?}", merged.diagnostics);
        assert_eq!(merged.meta.title, "a run");
        // Of another run it is a guess.
        let merged = merge(vec![of_run(0, 8), of_run(1, 9)]).expect("two");
        assert_eq!(merged.diagnostics.notes.len(), 1);
    }

    #[test]
    fn what_a_run_cost_and_lost_counts_once_in_the_files_of_its_ranks() {
        let both = merge(vec![modelled("a run", 0), modelled("a run", 1)]).expect("two");
        let mut parts = both.into_parts();
        parts.meta.runs = vec![crate::RunFacts::default()];
        parts.meta.overhead.recording_host_ns = Some(700);
        parts.diagnostics.count("blocks that did not tell", 3);
        parts.diagnostics.note("a gap");
        let whole = Trace::checked(parts).expect("as valid as before");
        let ranks = || [0, 1].map(|rank| only_rank(&whole, rank).expect("a rank"));
        let merged = merge(ranks().to_vec()).expect("two");
        assert_eq!(merged.meta.overhead, whole.meta.overhead);
        assert_eq!(merged.diagnostics.counts, whole.diagnostics.counts);
        assert_eq!(merged.diagnostics.notes, ["a run: a gap"]);
        // Another run like it has a cost and losses of its own.
        let [mine, other] = ranks();
        let other = other.with_meta(|meta| meta.overhead.recording_host_ns = Some(701));
        let merged = merge(vec![mine, other]).expect("two");
        assert_eq!(merged.meta.overhead.recording_host_ns, Some(1401));
        assert_eq!(merged.diagnostics.counts["blocks that did not tell"], 6);
        // Of files that do not say what they are of, each speaks for itself.
        let of_others = ranks().map(|trace| trace.with_meta(|meta| meta.runs.clear()));
        let merged = merge(of_others.to_vec()).expect("two");
        assert_eq!(merged.meta.overhead.recording_host_ns, Some(1400));
    }

    #[test]
    fn nothing_is_no_trace() {
        assert_eq!(merge(Vec::new()).expect_err("nothing"), MergeError::Nothing);
    }

    fn modelled(title: &str, rank: u32) -> Trace {
        let mut parts = one(title, rank, 5, 0).into_parts();
        parts.meta.provenance = Provenance::Modelled { source: "sim".into() };
        Trace::checked(parts).expect("as valid as before")
    }

    #[test]
    fn measured_and_modelled_ranks_make_a_mixed_trace_that_says_which() {
        let merged = merge(vec![one("a", 0, 5, 0), modelled("b", 0)]).expect("two");
        assert_eq!(merged.meta.provenance.name(), "mixed");
        let of = |rank| merged.meta.provenance.of_rank(Some(rank)).origin();
        assert_eq!((of(0), of(1)), (Some(Origin::Measured), Some(Origin::Modelled)));
        // Merged once more, the ranks keep their own.
        let again = merge(vec![one("c", 3, 5, 0), merged]).expect("three");
        let source = again.meta.provenance.source().into_owned();
        assert_eq!(source, "test (measured: ranks 0, 3), sim (modelled: rank 1)");
    }

    #[test]
    fn labels_are_one_only_when_all_of_them_is_the_same_to_the_bit() {
        let with = |rank: u32, flops: f64| {
            let mut parts = one("x", rank, 5, 0).into_parts();
            parts.labels[0].facts = Some(Box::new(OpFacts { flops, ..OpFacts::default() }));
            Trace::checked(parts).expect("as valid as before")
        };
        let flops = [0.0, -0.0, f64::NAN, f64::NAN, 1.0, 1.0 + f64::EPSILON];
        let traces = flops.iter().zip(0..).map(|(&flops, rank)| with(rank, flops)).collect();
        let merged = merge(traces).expect("six");
        assert_eq!(merged.labels.len(), 5, "the two NaN are one");
    }
}
