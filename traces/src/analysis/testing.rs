//! Traces as text, for tests.
//!
//! ```text
//! sms 4                                   SMs of every rank's device
//! base 1000                               Unix time of trace time 0
//! measured                                the times are no model's
//! rank 0
//! off 2.5                                 predicted times are off by so many percent
//! marks 0: mark 0..200 step0              lane 0 of the rank's marks
//! stream 7: gemm 0..100 gate_up L3 s0 pC; comm 40..60 ar op=4 alone=15
//! sm 0: gemm 0..50 gate_up L3 s0 pC       slot 0 of SM 0
//! sm 0.1: wait 40..45 ar op=4             slot 1 of SM 0
//! host 1: host 0..5 launch                thread 1 of the rank's host process
//! flow gate_up@0 -> ar@40                 by name and start, on any rank so far
//! launch launch@0 -> ar@40                the same, of a call that launched an op
//! ```
//! A slice is `kind start..end name`, then any of `L<layer>`, `s0`/`s1`, `pA`…, facts (`op= grid= sms= waves= tail=
//! tokens= alone= flops= bytes= link=`, `whole=grid/waves/tail`) and Kineto's arguments (`seq= pg= members=0,1 nelems= dtype= src= dst=`). Slices with equal words share a label.

use crate::model::{
    ArgValue, DeviceInfo, ExpectedError, FlowKind, Kind, Label, LabelId, LaneId, Meta, OpFacts,
    Phase, Provenance, RankInfo, RunFacts, SliceRef, Span, Split, Trace, TraceBuilder, TrackId,
    TrackKind, UnsplitFacts,
};

/// The trace that `text` describes.
pub(crate) fn trace(text: &str) -> Trace {
    let provenance = Provenance::Modelled { source: "text".into() };
    let mut reader = Reader {
        builder: TraceBuilder::new(Meta::new("text", provenance)),
        labels: Vec::new(),
        placed: Vec::new(),
        tracks: Vec::new(),
        rank: 0,
        sms: 0,
    };
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        reader.line(line);
    }
    reader.builder.finish().expect("the text describes a valid trace")
}

struct Reader {
    builder: TraceBuilder,
    labels: Vec<Label>,
    /// Name, start, slice of everything so far.
    placed: Vec<(String, i64, SliceRef)>,
    tracks: Vec<(TrackKind, TrackId, Vec<LaneId>)>,
    rank: u32,
    sms: u32,
}

impl Reader {
    fn line(&mut self, line: &str) {
        if let Some((row, slices)) = line.split_once(':') {
            let (kind, slot) = self.row(row);
            let slices = slices.split(';').map(str::trim).filter(|slice| !slice.is_empty());
            for slice in slices {
                self.slice(&kind, slot, slice);
            }
            return;
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            ["sms", sms] => self.sms = number(sms) as u32,
            ["base", base] => self.builder.meta_mut().base_time_unix_ns = number(base),
            ["measured"] => {
                let provenance = Provenance::Measured { source: "text".into() };
                self.builder.meta_mut().provenance = provenance;
            }
            ["off", percent] => {
                let error = ExpectedError {
                    percent: percent.parse().expect("a number"),
                    ..ExpectedError::default()
                };
                let run = RunFacts { expected_error: Some(error), ..RunFacts::default() };
                self.builder.meta_mut().runs.push(run);
            }
            ["world", size] => self.builder.meta_mut().world_size = number(size) as u32,
            ["rank", rank] => {
                self.rank = number(rank) as u32;
                let device = DeviceInfo { sms: self.sms, ..DeviceInfo::default() };
                self.builder.meta_mut().ranks.push(RankInfo {
                    rank: self.rank,
                    device,
                    server: None,
                });
            }
            [arrow @ ("flow" | "launch"), from, "->", to] => {
                let kind = if arrow == "flow" { FlowKind::Dependency } else { FlowKind::Launch };
                let (from, to) = (self.find(from), self.find(to));
                self.builder.flow(from, to, kind);
            }
            _ => panic!("not understood: {line}"),
        }
    }

    fn row(&self, row: &str) -> (TrackKind, Option<usize>) {
        let rank = self.rank;
        match row.split_whitespace().collect::<Vec<_>>()[..] {
            ["stream", stream] => (TrackKind::Stream { rank, stream: number(stream) as u32 }, None),
            ["host", tid] => {
                (TrackKind::HostThread { rank: Some(rank), pid: 1, tid: number(tid) as u32 }, None)
            }
            ["marks", lane] => (TrackKind::Marks { rank: Some(rank) }, Some(number(lane) as usize)),
            ["sm", place] => {
                let (sm, slot) = place.split_once('.').unwrap_or((place, "0"));
                (TrackKind::Sm { rank, sm: number(sm) as u32 }, Some(number(slot) as usize))
            }
            _ => panic!("not a row: {row}"),
        }
    }

    fn slice(&mut self, track: &TrackKind, lane: Option<usize>, text: &str) {
        let mut words = text.split_whitespace();
        let mut next = || words.next().unwrap_or_else(|| panic!("too short: {text}"));
        let kind = next();
        let kind = Kind::from_name(kind).unwrap_or_else(|| panic!("not a kind: {kind}"));
        let (start, end) = next().split_once("..").expect("start..end");
        let span = Span::new(number(start), number(end));
        let mut label = Label { name: next().to_owned(), kind, ..Label::default() };
        let mut args: Vec<(&str, ArgValue)> = Vec::new();
        for word in words {
            match word.split_once('=') {
                Some(("seq", seq)) => args.push(("Seq", ArgValue::Int(number(seq)))),
                Some(("nelems", n)) => args.push(("In msg nelems", ArgValue::Int(number(n)))),
                Some(("src", rank)) => args.push(("Src Rank", ArgValue::Int(number(rank)))),
                Some(("dst", rank)) => args.push(("Dst Rank", ArgValue::Int(number(rank)))),
                Some(("dtype", name)) => args.push(("dtype", ArgValue::Text(name.into()))),
                Some(("pg", name)) => {
                    args.push(("Process Group Name", ArgValue::Text(name.into())));
                }
                Some(("members", ranks)) => {
                    args.push(("Process Group Ranks", ArgValue::Text(format!("[{ranks}]"))));
                }
                _ => describe(&mut label, word),
            }
        }
        let args = self.builder.args_mut().push(args);
        let name = label.name.clone();
        let label = self.label(label);
        let track = self.track(track);
        let slice = match lane {
            Some(lane) => {
                let lane = self.lane(track, lane);
                self.builder.push(lane, span, label, args, 0)
            }
            None => self.builder.push_packed(self.tracks[track].1, span, label, args, 0),
        };
        self.placed.push((name, span.start_ns, slice));
    }

    fn label(&mut self, label: Label) -> LabelId {
        if let Some(known) = self.labels.iter().position(|known| *known == label) {
            return LabelId(known as u32);
        }
        self.labels.push(label.clone());
        self.builder.label(label)
    }

    fn track(&mut self, kind: &TrackKind) -> usize {
        if let Some(known) = self.tracks.iter().position(|(known, ..)| known == kind) {
            return known;
        }
        let id = self.builder.track(None, format!("{kind:?}"), kind.clone());
        self.tracks.push((kind.clone(), id, Vec::new()));
        self.tracks.len() - 1
    }

    fn lane(&mut self, track: usize, lane: usize) -> LaneId {
        let (_, id, lanes) = &mut self.tracks[track];
        while lanes.len() <= lane {
            lanes.push(self.builder.lane(*id));
        }
        lanes[lane]
    }

    fn find(&self, place: &str) -> SliceRef {
        let (name, start) = place.split_once('@').expect("name@start");
        let start = number(start);
        // Of ranks that are alike the one whose rows came last.
        let found = self.placed.iter().rfind(|(n, s, _)| n == name && *s == start);
        found.unwrap_or_else(|| panic!("no slice {place}")).2
    }
}

fn describe(label: &mut Label, word: &str) {
    if let Some((key, value)) = word.split_once('=') {
        fact(label.facts.get_or_insert_default(), key, value);
        return;
    }
    let (first, rest) = word.split_at(1);
    match (first, rest) {
        ("L", layer) => label.layer = Some(number(layer) as u32),
        ("s", "0") => label.split = Split::First,
        ("s", "1") => label.split = Split::Second,
        ("p", phase) => {
            let phase = Phase::ALL.into_iter().find(|known| known.name() == phase);
            label.phase = phase.unwrap_or_else(|| panic!("not a phase: {word}"));
        }
        _ => panic!("not understood: {word}"),
    }
}

fn fact(facts: &mut OpFacts, key: &str, value: &str) {
    let real = || value.parse::<f64>().unwrap_or_else(|_| panic!("not a number: {value}"));
    let whole = || number(value) as u32;
    match key {
        "op" => facts.op = whole(),
        "grid" => facts.grid = whole(),
        "sms" => facts.sms = whole(),
        "waves" => facts.waves = whole(),
        "tail" => facts.tail_occupancy = real(),
        "tokens" => facts.tokens = whole(),
        "alone" => facts.alone_ns = Some(number(value)),
        "flops" => facts.flops = real(),
        "bytes" => facts.hbm_bytes = real(),
        "link" => facts.link_bytes = real(),
        "whole" => facts.unsplit = Some(unsplit(value)),
        _ => panic!("not a fact: {key}"),
    }
}

fn unsplit(text: &str) -> UnsplitFacts {
    let [grid, waves, tail] = text.split('/').collect::<Vec<_>>()[..] else {
        panic!("not grid/waves/tail: {text}");
    };
    let tail_occupancy = tail.parse().unwrap_or_else(|_| panic!("not a number: {tail}"));
    UnsplitFacts { grid: number(grid) as u32, waves: number(waves) as u32, tail_occupancy }
}

fn number(text: &str) -> i64 {
    text.parse().unwrap_or_else(|_| panic!("not a number: {text}"))
}
