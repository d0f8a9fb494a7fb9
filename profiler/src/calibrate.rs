//! Short sweeps over the GPUs at hand, and what a machine file says of the same runs: what a calibration is fitted to.

use weftscope_engine::{
    batch::Batch,
    machine::Machine,
    model,
    plan::Split,
    roofline::Roofline,
    spec::{Knobs, RunSpec, SplitChoice, StrategyKind, Transport},
    validate::{Row, Turn, ValidateError},
};

use crate::{
    bench::{Bench, Figures, Open, Options, bench},
    record::RunError,
};

/// Model whose products are swept: wide enough that its shards of 2 to 8 have tiles for one wave and for many.
const MODEL: &str = "llama-3.3-70b";
/// Layers of a run; the first and the last do not count.
const LAYERS: u32 = 4;
/// What a turn of `bench` is, of which [`Turn`] is the simulated one.
const OPTIONS: Options = Options { turns: 3, warm_up: 1, iterations: 4 };
/// On one GPU: from one wave, bound by latency and weights, to many, at the power limit.
const TOKENS_ALONE: [u32; 7] = [256, 512, 1024, 2048, 4096, 8192, 16384];
/// Degrees whose shards are swept on one GPU.
const DEGREES: [u32; 3] = [8, 4, 2];
/// On several: messages of 16 to 128 MB.
const TOKENS_LINKED: [u32; 4] = [1024, 2048, 4096, 8192];
/// What runs on several: collectives alone, fused, and beside products with these CTAs.
const LINKED: [StrategyKind; 4] = [
    StrategyKind::Default,
    StrategyKind::Multimem,
    StrategyKind::FuseOnly,
    StrategyKind::EqualSplit,
];
const BESIDE_CTAS: (u32, u32) = (16, 4);

/// A run and what it took.
#[derive(Clone, Debug)]
pub struct Measured {
    /// What ran; its machine is the one that it was planned for.
    pub spec: RunSpec,
    /// µs by kernel, and of `layer`: medians.
    pub times_us: Vec<(&'static str, f64)>,
}

/// What a sweep could not run, and why.
pub type Missing = (String, String);

/// Sweeps `machine`'s GPUs by the executors that `open` makes; `on_turn` hears how many of how many turns are done, and
/// stops the sweep with `false`.
///
/// # Errors
/// [`RunError::Cancelled`].
pub fn sweep(
    machine: &Machine,
    open: Open<'_>,
    on_turn: &mut dyn FnMut(u64, u64) -> bool,
) -> Result<(Vec<Measured>, Vec<Missing>), RunError> {
    let runs = runs(machine);
    let turns_each =
        |strategies: usize| u64::from(OPTIONS.turns + OPTIONS.warm_up) * strategies as u64;
    let total: u64 = runs.iter().map(|(_, strategies)| turns_each(strategies.len())).sum();
    let (mut measured, mut missing, mut before) = (Vec::new(), Vec::new(), 0);
    for (spec, strategies) in &runs {
        let done = &mut |done, _| on_turn(before + done, total);
        let bench = bench(spec, strategies, OPTIONS, &Roofline::of(machine), open, done)?;
        before += turns_each(strategies.len());
        keep(spec, bench, &mut measured, &mut missing);
    }
    Ok((measured, missing))
}

/// What is run, with the strategies that take turns.
fn runs(machine: &Machine) -> Vec<(RunSpec, &'static [StrategyKind])> {
    let spec = |tp, degree, tokens| RunSpec {
        model: model::builtin(MODEL).expect("built in"),
        machine: machine.clone(),
        batch: Batch::prefill(tokens, tokens),
        knobs: Knobs {
            tp,
            shard_of: Some(degree),
            layers: Some(LAYERS),
            transport: if machine.link.multimem_bytes_per_s.is_some() {
                Transport::Multimem
            } else {
                Transport::P2p
            },
            split: SplitChoice::Fixed(tokens / 2),
            attn_ctas: Some(BESIDE_CTAS.0),
            mlp_ctas: Some(BESIDE_CTAS.1),
            ..Knobs::default()
        },
    };
    let alone = DEGREES.into_iter().flat_map(|degree| {
        TOKENS_ALONE.map(|tokens| (spec(1, degree, tokens), &[StrategyKind::NoComm][..]))
    });
    let ranks = machine.gpus.min(8);
    let linked = TOKENS_LINKED.into_iter().filter(|_| ranks > 1);
    let linked = linked.map(|tokens| (spec(ranks, 8.max(ranks), tokens), &LINKED[..]));
    alone.chain(linked).collect()
}

fn keep(spec: &RunSpec, bench: Bench, measured: &mut Vec<Measured>, missing: &mut Vec<Missing>) {
    for contender in bench.contenders {
        let mut spec = spec.clone();
        spec.knobs.strategy = contender.strategy;
        let refused =
            |why| (format!("{}, {} tokens", contender.strategy.name(), bench.tokens), why);
        match contender.outcome {
            Err(why) => missing.push(refused(why)),
            Ok(Figures { note: Some(note), .. }) if spec.knobs.tp > 1 => {
                missing.push(refused(note));
            }
            Ok(figures) => measured.push(Measured { times_us: times(&figures), spec }),
        }
    }
}

/// Kernels of a batch that was not cut, once each, and the layer.
fn times(figures: &Figures) -> Vec<(&'static str, f64)> {
    let whole = figures.kernels.iter().filter(|kernel| kernel.split == Split::Whole);
    let kernels = whole.map(|kernel| (kernel.name, kernel.us.median));
    kernels.chain([("layer", figures.per_layer_us.median)]).collect()
}

/// What `machine` says of the same runs, row by row in their order.
///
/// # Errors
/// [`ValidateError`]: a run that the machine cannot plan.
pub fn predict(machine: &Machine, measured: &[Measured]) -> Result<Vec<Row>, ValidateError> {
    let mut rows = Vec::new();
    for Measured { spec, times_us } in measured {
        let spec = RunSpec { machine: machine.clone(), ..spec.clone() };
        let turn = Turn::of(&spec)?;
        for &(name, measured) in times_us {
            let what = format!(
                "{name} of {}, {} tokens, shards of {}",
                spec.knobs.strategy.name(),
                spec.batch.tokens(),
                spec.knobs.shard_degree()
            );
            // A kernel that ran and is not in the plan would be a fault of the plan: unknown, and worth no weight.
            let predicted = turn.us(name).unwrap_or(measured);
            rows.push(Row { what, measured, predicted });
        }
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use weftscope_engine::{
        calibrate::{Calibration, Constant, constant, fit},
        executor::{ExecError, Executor, ExecutorInfo, IterationTime},
        machine::builtin,
        observer::Observer,
        plan::Plan,
        sim::Simulator,
    };

    use super::*;

    /// A machine that differs from the one that is known takes the place of the GPUs: the calibration has to find out by
    /// how much.
    #[test]
    fn a_machine_is_known_from_its_sweep() {
        let known = Machine { gpus: 2, ..builtin("h200x2").unwrap() };
        let constants: Vec<Constant> = [
            "kernels.gemm_sm_flops",
            "gpu.hbm_bytes_per_s",
            "link.bytes_per_s",
            "collectives.fused_row_ns",
        ]
        .map(|key| constant(key).unwrap())
        .to_vec();
        let scale = [0.8, 0.7, 1.2, 1.3];
        let hidden =
            constants.iter().zip(scale).fold(known.clone(), |machine, (constant, scale)| {
                constant.set(&machine, scale * constant.of(&machine).unwrap())
            });
        let mut open = |spec: &RunSpec| -> Result<Box<dyn Executor>, _> {
            assert_eq!(spec.machine.kernels, known.kernels);
            Ok(Box::new(Posing { simulator: Simulator::new(&hidden), machine: hidden.clone() }))
        };
        let (measured, missing) = sweep(&known, &mut open, &mut |_, _| true).unwrap();
        assert_eq!(missing, []);
        let all = fit(&known, &constants, &mut |machine| predict(machine, &measured), &mut |_| {});
        let Calibration { fitted, after, .. } = all.unwrap();
        println!("{fitted:#?} {after:?}");
        assert!(after.unwrap().mean < 0.01, "{after:?}");
        for (fitted, scale) in fitted.iter().zip(scale) {
            let found = fitted.after / fitted.before;
            assert!(
                (found / scale - 1.0).abs() < 0.05,
                "{}: {found} for {scale}",
                fitted.constant.key
            );
        }
    }

    /// Runs plans for one machine on another.
    struct Posing {
        simulator: Simulator,
        machine: Machine,
    }

    impl Executor for Posing {
        fn run(
            &mut self,
            plan: &Arc<Plan>,
            iteration: u64,
            observer: &mut dyn Observer,
        ) -> Result<IterationTime, ExecError> {
            let spec = RunSpec { machine: self.machine.clone(), ..RunSpec::clone(&plan.spec) };
            let plan = Plan { spec: Arc::new(spec), ..Plan::clone(plan) };
            self.simulator.run(&Arc::new(plan), iteration, observer)
        }

        fn provenance(&self) -> ExecutorInfo {
            self.simulator.provenance()
        }
    }
}
