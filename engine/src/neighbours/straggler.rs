//! Straggler-aware learning: redundant computations, and a message for each, against waiting for the slowest.
//!
//! As many gradients as ranks are wanted at a server. With the idea every rank computes several, those of its neighbours
//! behind its own, and sends each as it is there: the iteration ends when every gradient has come from somebody. Without,
//! each computes one, and the slowest is waited for. Between them: one coded message of all that a rank computed, of which
//! any N − r + 1 give the sum. How slow ranks are is drawn anew for each iteration.

use super::{
    Figure, Knob, Neighbour, Plans, Range, Run, Runs, Settings, Source, Unit,
    machines::machine_named, stand_in::run_of,
};
use crate::{
    plan::{Collective, Message, Op, OpRole, Plan, PlanError, Steps, Where, plan_with},
    random::mix,
};

/// See the [module](self).
pub(super) const STRAGGLER: Neighbour = Neighbour {
    name: "straggler",
    title: "Straggler-aware learning",
    about: "redundant gradients, each sent as it is there, against waiting for the slowest rank",
    source: Source {
        title: "Straggler-aware Distributed Learning: Communication Computation Latency Trade-off",
        place: "arXiv 2004.04937; Entropy 22(5):544, 2020",
    },
    claim: "several messages a worker improve upon waiting for all and upon one coded message (no figure in the abstract)",
    leaves_out: &[
        "The server's own link: messages of all ranks come in side by side.",
        "Coding across data and its decoding: of the coded message only that any N - r + 1 of them do.",
        "Ranks that are told to stop: those that are not waited for compute to the end.",
    ],
    knobs: &[
        Knob {
            name: "redundancy",
            unit: "gradients",
            range: Range::Whole { least: 1, most: RANKS },
            default: 3.0,
            help: "Gradients that each rank computes, its own and those of the ranks behind it",
        },
        Knob {
            name: "spread",
            unit: "",
            range: Range::Real { least: 0.0, most: 8.0 },
            default: 1.0,
            help: "Mean of how much slower ranks are, in times of a computation; exponentially distributed",
        },
        Knob {
            name: "message",
            unit: "MB",
            range: Range::Real { least: 0.01, most: 256.0 },
            default: 2.0,
            help: "Size of a gradient: long messages queue, and a gradient that is computed twice comes too late",
        },
        Knob {
            name: "network",
            unit: "",
            range: Range::Choice(&["100gbe", "nvlink"]),
            default: 0.0,
            help: "Links of a rank: 100 Gb/s, or NVLink of an H100",
        },
        Knob {
            name: "draws",
            unit: "iterations",
            range: Range::Whole { least: 1, most: 64 },
            default: 12.0,
            help: "Iterations, each with slow ranks of its own, whose times are averaged; the first is shown",
        },
    ],
    plans,
    figures,
};

/// Ranks, and gradients that are wanted.
const RANKS: u32 = 8;
/// Sides of the product that stands for the computation of a gradient: half a millisecond on an H100.
const GRADIENT: (u32, u32, u32) = (2048, 8192, 8192);
/// Columns of a message; its rows follow from its size.
const COLUMNS: u32 = 512;

/// Who computes what, and what is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scheme {
    /// Several gradients, each a message.
    Messages,
    /// One gradient a rank, all waited for.
    WaitForAll,
    /// Several gradients in one coded message.
    Coded,
}

impl Scheme {
    const ALL: [Self; 3] = [Self::Messages, Self::WaitForAll, Self::Coded];

    fn name(self) -> &'static str {
        match self {
            Self::Messages => "several messages",
            Self::WaitForAll => "waiting for all",
            Self::Coded => "one coded message",
        }
    }
}

fn plans(settings: &Settings) -> Result<Plans, PlanError> {
    let mut others = Vec::new();
    for draw in 0..settings.whole("draws") {
        for scheme in Scheme::ALL {
            if draw > 0 || scheme == Scheme::Coded {
                others.push((scheme.name(), planned(settings, scheme, draw)?));
            }
        }
    }
    Ok(Plans {
        with: planned(settings, Scheme::Messages, 0)?,
        without: planned(settings, Scheme::WaitForAll, 0)?,
        others,
    })
}

fn planned(settings: &Settings, scheme: Scheme, draw: u32) -> Result<Plan, PlanError> {
    let machine = match settings.choice("network") {
        "nvlink" => machine_named("h100x8")?,
        _ => machine_named("h100x8-100gbe")?,
    };
    let mut spec = run_of("gradient descent", machine, RANKS, (RANKS, GRADIENT.0));
    spec.knobs.slowdown = slowdown(settings.real("spread"), draw);
    plan_with(&spec, scheme.name(), |run| {
        ops(Steps::new(&run.spec.machine, RANKS), settings, scheme)
    })
}

/// How many times as long each rank computes: 1 and an exponentially distributed part, the shifted exponential distribution
/// of the literature on stragglers (Lee et al., arXiv 1512.02673).
fn slowdown(spread: f64, draw: u32) -> Vec<f64> {
    let of = |rank: u32| {
        let bits = mix(u64::from(draw) << 32 | u64::from(rank)) >> 11;
        let uniform = (bits as f64 + 0.5) / (1_u64 << 53) as f64;
        (1.0 - spread * uniform.ln()).min(1000.0)
    };
    (0..RANKS).map(of).collect()
}

/// The layer of an op is its place among the gradients of its rank.
fn ops(mut ops: Steps<'_>, settings: &Settings, scheme: Scheme) -> Vec<Op> {
    let gradients = match scheme {
        Scheme::WaitForAll => 1,
        Scheme::Messages | Scheme::Coded => settings.whole("redundancy"),
    };
    let row_bytes = 2.0 * f64::from(COLUMNS);
    let rows = (settings.real("message") * 1e6 / row_bytes).ceil().max(1.0) as u32;
    let message = Message { collective: Collective::Send, rows, columns: COLUMNS };
    for place in 0..gradients {
        let at = Where::compute(Some(place));
        let computed = ops.gemm(at, OpRole::Step("gradient"), GRADIENT);
        if scheme != Scheme::Coded || place + 1 == gradients {
            ops.copies(Where::comm(Some(place)).after(&[computed]), message, (1, 1));
        }
    }
    ops.finish()
}

fn figures(settings: &Settings, runs: &Runs) -> Vec<Figure> {
    let mean = |scheme: Scheme| {
        let first = match scheme {
            Scheme::Messages => Some(&runs.with),
            Scheme::WaitForAll => Some(&runs.without),
            Scheme::Coded => None,
        };
        let further = runs.others.iter().filter(|(name, _)| *name == scheme.name());
        let all = first.into_iter().chain(further.map(|(_, run)| run));
        let times: Vec<f64> = all.map(|run| iteration_ns(settings, scheme, run)).collect();
        times.iter().sum::<f64>() / times.len() as f64
    };
    let [messages, all, coded] = Scheme::ALL.map(mean);
    vec![
        Figure::new("speed-up over waiting for all", Unit::Times, all / messages)
            .beside("faster, by how much is not in the abstract"),
        Figure::new("speed-up over one coded message", Unit::Times, coded / messages)
            .beside("faster, by how much is not in the abstract"),
        Figure::new("mean iteration, several messages", Unit::Ns, messages),
        Figure::new("mean iteration, waiting for all", Unit::Ns, all),
        Figure::new("mean iteration, one coded message", Unit::Ns, coded),
    ]
}

/// When what the server has is enough, ns after the start.
fn iteration_ns(settings: &Settings, scheme: Scheme, run: &Run) -> f64 {
    let sent = run.ops.iter().filter_map(|record| {
        let op = &run.plan.ops[record.op.index()];
        let is_message = op.role == OpRole::Collective(Collective::Send);
        op.layer.filter(|_| is_message).map(|place| (record.rank, place, record.end_ns))
    });
    if scheme == Scheme::Coded {
        let mut ends: Vec<i64> = sent.map(|(_, _, end_ns)| end_ns).collect();
        ends.sort_unstable();
        let enough = RANKS - settings.whole("redundancy");
        return ends.get(enough as usize).map_or(f64::NAN, |&end_ns| end_ns as f64);
    }
    let mut first = [i64::MAX; RANKS as usize];
    for (rank, place, end_ns) in sent {
        let gradient = &mut first[((rank + place) % RANKS) as usize];
        *gradient = end_ns.min(*gradient);
    }
    first.iter().max().map_or(f64::NAN, |&end_ns| end_ns as f64)
}
