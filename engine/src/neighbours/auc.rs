//! Distributed AUC maximisation (CoDA): several steps on each GPU between two rounds of communication.
//!
//! ResNet-50 in data-parallel: each GPU steps on its own images, and every so many steps all average their weights, and the few
//! dual variables of the AUC. The baseline adds gradients up at every step.

use super::{
    Figure, Knob, Neighbour, Plans, Range, Runs, Settings, Source, Unit, machines::machine_named,
    stand_in::run_of,
};
use crate::{
    plan::{Collective, Message, Op, OpRole, PlanError, Steps, Where, plan_with},
    spec::{RunSpec, Transport},
};

/// See the [module](self).
pub(super) const AUC: Neighbour = Neighbour {
    name: "distributed-auc",
    title: "Distributed AUC",
    about: "local steps against rounds of communication, in data-parallel",
    source: Source {
        title: "Communication-Efficient Distributed Stochastic AUC Maximization with Deep Neural Networks",
        place: "arXiv 2005.02426",
    },
    claim: "many fewer rounds of communication at the same linear speed-up",
    leaves_out: &[
        "How many local steps learning bears: that is the paper's theorem, not a matter of time.",
        "Normalisations and additions between products, and gradients that are sent while others are computed.",
        "Links between machines: the paper has up to 16 GPUs of several.",
    ],
    knobs: &[
        Knob {
            name: "local-steps",
            unit: "",
            range: Range::Whole { least: 1, most: 16 },
            default: 8.0,
            help: "Steps of each GPU between two rounds",
        },
        Knob {
            name: "images",
            unit: "",
            range: Range::Whole { least: 1, most: 256 },
            default: 32.0,
            help: "Images of a step on each GPU, 224 × 224",
        },
        Knob {
            name: "machine",
            unit: "",
            range: Range::Choice(&["a100x8", "h100x8", "rtx4090x2"]),
            default: 0.0,
            help: "All its GPUs",
        },
    ],
    plans,
    figures,
};

/// Stages of ResNet-50: blocks, pixels, columns between blocks and within.
const STAGES: [(u32, u32, u32, u32); 4] =
    [(3, 3136, 256, 64), (4, 784, 512, 128), (6, 196, 1024, 256), (3, 49, 2048, 512)];
/// Weights of ResNet-50, 25.6 million of 4 bytes, as rows and columns of 2.
const WEIGHTS: (u32, u32) = (25_000, 2048);

fn plans(settings: &Settings) -> Result<Plans, PlanError> {
    let machine = machine_named(settings.choice("machine"))?;
    let gpus = machine.gpus.min(8);
    let spec = run_of("resnet-50", machine, gpus, (1, 1));
    let build = |name, every| {
        plan_with(&spec, name, |_| {
            let steps = settings.whole("local-steps");
            train(&spec, (steps, every), settings.whole("images"))
        })
    };
    Ok(Plans {
        with: build("local steps", Some(settings.whole("local-steps")))?,
        without: build("every step", Some(1))?,
        others: vec![("alone", build("without communication", None)?)],
    })
}

/// So many steps, with a round after every so manieth.
fn train(spec: &RunSpec, (steps, every): (u32, Option<u32>), images: u32) -> Vec<Op> {
    let (mut ops, on) = (Steps::new(&spec.machine, spec.knobs.tp), Where::compute(None));
    let (rows, columns) = WEIGHTS;
    for step in 1..=steps {
        for (blocks, pixels, between, within) in STAGES {
            let rows = images * pixels;
            let products =
                [(rows, within, between), (rows, within, 9 * within), (rows, between, within)];
            for size in products.into_iter().cycle().take(3 * blocks as usize) {
                ops.gemm(on, OpRole::Step("forward"), size);
            }
            // Gradients of what goes in, and of weights: as much work each.
            for size in products.into_iter().cycle().take(6 * blocks as usize) {
                ops.gemm(on, OpRole::Step("backward"), size);
            }
        }
        // Weight and gradient are read, the weight is written.
        let bytes = 3.0 * 2.0 * f64::from(rows) * f64::from(columns);
        ops.pointwise(on, OpRole::Step("update"), rows, bytes);
        if every.is_some_and(|every| step % every == 0) {
            let message = Message { collective: Collective::AllReduce, rows, columns };
            ops.collective(on, message, Transport::Nccl);
        }
    }
    ops.finish()
}

fn figures(settings: &Settings, runs: &Runs) -> Vec<Figure> {
    let steps = f64::from(settings.whole("local-steps"));
    let alone_ns = runs.other("alone").map_or(f64::NAN, |run| run.time_ns as f64);
    let per_step = |time_ns: f64| time_ns / steps;
    let linear = |time_ns: i64| alone_ns / time_ns as f64;
    vec![
        Figure::new(
            "of a linear speed-up, with local steps",
            Unit::Share,
            linear(runs.with.time_ns),
        )
        .beside("linear"),
        Figure::new("of a linear speed-up, every step", Unit::Share, linear(runs.without.time_ns)),
        Figure::new("rounds a step", Unit::Number, 1.0 / steps).beside("fewer than 1"),
        Figure::new("a step, with local steps", Unit::Ns, per_step(runs.with.time_ns as f64)),
        Figure::new("a step, every step", Unit::Ns, per_step(runs.without.time_ns as f64)),
    ]
}
