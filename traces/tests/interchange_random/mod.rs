//! Random but valid traces.

use weftscope_traces::{
    ArgValue, ClockAgreement, CounterSeries, DeviceInfo, FlowKind, Kind, Label, LabelId, LaneId,
    Meta, OpFacts, Phase, Provenance, RankInfo, SliceRef, Slowdown, Span, Split, Trace,
    TraceBuilder, TrackId, TrackKind,
};

/// SplitMix64: small, and the same everywhere.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// `0..n`.
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.next() % n.max(1)
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    fn text(&mut self) -> String {
        const WORDS: [&str; 10] = [
            "gemm",
            "ncclDevKernel_AllReduce",
            "q\"uote",
            "back\\slash",
            "tab\tnul\u{0}",
            "é😀",
            "",
            "[1,2,3]",
            "{\"a\":[1.50,\"x y\"]}",
            "[ 1 ]",
        ];
        WORDS[self.below(WORDS.len() as u64) as usize].to_owned()
    }

    fn float(&mut self) -> f64 {
        match self.below(4) {
            0 => 3.0,
            1 => -0.1,
            2 => 1.0e300,
            _ => f64::from_bits(self.next() >> 2 | 0x3000_0000_0000_0000),
        }
    }
}

/// A trace of every shape the model allows, about `size` slices.
pub(crate) fn trace(seed: u64, size: u64) -> Trace {
    let random = &mut Random(seed);
    let modelled = Provenance::Modelled { source: random.text() };
    let measured = Provenance::Measured { source: "test".to_owned() };
    let mut meta = Meta::new(random.text(), if random.chance(50) { modelled } else { measured });
    meta.base_time_unix_ns = random.next() as i64 >> 2;
    meta.run = vec![("model".to_owned(), random.text())];
    meta.overhead.recording_host_ns = random.chance(50).then(|| random.next() as i64);
    meta.overhead.slowdown =
        random.chance(30).then(|| Slowdown { percent: 0.25, how: random.text() });
    let num_ranks = 1 + random.below(3) as u32;
    meta.world_size = num_ranks;
    for rank in 0..num_ranks {
        let device = DeviceInfo {
            name: random.text(),
            sms: 3,
            memory_bytes: random.next(),
            compute_capability: (9, 0),
        };
        meta.ranks.push(RankInfo { rank, device });
        if random.chance(40) {
            let residual_p99_ns = random.below(300) as i64;
            let what = random.text();
            meta.clocks.push(ClockAgreement { rank, what, residual_p99_ns, readings: 7 });
        }
    }
    let mut out = TraceBuilder::new(meta);
    let labels: Vec<LabelId> = (0..6).map(|op| out.label(label(random, op))).collect();
    let mut lanes = Vec::new();
    for rank in 0..num_ranks {
        rank_tracks(random, &mut out, rank, &mut lanes);
    }
    let process = out.track(None, "process", TrackKind::Group);
    for (pid, tid) in [(589, 589), (1, 7), (589, 0)] {
        let rank = random.chance(50).then_some(0);
        let kind = TrackKind::HostThread { rank, pid, tid };
        let thread = out.track(Some(process), random.text(), kind);
        for _ in 0..random.below(3) {
            lanes.push(out.lane(thread));
        }
    }
    let loose = out.track(None, "loose", TrackKind::Group);
    lanes.push(out.lane(loose));
    let mut slices = Vec::new();
    for &lane in &lanes {
        fill(random, &mut out, lane, &labels, size / lanes.len() as u64, &mut slices);
    }
    flows(random, &mut out, &slices);
    for series in 0..random.below(4) {
        counter(random, &mut out, series);
    }
    out.diagnostics_mut().count("lost", random.below(3));
    out.diagnostics_mut().note(random.text());
    out.finish().expect("valid by construction")
}

fn rank_tracks(random: &mut Random, out: &mut TraceBuilder, rank: u32, lanes: &mut Vec<LaneId>) {
    let parent = Some(out.track(None, format!("rank {rank}"), TrackKind::Rank { rank }));
    let mut add = |out: &mut TraceBuilder, name: String, kind, num_lanes: u64| -> TrackId {
        let track = out.track(parent, name, kind);
        for _ in 0..num_lanes {
            lanes.push(out.lane(track));
        }
        track
    };
    add(out, "marks".to_owned(), TrackKind::Marks { rank: Some(rank) }, random.below(4));
    for stream in [0, 7, 17] {
        let kind = TrackKind::Stream { rank, stream };
        add(out, random.text(), kind, 1 + random.below(2));
    }
    for row in 0..random.below(3) as u32 {
        add(out, random.text(), TrackKind::Driver { rank, row }, 1 + random.below(2));
    }
    for sm in 0..random.below(4) as u32 {
        add(out, format!("SM {sm}"), TrackKind::Sm { rank, sm }, 1 + random.below(2));
    }
}

fn label(random: &mut Random, op: u32) -> Label {
    let facts = random.chance(50).then(|| {
        Box::new(OpFacts {
            op,
            grid: 300,
            waves: 3,
            tail_occupancy: random.float(),
            sms: 132,
            tokens: 4096,
            flops: random.float(),
            hbm_bytes: random.float(),
            link_bytes: 0.0,
            alone_ns: random.chance(50).then(|| random.next() as i64),
            shape: random.text(),
        })
    });
    Label {
        name: random.text(),
        kind: Kind::ALL[random.below(10) as usize],
        layer: random.chance(50).then_some(op),
        split: [Split::Whole, Split::First, Split::Second][random.below(3) as usize],
        phase: [Phase::None, Phase::Head, Phase::C][random.below(3) as usize],
        facts,
    }
}

fn fill(
    random: &mut Random,
    out: &mut TraceBuilder,
    lane: LaneId,
    labels: &[LabelId],
    size: u64,
    slices: &mut Vec<SliceRef>,
) {
    let mut now = random.below(1 << 20) as i64 - (1 << 19);
    for _ in 0..random.below(2 * size + 1) {
        let len = if random.chance(10) { 0 } else { random.below(5000) as i64 };
        let args = if random.chance(40) {
            let pairs = [
                (random.text(), ArgValue::Int(random.next() as i64)),
                (format!("x{}", random.text()), ArgValue::Float(random.float())),
                (format!("y{}", random.text()), ArgValue::Text(random.text())),
            ];
            out.args_mut().push(pairs.iter().map(|(key, value)| (key.as_str(), value.clone())))
        } else {
            weftscope_traces::ArgsId::NONE
        };
        let label = labels[random.below(labels.len() as u64) as usize];
        let item = if random.chance(30) { 0 } else { random.next() as u32 };
        slices.push(out.push(lane, Span::new(now, now + len), label, args, item));
        now += len + if random.chance(50) { 0 } else { random.below(1000) as i64 };
    }
}

fn flows(random: &mut Random, out: &mut TraceBuilder, slices: &[SliceRef]) {
    if slices.is_empty() {
        return;
    }
    for _ in 0..random.below(10) {
        let mut pick = || slices[random.below(slices.len() as u64) as usize];
        let (from, to) = (pick(), pick());
        let kinds = [FlowKind::Dependency, FlowKind::Launch, FlowKind::Imported];
        out.flow(from, to, kinds[random.below(3) as usize]);
    }
}

fn counter(random: &mut Random, out: &mut TraceBuilder, series: u64) {
    let mut at = random.below(1000) as i64;
    let mut at_ns = Vec::new();
    for _ in 0..random.below(20) {
        at_ns.push(at);
        at += random.below(1000) as i64;
    }
    let value = at_ns.iter().map(|_| random.float()).collect();
    let unit = if random.chance(30) { String::new() } else { "GB/s".to_owned() };
    let rank = random.chance(50).then_some(0);
    out.counter(CounterSeries { name: format!("series {series}"), unit, rank, at_ns, value });
}
