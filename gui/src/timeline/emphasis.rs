//! What is drawn full and what is dimmed: what is selected and its kin, and what is looked for.

use std::sync::Arc;

use weftscope_traces::{
    LabelId, LaneId, SliceRef, SliceTable, Trace,
    analysis::{self, Hits, OpPlaces, Place},
    lod::LodItem,
};

use super::{TimelineData, ViewState, search::Asked};

/// What is drawn full and what is dimmed.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Emphasis {
    /// The op selected and the ops it waits for or that wait for it.
    related: Option<Related>,
    /// What is looked for.
    asked: Option<Asked>,
}

/// Ops by what they are, not slices: the same op on the other ranks stays bright too.
#[derive(Clone, Debug, PartialEq)]
struct Related {
    /// One flag a label.
    labels: Vec<bool>,
    /// Where labels do not tell it, the layer, half and phase of each op too: ops of all layers share a label there.
    placed: Vec<(LabelId, Option<Place>)>,
}

impl Related {
    fn of(data: &TimelineData, slices: impl Iterator<Item = SliceRef>) -> Self {
        let mut related = Self { labels: vec![false; data.trace.labels.len()], placed: Vec::new() };
        for slice in slices {
            let label = data.trace.lane(slice.lane).slices.label[slice.index as usize];
            related.labels[label.0 as usize] = true;
            let one = (label, place(&data.trace, &data.places, slice));
            if !related.placed.contains(&one) {
                related.placed.push(one);
            }
        }
        related
    }

    fn has(&self, trace: &Trace, places: &OpPlaces, slice: SliceRef, label: LabelId) -> bool {
        let is_there = || self.placed.contains(&(label, place(trace, places, slice)));
        self.labels[label.0 as usize] && (places.is_empty() || is_there())
    }
}

/// Where an op or its block belongs, in any pass, as far as the order of kernels tells it.
fn place(trace: &Trace, places: &OpPlaces, slice: SliceRef) -> Option<Place> {
    places.get(trace, slice).map(|place| Place { pass: 0, ..place })
}

impl Emphasis {
    pub(super) fn new(data: &TimelineData, view: &ViewState) -> Self {
        let asked = view.search.asked().cloned();
        let related = view.selection.slice().map(|slice| {
            let op = data.op_of(slice).unwrap_or(slice);
            let others = data.producers(op).chain(data.consumers(op));
            Related::of(data, others.chain([op, slice]))
        });
        Self { related, asked }
    }

    /// Is anything dimmed at all?
    pub(super) fn is_active(&self) -> bool {
        self.related.is_some() || self.asked.is_some()
    }

    /// What is bright on one lane.
    pub(super) fn on<'a>(&'a self, data: &'a TimelineData, lane: LaneId) -> LaneEmphasis<'a> {
        let found = self.asked.as_ref().map(|Asked { search, hits }| {
            if search.looks_at(lane) {
                Found::Slices(search)
            } else if !search.admits(&data.trace, lane) {
                Found::Nothing
            } else {
                hits.as_ref().map_or(Found::Labels(search), Found::Ops)
            }
        });
        let slices = &data.trace.lane(lane).slices;
        let (trace, places) = (&*data.trace, &*data.places);
        LaneEmphasis { trace, places, lane, slices, related: self.related.as_ref(), found }
    }
}

/// What is bright on one lane.
pub(super) struct LaneEmphasis<'a> {
    trace: &'a Trace,
    places: &'a OpPlaces,
    lane: LaneId,
    slices: &'a SliceTable,
    related: Option<&'a Related>,
    found: Option<Found<'a>>,
}

/// How what is looked for shows on a lane.
enum Found<'a> {
    /// Its slices are looked at one by one.
    Slices(&'a Arc<analysis::Search>),
    /// It holds blocks of ops that are looked for elsewhere: they are as bright as the op.
    Ops(&'a Arc<Hits>),
    /// The same while the hits are not known yet.
    Labels(&'a Arc<analysis::Search>),
    /// It is shut out.
    Nothing,
}

impl LaneEmphasis<'_> {
    /// Of a fold the longest slice decides, and whether it is too short for any in it to be meant.
    pub(super) fn is_bright(&self, item: &LodItem) -> bool {
        if self.related.is_none() && self.found.is_none() {
            return true;
        }
        let label = self.slices.label[item.index as usize];
        let longest = SliceRef { lane: self.lane, index: item.index };
        if self.related.is_some_and(|it| it.has(self.trace, self.places, longest, label)) {
            return true;
        }
        match &self.found {
            None => self.related.is_none(),
            Some(Found::Slices(search)) => {
                let longest_ns = self.slices.span(item.index as usize).len_ns();
                let length = search.length();
                let is_meant = if item.is_fold() {
                    longest_ns >= length.least_ns
                } else {
                    length.contains(longest_ns)
                };
                is_meant && search.accepts(self.trace, longest)
            }
            Some(Found::Ops(hits)) => {
                hits.has_label(label) && hits.search().accepts(self.trace, longest)
            }
            Some(Found::Labels(search)) => search.accepts(self.trace, longest),
            Some(Found::Nothing) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use weftscope_traces::{ArgsId, Kind, Label, Meta, Provenance, Span, TraceBuilder, TrackKind};

    use super::*;
    use crate::timeline::ViewCommand;

    /// Two ranks, each a stream with a short and a long op, and an SM with two blocks of each.
    fn trace() -> Trace {
        let provenance = Provenance::Modelled { source: "test".into() };
        let mut builder = TraceBuilder::new(Meta::new("test", provenance));
        let [short, long] = ["qkv", "gate_up"].map(|name| {
            builder.label(Label { name: name.into(), kind: Kind::Gemm, ..Label::default() })
        });
        for rank in 0..2 {
            let stream = builder.track(None, "compute", TrackKind::Stream { rank, stream: 0 });
            let stream = builder.lane(stream);
            builder.push(stream, Span::new(0, 100), short, ArgsId::NONE, 0);
            builder.push(stream, Span::new(100, 1100), long, ArgsId::NONE, 0);
            let sm = builder.track(None, "SM 0", TrackKind::Sm { rank, sm: 0 });
            let sm = builder.lane(sm);
            for (start, end, label) in
                [(0, 50, short), (50, 100, short), (100, 700, long), (700, 1100, long)]
            {
                builder.push(sm, Span::new(start, end), label, ArgsId::NONE, 0);
            }
        }
        builder.finish().unwrap()
    }

    fn item(trace: &Trace, slice: SliceRef) -> LodItem {
        let (span, label) = (trace.span_of(slice), trace.label_of(slice));
        LodItem {
            start_ns: span.start_ns,
            end_ns: span.end_ns,
            count: 1,
            busy_ns: span.len_ns(),
            kind: label.kind,
            split: label.split,
            first: slice.index,
            index: slice.index,
        }
    }

    /// What is bright for a search: rank, row, start.
    fn bright(text: &str) -> Vec<String> {
        let data = TimelineData::new(Arc::new(trace()));
        let trace = &data.trace;
        let mut view = ViewState::new(&data);
        ViewCommand::Search(text.to_owned()).apply(&mut view, &data);
        let emphasis = Emphasis::new(&data, &view);
        let mut bright = Vec::new();
        for (lane, of_lane) in (0..).map(LaneId).zip(&trace.lanes) {
            let track = trace.track(of_lane.track);
            for index in 0..of_lane.slices.len() as u32 {
                let slice = SliceRef { lane, index };
                let is_bright = emphasis.on(&data, lane).is_bright(&item(trace, slice));
                if let Some(asked) = view.search.asked()
                    && asked.search.looks_at(lane)
                {
                    assert_eq!(is_bright, asked.search.is_hit(trace, slice), "{text} {slice:?}");
                }
                if is_bright {
                    let (rank, start) =
                        (track.kind.rank().unwrap(), of_lane.slices.span(index as usize).start_ns);
                    bright.push(format!("{rank} {} {start}", track.name));
                }
            }
        }
        bright
    }

    #[test]
    fn what_is_bright_is_what_is_found_and_its_blocks() {
        let of_rank = |rank: u32| {
            ["compute 100", "SM 0 100", "SM 0 700"].map(|rest| format!("{rank} {rest}"))
        };
        let both: Vec<String> = [of_rank(0), of_rank(1)].concat();
        assert_eq!(bright("gate"), both);
        assert_eq!(bright("dur>100ns"), both, "blocks are as bright as their op");
        assert_eq!(bright("gate rank:1"), of_rank(1));
        assert_eq!(bright("gate in:stream"), ["0 compute 100", "1 compute 100"]);
        assert_eq!(bright("dur>500ns in:sm"), ["0 SM 0 100", "1 SM 0 100"]);
        assert_eq!(bright("dur>5s"), [""; 0]);
        for nothing_asked in ["", "layer:x"] {
            assert_eq!(bright(nothing_asked).len(), 12, "nothing is dimmed");
        }
    }

    /// A stream of six layers of six kernels, of which only their order tells the layer, and an SM with a block of each.
    fn layers() -> Trace {
        const LAYER: [(&str, Kind); 6] = [
            ("qkv", Kind::Gemm),
            ("fa", Kind::Attention),
            ("o", Kind::Gemm),
            ("ar", Kind::Comm),
            ("up", Kind::Gemm),
            ("add_norm", Kind::Norm),
        ];
        let provenance = Provenance::Measured { source: "test".into() };
        let mut builder = TraceBuilder::new(Meta::new("test", provenance));
        let labels = LAYER.map(|(name, kind)| {
            builder.label(Label { name: name.into(), kind, ..Label::default() })
        });
        let stream = builder.track(None, "stream 7", TrackKind::Stream { rank: 0, stream: 7 });
        let sm = builder.track(None, "SM 0", TrackKind::Sm { rank: 0, sm: 0 });
        for lane in [builder.lane(stream), builder.lane(sm)] {
            for (at, &label) in (0..).zip(labels.iter().cycle().take(36)) {
                builder.push(lane, Span::new(at * 100, at * 100 + 90), label, ArgsId::NONE, 0);
            }
        }
        builder.finish().unwrap()
    }

    /// What is bright of ops and of blocks, by number.
    fn bright_of_layers(command: ViewCommand) -> [Vec<u32>; 2] {
        let data = TimelineData::new(Arc::new(layers()));
        let mut view = ViewState::new(&data);
        command.apply(&mut view, &data);
        let emphasis = Emphasis::new(&data, &view);
        [LaneId(0), LaneId(1)].map(|lane| {
            let is_bright = |&index: &u32| {
                emphasis.on(&data, lane).is_bright(&item(&data.trace, SliceRef { lane, index }))
            };
            (0..36).filter(is_bright).collect()
        })
    }

    #[test]
    fn blocks_of_one_layer_are_bright_where_only_order_tells_layers() {
        let search = |text: &str| bright_of_layers(ViewCommand::Search(text.to_owned()));
        let third: Vec<u32> = (12..18).collect();
        assert_eq!(search("layer:2"), [third.clone(), third.clone()]);
        assert_eq!(search("layer:2 in:sm"), [Vec::new(), third]);
        assert_eq!(search("layer:2 kind:attention"), [[13], [13]]);
        let attention: Vec<u32> = (0..6).map(|layer| 6 * layer + 1).collect();
        assert_eq!(search("kind:attention"), [attention.clone(), attention]);
    }

    #[test]
    fn an_op_selected_leaves_those_of_other_layers_dim_where_only_order_tells_layers() {
        for lane in [LaneId(0), LaneId(1)] {
            let slice = SliceRef { lane, index: 13 };
            let bright = bright_of_layers(ViewCommand::Select(slice));
            assert_eq!(bright, [[13], [13]], "{lane:?}");
        }
    }
}
