//! Made-up traces in the shape of a TokenWeave run, for pictures, tests and benches of the window.

use weftscope_traces::{
    ArgsId, CounterSeries, DeviceInfo, FlowKind, Kind, Label, LabelId, LaneId, Meta, OpFacts,
    Phase, Provenance, RankInfo, SliceRef, Span, Split, Trace, TraceBuilder, TrackKind,
};

/// What to make.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    /// Ranks.
    pub(crate) ranks: u32,
    /// SMs a rank.
    pub(crate) sms: u32,
    /// SMs that communication holds.
    pub(crate) comm_sms: u32,
    /// Layers of four phases.
    pub(crate) layers: u32,
    /// Median time of a thread block in ns; smaller makes more blocks.
    pub(crate) block_ns: i64,
}

impl Shape {
    /// Small enough to read as text.
    pub(crate) const TINY: Self =
        Self { ranks: 2, sms: 4, comm_sms: 1, layers: 1, block_ns: 30_000 };
}

/// An op of the made-up schedule: name, kind, waves, share of the block time.
type Op = (&'static str, Kind, i64, i64);

const ATTENTION: [Op; 3] = [
    ("qkv", Kind::Gemm, 3, 100),
    ("attention", Kind::Attention, 4, 140),
    ("o_proj", Kind::Gemm, 2, 110),
];
const MLP: [Op; 3] = [
    ("gate_up", Kind::Gemm, 6, 130),
    ("silu_mul", Kind::Elementwise, 1, 30),
    ("down", Kind::Gemm, 4, 120),
];

struct Maker {
    builder: TraceBuilder,
    shape: Shape,
    seed: u64,
    ranks: Vec<Rank>,
    marks: [LaneId; 3],
}

struct Rank {
    streams: [LaneId; 2],
    sms: Vec<LaneId>,
    clock_ns: i64,
    last: [Option<SliceRef>; 2],
}

/// The trace.
pub(crate) fn trace(shape: Shape) -> Trace {
    let source = "synthetic, 8×H100 SXM".to_owned();
    let mut meta = Meta::new(
        "Llama-3.3-70B · TP8 · prefill 8192 · tokenweave",
        Provenance::Modelled { source },
    );
    meta.world_size = shape.ranks;
    let device = DeviceInfo { name: "H100".to_owned(), sms: shape.sms, ..DeviceInfo::default() };
    meta.ranks = (0..shape.ranks)
        .map(|rank| RankInfo { rank, device: device.clone(), server: None })
        .collect();
    let mut builder = TraceBuilder::new(meta);
    let marks = builder.track(None, "marks", TrackKind::Marks { rank: None });
    let marks = [(); 3].map(|()| builder.lane(marks));
    let mut maker = Maker { builder, shape, seed: 1, ranks: Vec::new(), marks };
    for rank in 0..shape.ranks {
        maker.declare(rank);
    }
    for layer in 0..shape.layers {
        maker.layer(layer);
    }
    maker.finish()
}

impl Maker {
    fn declare(&mut self, rank: u32) {
        let b = &mut self.builder;
        let root = b.track(None, format!("rank {rank}"), TrackKind::Rank { rank });
        let streams = [(0, "compute"), (1, "comm")].map(|(stream, name)| {
            let track = b.track(Some(root), name, TrackKind::Stream { rank, stream });
            b.lane(track)
        });
        let sms = (0..self.shape.sms)
            .map(|sm| {
                let track = b.track(Some(root), format!("SM {sm}"), TrackKind::Sm { rank, sm });
                b.lane(track)
            })
            .collect();
        // Rank 2 starts late: the others wait for it.
        let clock_ns = 5_000 + if rank == 2 { 9_000 } else { i64::from(rank) * 300 };
        self.ranks.push(Rank { streams, sms, clock_ns, last: [None; 2] });
    }

    fn layer(&mut self, layer: u32) {
        let start_ns = self.now();
        let phases = [
            (Phase::A, Split::First, &ATTENTION, "all-reduce + norm"),
            (Phase::B, Split::Second, &ATTENTION, "all-reduce + norm"),
            (Phase::C, Split::First, &MLP, "all-reduce + norm"),
            (Phase::D, Split::Second, &MLP, "all-reduce + norm"),
        ];
        for (phase, split, ops, comm) in phases {
            self.phase(layer, (phase, split), ops, comm);
        }
        let label = self.mark(format!("layer {layer}"), Some(layer), Phase::None);
        self.builder.push(self.marks[1], Span::new(start_ns, self.now()), label, ArgsId::NONE, 0);
    }

    fn phase(&mut self, layer: u32, at: (Phase, Split), ops: &[Op; 3], comm: &'static str) {
        let (phase, split) = at;
        let other = if split == Split::First { Split::Second } else { Split::First };
        let start_ns = self.now();
        let labels =
            ops.map(|op| self.op_label(op, layer, at, self.shape.sms - self.shape.comm_sms));
        let comm = (comm, Kind::Comm, 1, 100);
        let comm_label = self.op_label(comm, layer, (phase, other), self.shape.comm_sms);
        let wait = ("barrier", Kind::Wait, 1, 100);
        let wait_label = self.op_label(wait, layer, (phase, other), self.shape.comm_sms);
        let together_ns = self.ranks.iter().map(|rank| rank.clock_ns).max().unwrap_or(0);
        for rank in 0..self.ranks.len() {
            let begin = self.ranks[rank].last;
            let mut end_ns = self.ranks[rank].clock_ns;
            for (op, label) in ops.iter().zip(labels) {
                end_ns = self.compute(rank, op, label, end_ns + 1_200);
            }
            let length = if phase == Phase::A || phase == Phase::B { 92 } else { 88 };
            let length = length * self.shape.block_ns / 10;
            let ready = self.ranks[rank].clock_ns + 1_500;
            let arrive =
                self.comm(rank, (comm_label, wait_label), (ready, together_ns + 1_500), length);
            let join = self.ranks[rank].last;
            // What this phase computes needs what the phase before communicated, and the other way round.
            for (from, to) in [(begin[1], join[0]), (begin[0], join[1])] {
                if let (Some(from), Some(to)) = (from, to) {
                    self.builder.flow(from, to, FlowKind::Dependency);
                }
            }
            self.ranks[rank].clock_ns = end_ns.max(arrive) + 1_000;
        }
        let label = self.mark(phase.name().to_owned(), Some(layer), phase);
        let end_ns = self.ranks[0].clock_ns;
        let first = self.ranks.first().map_or(start_ns, |_| start_ns);
        self.builder.push(self.marks[2], Span::new(first, end_ns), label, ArgsId::NONE, 0);
        // The next phase starts after this one on the rank whose marks are shown.
        self.ranks[0].clock_ns = end_ns;
    }

    fn compute(&mut self, rank: usize, op: &Op, label: LabelId, start_ns: i64) -> i64 {
        let &(_, kind, waves, share) = op;
        let sms = (self.shape.sms - self.shape.comm_sms) as usize;
        let length = self.shape.block_ns * share / 100;
        let mut last_ns = start_ns;
        for sm in 0..sms {
            let mut at = start_ns;
            // The last wave is half empty.
            let waves = waves - i64::from(waves > 1 && sm > sms / 2);
            for wave in 0..waves {
                let spread = if kind == Kind::Attention { 30 } else { 6 };
                let jitter = self.random(length * spread / 100);
                let end = at + length - jitter;
                let item = (wave as u32) * sms as u32 + sm as u32;
                let lane = self.ranks[rank].sms[sm];
                self.builder.push(lane, Span::new(at, end), label, ArgsId::NONE, item);
                at = end + 120;
                last_ns = last_ns.max(end);
            }
        }
        let lane = self.ranks[rank].streams[0];
        let slice = self.builder.push(lane, Span::new(start_ns, last_ns), label, ArgsId::NONE, 0);
        if let Some(from) = self.ranks[rank].last[0].replace(slice) {
            self.builder.flow(from, slice, FlowKind::Dependency);
        }
        last_ns
    }

    /// Blocks that hold their SMs, spin until every rank has come, then transfer.
    fn comm(
        &mut self,
        rank: usize,
        (label, wait): (LabelId, LabelId),
        (ready_ns, together_ns): (i64, i64),
        length_ns: i64,
    ) -> i64 {
        let end_ns = together_ns + length_ns;
        for sm in self.shape.sms - self.shape.comm_sms..self.shape.sms {
            let lane = self.ranks[rank].sms[sm as usize];
            let jitter = self.random(300);
            let begin = ready_ns + jitter;
            let meet = together_ns.max(begin + 400);
            let (none, first) = (ArgsId::NONE, sm + self.shape.comm_sms - self.shape.sms);
            self.builder.push(lane, Span::new(begin, meet), wait, none, first);
            self.builder.push(lane, Span::new(meet, end_ns - jitter), label, none, first);
        }
        let lane = self.ranks[rank].streams[1];
        let span = Span::new(ready_ns, end_ns);
        let slice = self.builder.push(lane, span, label, ArgsId::NONE, 0);
        self.ranks[rank].last[1] = Some(slice);
        end_ns
    }

    fn finish(mut self) -> Trace {
        let end_ns = self.ranks.iter().map(|rank| rank.clock_ns).max().unwrap_or(0);
        let label = self.mark("iteration 12".to_owned(), None, Phase::None);
        self.builder.push(self.marks[0], Span::new(5_000, end_ns), label, ArgsId::NONE, 0);
        for rank in 0..self.shape.ranks {
            for (name, peak) in [("HBM", 3350.0), ("NVLink", 450.0)] {
                let step = (end_ns / 160).max(1);
                let at_ns: Vec<i64> = (0..160).map(|i| i * step).collect();
                let value = (0..160)
                    .map(|i| {
                        let wave = (f64::from(i) * 0.21 + f64::from(rank)).sin() * 0.3 + 0.5;
                        peak * (wave + self.random(100) as f64 * 0.001)
                    })
                    .collect();
                let name = name.to_owned();
                let unit = "GB/s".to_owned();
                self.builder.counter(CounterSeries { name, unit, rank: Some(rank), at_ns, value });
            }
        }
        self.builder.finish().expect("slices are made disjoint")
    }

    fn now(&self) -> i64 {
        self.ranks.first().map_or(0, |rank| rank.clock_ns)
    }

    fn mark(&mut self, name: String, layer: Option<u32>, phase: Phase) -> LabelId {
        let kind = Kind::Mark;
        self.builder.label(Label { name, kind, layer, phase, split: Split::Whole, facts: None })
    }

    fn op_label(&mut self, op: Op, layer: u32, at: (Phase, Split), sms: u32) -> LabelId {
        let (name, kind, waves, _) = op;
        let facts = OpFacts {
            waves: waves as u32,
            sms,
            grid: waves as u32 * sms - sms / 2,
            tail_occupancy: 0.5,
            tokens: 4096,
            shape: "4096×7168×8192".to_owned(),
            ..OpFacts::default()
        };
        self.builder.label(Label {
            name: name.to_owned(),
            kind,
            layer: Some(layer),
            split: at.1,
            phase: at.0,
            facts: Some(Box::new(facts)),
        })
    }

    fn random(&mut self, below: i64) -> i64 {
        // Knuth's 64-bit linear congruential generator: the same trace on every machine.
        self.seed = self
            .seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((self.seed >> 33) as i64) % below.max(1)
    }
}
