//! Tensor-network states with non-Abelian symmetries: many uneven block products, batched.
//!
//! DMRG multiplies the blocks of operators with the blocks of a state, a block for each sector of spin. With SU(2) a block holds multiplets
//! rather than states, so blocks are smaller and products fewer; all terms of a sector go into one strided batch. The baseline launches
//! one product after another. Terms are dealt out over the GPUs, which add up the state at the end.

use super::{
    Figure, Knob, Neighbour, Plans, Range, Runs, Settings, Source, Unit, outside::outside,
};
use crate::{
    machine::{self, Machine},
    plan::{Collective, Message, Op, OpRole, PlanError, Steps, Where, plan_with},
    spec::{RunSpec, Transport},
};

/// See the [module](self).
pub(super) const TENSOR_NETWORK: Neighbour = Neighbour {
    name: "tensor-network",
    title: "Tensor-network states",
    about: "many uneven block products by sectors of spin, batched over the GPUs",
    source: Source {
        title: "Boosting the effective performance of massively parallel tensor network state algorithms on hybrid CPU-GPU based architectures via non-Abelian symmetries",
        place: "Menczer and Legeza, arXiv, 2023",
    },
    claim: "110 TFLOPS of 8 A100s, which do as much as 250 to 500 TFLOPS without the symmetry",
    leaves_out: &[
        "How many states a multiplet has on average in the paper's molecules: two is an estimate, and decides what is effective.",
        "Sectors of particle number, which make more and smaller blocks; and a real molecule's sizes, which follow no formula.",
        "CPUs that compute beside the GPUs, and copies of blocks from their memory.",
        "Tiles and traffic of 8-byte numbers: products run in the tiles of 2-byte ones at FP64's rate.",
    ],
    knobs: &[
        Knob {
            name: "multiplets",
            unit: "",
            range: Range::Whole { least: 256, most: 32_768 },
            default: 10_240.0,
            help: "Bond dimension, in multiplets: all sectors together",
        },
        Knob {
            name: "spread",
            unit: "",
            range: Range::Real { least: 0.25, most: 32.0 },
            default: 1.25,
            help: "How far sectors of high spin are populated: there are (2S+1)·exp(−S(S+1)/spread) multiplets of spin S",
        },
        Knob {
            name: "terms",
            unit: "",
            range: Range::Whole { least: 1, most: 128 },
            default: 16.0,
            help: "Terms of the operator on each GPU",
        },
        Knob {
            name: "gpus",
            unit: "",
            range: Range::Whole { least: 1, most: 8 },
            default: 8.0,
            help: "GPUs that share the terms",
        },
    ],
    plans,
    figures,
};

/// FP64 on tensor cores over bf16, of the A100's white paper: 19.5 and 312 TFLOPS.
const FP64_SHARE: f64 = 19.5 / 312.0;
/// Bytes of a number.
const FP64_BYTES: f64 = 8.0;
/// Highest spin, in halves.
const MOST_SPIN: u32 = 40;

fn plans(settings: &Settings) -> Result<Plans, PlanError> {
    let spec = outside("tensor network", fp64()?, settings.whole("gpus"))?;
    let (sizes, terms) = (multiplets(settings), settings.whole("terms"));
    Ok(Plans {
        with: plan_with(&spec, "batched", |_| products(&spec, &sizes, (terms, true)))?,
        without: plan_with(&spec, "one by one", |_| products(&spec, &sizes, (terms, false)))?,
        others: Vec::new(),
    })
}

/// Eight A100s with products in FP64.
fn fp64() -> Result<Machine, PlanError> {
    let unknown = || PlanError::Knob {
        knob: "machine",
        value: "a100x8".to_owned(),
        range: "a built-in machine".to_owned(),
    };
    let mut machine = machine::builtin("a100x8").ok_or_else(unknown)?;
    "a100x8-fp64".clone_into(&mut machine.name);
    machine.title += ", products in FP64";
    machine.gpu.bf16_flops *= FP64_SHARE;
    machine.kernels.gemm_sm_flops *= FP64_SHARE;
    let source = "a100x8's × 19.5 / 312, the peaks of NVIDIA's A100 white paper";
    for key in ["gpu.bf16_flops", "kernels.gemm_sm_flops"] {
        machine.sources.insert(key.to_owned(), source.to_owned());
    }
    machine.expected_error = None;
    Ok(machine)
}

/// Multiplets of each spin, from 0 in steps of a half.
fn multiplets(settings: &Settings) -> Vec<u32> {
    let weight = |twice: u32| {
        let spin = f64::from(twice) / 2.0;
        f64::from(twice + 1) * (-spin * (spin + 1.0) / settings.real("spread")).exp()
    };
    let all: f64 = (0..MOST_SPIN).map(weight).sum();
    let multiplets = f64::from(settings.whole("multiplets"));
    let size = |twice| (multiplets * weight(twice) / all).round() as u32;
    (0..MOST_SPIN).map(size).take_while(|&size| size > 0).collect()
}

/// Of every sector the operator's block from the left and from the right, term by term or all terms at once.
fn products(spec: &RunSpec, sizes: &[u32], (terms, is_batched): (u32, bool)) -> Vec<Op> {
    let mut ops = Steps::new(&spec.machine, spec.knobs.tp);
    let (on, role) = (Where::compute(None), OpRole::Step("block_product"));
    for &size in sizes {
        for _ in ["left", "right"] {
            let block = (size, size, size);
            match is_batched {
                true => drop_id(ops.grouped_gemm(on, role, block, terms)),
                false => (0..terms).for_each(|_| drop_id(ops.gemm(on, role, block))),
            }
        }
    }
    if spec.knobs.tp > 1 {
        let numbers: f64 = sizes.iter().map(|&size| f64::from(size) * f64::from(size)).sum();
        let columns = 2048;
        let rows = (numbers * FP64_BYTES / 2.0 / f64::from(columns)).ceil() as u32;
        let state = Message { collective: Collective::AllReduce, rows, columns };
        ops.collective(on, state, Transport::Nccl);
    }
    ops.finish()
}

/// What is appended in order needs no name.
fn drop_id(_: crate::plan::OpId) {}

/// Floating-point operations of the same with blocks of states, by their projection of spin instead of multiplets by spin, over those
/// of the multiplets: a state of projection M is in every multiplet of spin |M| or more, in steps of one.
fn saved(sizes: &[u32]) -> f64 {
    let cubed = |size: f64| size * size * size;
    let of_projection = |twice: usize| {
        let states: u32 = sizes.iter().skip(twice).step_by(2).sum();
        let signs = if twice == 0 { 1.0 } else { 2.0 };
        signs * cubed(f64::from(states))
    };
    let states: f64 = (0..sizes.len()).map(of_projection).sum();
    states / sizes.iter().map(|&size| cubed(f64::from(size))).sum::<f64>()
}

/// States of a multiplet, on average.
fn states(sizes: &[u32]) -> f64 {
    let states: f64 = (1..).zip(sizes).map(|(states, &size)| f64::from(states * size)).sum();
    states / sizes.iter().map(|&size| f64::from(size)).sum::<f64>()
}

fn figures(settings: &Settings, runs: &Runs) -> Vec<Figure> {
    let gpus = f64::from(settings.whole("gpus"));
    let flops: f64 = runs.with.plan.ops.iter().map(|op| op.flops).sum();
    let tflops = |time_ns: i64| gpus * flops / time_ns as f64 * 1e-3;
    let sizes = multiplets(settings);
    let saved = saved(&sizes);
    let is_published = settings.whole("gpus") == 8;
    vec![
        Figure::new("TFLOPS, effective", Unit::Number, saved * tflops(runs.with.time_ns))
            .beside(is_published.then_some("250 to 500")),
        Figure::new("TFLOPS", Unit::Number, tflops(runs.with.time_ns))
            .beside(is_published.then_some("110")),
        Figure::new("TFLOPS, one by one", Unit::Number, tflops(runs.without.time_ns)),
        Figure::new("states a multiplet", Unit::Number, states(&sizes)),
        Figure::new("operations saved by the symmetry", Unit::Times, saved),
        Figure::new("speed-up of batches", Unit::Times, runs.speed_up()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand: three singlets and two triplets are states of projection −1, 0 and 1: 2, 5 and 2.
    #[test]
    fn states_are_counted_by_projection() {
        let (states, multiplets) = (8.0 + 125.0 + 8.0, 27.0 + 8.0);
        assert!((saved(&[3, 0, 2]) - states / multiplets).abs() < 1e-12);
        assert!((super::states(&[3, 0, 2]) - 9.0 / 5.0).abs() < 1e-12);
        assert!((saved(&[7]) - 1.0).abs() < 1e-12, "singlets alone save nothing");
    }
}
