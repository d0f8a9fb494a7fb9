//! MOTION2NX: layers of a network cut in chunks, in two-party inference.
//!
//! Two parties hold shares of weights and images. A convolution is products of shares and one exchange; a ReLU is a garbled circuit of each value, whose tables
//! are sent and held in memory until they are evaluated. Cut in chunks, a layer holds the tables of a chunk at a time, and
//! each chunk has rounds of its own. The baseline is the layer in one piece.

use super::{
    Figure, Knob, Neighbour, Plans, Range, Runs, Settings, Source, Unit, machines::parties,
    stand_in::run_of,
};
use crate::{
    plan::{Collective, Message, Op, OpRole, PlanError, Steps, Where, plan_with},
    spec::{RunSpec, Transport},
};

/// See the [module](self).
pub(super) const MOTION2NX: Neighbour = Neighbour {
    name: "motion2nx",
    title: "MOTION2NX, split",
    about: "layers cut in chunks, in two-party inference: memory against time",
    source: Source {
        title: "Enhancing MOTION2NX for Efficient, Scalable and Secure Image Inference using Convolutional Neural Networks",
        place: "arXiv 2408.16387",
    },
    claim: "a significant reduction in RAM usage by configurable chunks of each layer",
    leaves_out: &[
        "The paper's own figures and networks, which its abstract does not give: the network here is a stand-in.",
        "The helper node, which does convolutions with less memory still, at the cost of a third server.",
        "Oblivious transfers before the run, and what they hold.",
    ],
    knobs: &[
        Knob {
            name: "chunks",
            unit: "",
            range: Range::Whole { least: 1, most: 64 },
            default: 8.0,
            help: "Pieces of each layer: each needs less memory, and has rounds of its own",
        },
        Knob {
            name: "latency",
            unit: "ms",
            range: Range::Real { least: 0.05, most: 100.0 },
            default: 0.25,
            help: "Way from party to party: some tenths of a ms in a room, tens across the world",
        },
        Knob {
            name: "megabits",
            unit: "Mb/s",
            range: Range::Whole { least: 10, most: 100_000 },
            default: 1000.0,
            help: "Between the parties, each way",
        },
    ],
    plans,
    figures,
};

/// The network: pixels, and channels in and out, of 3 × 3 convolutions with a ReLU behind each, on an image of CIFAR-10.
const LAYERS: [(u32, u32, u32); 6] = [
    (1024, 3, 64),
    (1024, 64, 64),
    (256, 64, 128),
    (256, 128, 128),
    (64, 128, 256),
    (64, 256, 256),
];
/// A share: 64 bits.
const SHARE_BYTES: f64 = 8.0;
/// ABY2.0's product of shares is three products on each side.
const PRODUCTS: usize = 3;
/// A garbled ReLU of 64 bits: one AND gate for each bit of the comparison and one for each of the choice, with half-gates two labels of 16 bytes
/// a gate (Zahur, Rosulek and Evans 2015).
const RELU_BYTES: f64 = 2.0 * 64.0 * 2.0 * 16.0;

fn plans(settings: &Settings) -> Result<Plans, PlanError> {
    let bytes_per_s = f64::from(settings.whole("megabits")) * 1e6 / 8.0;
    let spec = run_of("two-party CNN", parties(settings.real("latency"), bytes_per_s)?, 2, (1, 1));
    let build = |name, chunks| plan_with(&spec, name, |_| inference(&spec, chunks));
    Ok(Plans {
        with: build("in chunks", settings.whole("chunks"))?,
        without: build("in one piece", 1)?,
        others: Vec::new(),
    })
}

fn inference(spec: &RunSpec, chunks: u32) -> Vec<Op> {
    let (mut ops, on) = (Steps::new(&spec.machine, spec.knobs.tp), Where::compute(None));
    for (pixels, inner, outer) in LAYERS {
        let pixels = pixels.div_ceil(chunks).max(1);
        for _ in 0..chunks {
            let size = (pixels, outer, 9 * inner);
            for _ in 0..PRODUCTS {
                ops.gemm(on, OpRole::Step("product"), size);
            }
            let values = f64::from(pixels) * f64::from(outer);
            // Masked values each way, then tables, labels and the result.
            exchange(&mut ops, SHARE_BYTES * values);
            ops.pointwise(on, OpRole::Step("shares"), pixels, RELU_BYTES * values);
            exchange(&mut ops, RELU_BYTES * values);
            exchange(&mut ops, SHARE_BYTES * values);
        }
    }
    ops.finish()
}

/// A round in which each party sends the other so much.
fn exchange(ops: &mut Steps<'_>, bytes: f64) {
    // Of two ranks' messages half stays at home; a row has 64 columns of 2 bytes.
    let (collective, columns) = (Collective::AllToAll, 64);
    let rows = (2.0 * bytes / 2.0 / f64::from(columns)).ceil() as u32;
    let message = Message { collective, rows: rows.max(1), columns };
    ops.collective(Where::compute(None), message, Transport::Nccl);
}

/// Bytes that a party holds at most: shares of all weights and of the widest layer's values on both sides of it, and the tables of a chunk.
fn held_bytes(chunks: u32) -> f64 {
    let weights: u32 = LAYERS.iter().map(|(_, inner, outer)| 9 * inner * outer).sum();
    let layer = |&(pixels, inner, outer): &(u32, u32, u32)| {
        let [inner, outer] = [inner, outer].map(|channels| f64::from(pixels * channels));
        let chunk = f64::from(pixels.div_ceil(chunks)) / f64::from(pixels) * outer;
        SHARE_BYTES * (inner + outer) + RELU_BYTES * chunk
    };
    SHARE_BYTES * f64::from(weights) + LAYERS.iter().map(layer).fold(0.0, f64::max)
}

fn figures(settings: &Settings, runs: &Runs) -> Vec<Figure> {
    let [with, without] = [settings.whole("chunks"), 1].map(held_bytes);
    let mib = |bytes: f64| bytes / f64::from(1 << 20);
    vec![
        Figure::new("less memory", Unit::Share, 1.0 - with / without).beside("significant"),
        Figure::new("MiB held, in chunks", Unit::Number, mib(with)),
        Figure::new("MiB held, in one piece", Unit::Number, mib(without)),
        Figure::new("an image, in chunks", Unit::Ns, runs.with.time_ns as f64),
        Figure::new("an image, in one piece", Unit::Ns, runs.without.time_ns as f64),
        Figure::new("more time", Unit::Share, 1.0 / runs.speed_up() - 1.0),
    ]
}
