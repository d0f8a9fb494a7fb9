//! A trace of what a replay predicts, marked as modelled.

use std::collections::BTreeMap;

use super::{Replay, ReplayOp, Timeline};
use crate::model::{
    ArgsId, BuildError, DeviceInfo, Kind, Label, LabelId, Meta, Origin, Provenance, RankInfo, Span,
    Split, Trace, TraceBuilder, TrackId, TrackKind,
};
use crate::words;

impl Replay {
    /// The predicted timeline as a trace: ranks, streams and iterations; no hosts, thread blocks, counters or arguments, since
    /// nothing is predicted of them. `what` says in words what was changed; the recording is named where times come from.
    ///
    /// # Errors
    /// [`BuildError`] where times lie further than 73 years from the base time.
    pub fn predicted(
        &self,
        recorded: &Trace,
        timeline: &Timeline,
        what: &str,
    ) -> Result<Trace, BuildError> {
        let from = &recorded.meta;
        let source = format!(
            "weftscope {} what-if over a recording {}",
            env!("CARGO_PKG_VERSION"),
            match from.provenance.origin() {
                Some(Origin::Unknown) | None => "of another program".to_owned(),
                _ => from.provenance.sentence(),
            }
        );
        let mut meta =
            Meta::new(format!("{}, what if: {what}", from.title), Provenance::Modelled { source });
        meta.world_size = self.world_size;
        meta.ranks = self.rank_infos(&from.ranks);
        meta.labels.clone_from(&from.labels);
        let mut builder = TraceBuilder::new(meta);
        let mut labels = Labels { recorded, known: BTreeMap::new(), facts_hold: self.facts_hold };
        let iterations = self.iteration_spans(&timeline.spans);
        for (index, &rank) in self.ranks.iter().enumerate() {
            let track = builder.track(None, format!("rank {rank}"), TrackKind::Rank { rank });
            self.marks(&mut builder, track, rank, &iterations[index]);
            self.streams_of(&mut builder, (track, index), timeline, &mut labels);
        }

        builder.finish()
    }

    /// What there is to say of its ranks: of one that an edit added what the recording says of the first.
    fn rank_infos(&self, recorded: &[RankInfo]) -> Vec<RankInfo> {
        let of = |&rank: &u32| {
            let known = recorded.iter().find(|info| info.rank == rank).or(recorded.first())?;
            let mut info = RankInfo { rank, ..known.clone() };
            if let Some(machine) = &self.moved_to {
                let (name, sms) = (machine.gpu.clone(), machine.sms);
                info.device = DeviceInfo { name, sms, ..DeviceInfo::default() };
            }
            Some(info)
        };
        self.ranks.iter().filter_map(of).collect()
    }

    fn marks(&self, builder: &mut TraceBuilder, parent: TrackId, rank: u32, spans: &[Span]) {
        let kind = TrackKind::Marks { rank: Some(rank) };
        let track = builder.track(Some(parent), "iterations", kind);
        let lane = builder.lane(track);
        let mut from_ns = i64::MIN;
        for (at, span) in spans.iter().enumerate() {
            let name = format!("iteration {at}");
            let label = builder.label(Label { name, kind: Kind::Mark, ..Label::default() });
            // Marks of a row do not overlap, as they may where an edit lets iterations run into one another.
            let start_ns = span.start_ns.max(from_ns);
            let span = Span::new(start_ns, span.end_ns.max(start_ns));
            from_ns = span.end_ns;
            builder.push(lane, span, label, ArgsId::NONE, 0);
        }
    }

    fn streams_of(
        &self,
        builder: &mut TraceBuilder,
        (parent, rank): (TrackId, usize),
        timeline: &Timeline,
        labels: &mut Labels<'_>,
    ) {
        for stream in self.streams.iter().filter(|stream| stream.rank == rank) {
            let kind = TrackKind::Stream { rank: self.ranks[rank], stream: stream.number };
            let track = builder.track(Some(parent), format!("stream {}", stream.number), kind);
            let mut order = stream.ops.clone();
            order.sort_by_key(|&op| timeline.spans[op as usize].start_ns);
            for op in order {
                let known = &self.ops[op as usize];
                let label = labels.of(builder, known);
                builder.push_packed(track, timeline.spans[op as usize], label, ArgsId::NONE, 0);
            }
        }
    }
}

/// Labels as they were, those of parts and of what was fused apart.
struct Labels<'a> {
    recorded: &'a Trace,
    known: BTreeMap<(LabelId, Split, Option<u32>, Option<LabelId>), LabelId>,
    facts_hold: bool,
}

impl Labels<'_> {
    fn of(&mut self, builder: &mut TraceBuilder, op: &ReplayOp) -> LabelId {
        let layer = op.place.layer;
        *self.known.entry((op.label, op.part, layer, op.fused_with)).or_insert_with(|| {
            let mut label = self.recorded.label(op.label).clone();
            label.layer = layer;
            if !self.facts_hold {
                label.facts = None;
            }
            if op.part != Split::Whole {
                label.split = op.part;
                // They are of the whole op.
                label.facts = None;
            }
            if let Some(norm) = op.fused_with {
                label.name = fused_name(&label.name, &self.recorded.label(norm).name);
                label.facts = None;
            }
            builder.label(label)
        })
    }
}

/// Of a collective and the norm in it; of kernels without their parameters and template arguments.
fn fused_name(comm: &str, norm: &str) -> String {
    let [comm, norm] = [comm, norm].map(|name| {
        let name = words::kernel(name);
        let own = name.split(['(', '<']).next().unwrap_or_default().trim().to_owned();
        if own.is_empty() { name } else { own }
    });
    format!("{comm} fused with {norm}")
}
