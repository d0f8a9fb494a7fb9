//! Short sweeps over the GPUs at hand, and what a machine file says of the same runs: what a calibration is fitted to.

use weftscope_engine::{
    batch::Batch,
    machine::{ExpectedError, Machine},
    model,
    plan::Split,
    roofline::Roofline,
    spec::{Knobs, RunSpec, SplitChoice, StrategyKind, Transport},
    validate::{Errors, LAYER, Row, Turn, ValidateError},
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
/// What no constant is fitted to, for the error that is to be expected: another model, other lengths, another cut.
const CHECK_MODEL: &str = "qwen2.5-72b";
const CHECK_DEGREE: u32 = 4;
const CHECK_TOKENS_ALONE: [u32; 5] = [768, 1536, 3072, 6144, 12288];
/// Decode steps on one GPU: sequences, and what each has cached. Constants are fitted to none: five of them among the runs of the
/// fit made the blocks of a prefill's attention start late, since one constant stands for both kernels', and decode steps no nearer
/// than by 1 % (docs/measurements.md).
const CHECK_DECODES: [(u32, u32); 2] = [(8, 2048), (128, 2048)];
const CHECK_TOKENS_LINKED: [u32; 2] = [3072, 6144];
const CHECK_LINKED: [StrategyKind; 5] = [
    StrategyKind::Default,
    StrategyKind::Multimem,
    StrategyKind::FuseOnly,
    StrategyKind::EqualSplit,
    StrategyKind::TokenWeave,
];

/// A run and what it took.
#[derive(Clone, Debug)]
pub struct Measured {
    /// What ran; its machine is the one that it was planned for.
    pub spec: RunSpec,
    /// µs by kernel, and of [`LAYER`]: medians.
    pub times_us: Vec<(&'static str, f64)>,
}

/// What a sweep could not run, and why.
pub type Missing = (String, String);

/// What a sweep brought.
#[derive(Clone, Debug, Default)]
pub struct Swept {
    /// Runs to fit constants to.
    pub fit: Vec<Measured>,
    /// Runs to hold the fitted machine against.
    pub check: Vec<Measured>,
    /// What did not run.
    pub missing: Vec<Missing>,
}

/// Sweeps `machine`'s GPUs by the executors that `open` makes; `on_turn` hears how many of how many turns are done, and
/// stops the sweep with `false`.
///
/// # Errors
/// [`RunError::Cancelled`].
pub fn sweep(
    machine: &Machine,
    open: Open<'_>,
    on_turn: &mut dyn FnMut(u64, u64) -> bool,
) -> Result<Swept, RunError> {
    let (fit, check) = (runs(machine), checks(machine));
    let is_fit = std::iter::repeat_n(true, fit.len()).chain(std::iter::repeat(false));
    let runs: Vec<_> = fit.into_iter().chain(check).zip(is_fit).collect();
    let turns_each =
        |strategies: usize| u64::from(OPTIONS.turns + OPTIONS.warm_up) * strategies as u64;
    let total: u64 = runs.iter().map(|((_, strategies), _)| turns_each(strategies.len())).sum();
    let (mut swept, mut before) = (Swept::default(), 0);
    for ((spec, strategies), is_fit) in &runs {
        let done = &mut |done, _| on_turn(before + done, total);
        let bench = bench(spec, strategies, OPTIONS, &Roofline::of(machine), open, done)?;
        before += turns_each(strategies.len());
        let measured = if *is_fit { &mut swept.fit } else { &mut swept.check };
        keep(spec, bench, measured, &mut swept.missing);
    }
    Ok(swept)
}

/// A run, and the strategies that take turns at it.
type Contest = (RunSpec, &'static [StrategyKind]);

/// What constants are fitted to.
fn runs(machine: &Machine) -> Vec<Contest> {
    let spec = |tp, degree, tokens| run(machine, MODEL, (tp, degree), (tokens, tokens / 2));
    let alone = DEGREES.into_iter().flat_map(|degree| {
        TOKENS_ALONE.map(|tokens| (spec(1, degree, tokens), &[StrategyKind::NoComm][..]))
    });
    let ranks = machine.gpus.min(8);
    let linked = TOKENS_LINKED.into_iter().filter(|_| ranks > 1);
    let linked = linked.map(|tokens| (spec(ranks, 8.max(ranks), tokens), &LINKED[..]));
    alone.chain(linked).collect()
}

/// What the fitted machine is held against, cut at three eighths where it is cut by hand.
fn checks(machine: &Machine) -> Vec<Contest> {
    let alone = CHECK_TOKENS_ALONE.map(|tokens| {
        let spec = run(machine, CHECK_MODEL, (1, CHECK_DEGREE), (tokens, tokens / 2));
        (spec, &[StrategyKind::NoComm][..])
    });
    let ranks = machine.gpus.min(8);
    let linked = CHECK_TOKENS_LINKED.into_iter().filter(|_| ranks > 1).map(|tokens| {
        let spec = run(machine, MODEL, (ranks, 8.max(ranks)), (tokens, tokens / 8 * 3));
        (spec, &CHECK_LINKED[..])
    });
    let decodes = CHECK_DECODES.map(|step| decoding(machine, step));
    alone.into_iter().chain(decodes).chain(linked).collect()
}

/// A token of each of so many sequences, each behind so many tokens, on one GPU.
fn decoding(machine: &Machine, (sequences, cached_tokens): (u32, u32)) -> Contest {
    let batch = Batch::decode(sequences, cached_tokens);
    let spec = run(machine, CHECK_MODEL, (1, CHECK_DEGREE), (sequences, 0));
    (RunSpec { batch, ..spec }, &[StrategyKind::NoComm])
}

/// `tp` ranks with the shards of `degree`, the batch cut behind `first` of its tokens.
fn run(
    machine: &Machine,
    model: &str,
    (tp, degree): (u32, u32),
    (tokens, first): (u32, u32),
) -> RunSpec {
    RunSpec {
        model: model::builtin(model).expect("built in"),
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
            split: SplitChoice::Fixed(first),
            attn_ctas: Some(BESIDE_CTAS.0),
            mlp_ctas: Some(BESIDE_CTAS.1),
            ..Knobs::default()
        },
    }
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
    kernels.chain([(LAYER, figures.per_layer_us.median)]).collect()
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
            let batch = match spec.batch.requests.first() {
                Some(first) if first.is_decode() => {
                    let context_tokens = first.context_tokens();
                    format!("{} sequences at {context_tokens} tokens", spec.batch.requests.len())
                }
                _ => format!("{} tokens", spec.batch.tokens()),
            };
            let what = format!(
                "{name} of {}, {batch}, shards of {}",
                spec.knobs.strategy.name(),
                spec.knobs.shard_degree()
            );
            // A kernel that ran and is not in the plan would be a fault of the plan: unknown, and worth no weight.
            let predicted = turn.us(name).unwrap_or(measured);
            rows.push(Row { what, measured, predicted, is_layers: name == LAYER });
        }
    }
    Ok(rows)
}

/// The error that is to be expected of `machine`, whose constants were fitted to `swept.fit`: of layers that were left out of
/// the fit, and where none ran of those of the fit. `None`: there are no layers.
///
/// # Errors
/// As [`predict`].
pub fn expected_error(
    machine: &Machine,
    swept: &Swept,
) -> Result<Option<ExpectedError>, ValidateError> {
    let layers = |rows: Vec<Row>| Errors::of(rows.iter().filter(|row| row.is_layers));
    let of = |errors: Errors, fitted, what: &str| {
        let Errors { count, mean, worst, .. } = errors;
        ExpectedError::new(mean, worst, count, fitted, format!("{what} of `weftscope calibrate`"))
    };
    if let Some(errors) = layers(predict(machine, &swept.check)?) {
        return Ok(Some(of(errors, false, "runs left out of the fit")));
    }
    let errors = layers(predict(machine, &swept.fit)?);
    Ok(errors.map(|errors| of(errors, true, "the runs")))
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
        let swept = sweep(&known, &mut open, &mut |_, _| true).unwrap();
        assert_eq!(swept.missing, []);
        let runs = &swept.fit;
        let mut predicted =
            |machines: &[Machine]| machines.iter().map(|machine| predict(machine, runs)).collect();
        let all = fit(&known, &constants, &mut predicted, &mut |_| {});
        let Calibration { machine, fitted, after, .. } = all.unwrap();
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
        let before = expected_error(&known, &swept).unwrap().unwrap();
        let now = expected_error(&machine, &swept).unwrap().unwrap();
        println!("{before:?} {now:?}");
        assert!(!now.fitted && now.rows == 17, "{now:?}");
        assert!(now.layer_pct < 1.0 && before.layer_pct > 10.0, "{before:?} {now:?}");
        // Where none of what was to be left out ran, it says so.
        let fit_alone = Swept { check: vec![], ..swept };
        assert!(expected_error(&machine, &fit_alone).unwrap().unwrap().fitted);
        assert_eq!(expected_error(&machine, &Swept::default()).unwrap(), None);
    }

    /// No run that constants are fitted to is among those that the fit is held against.
    #[test]
    fn what_is_left_out_is_left_out() {
        for gpus in [1, 2, 8] {
            let machine = Machine { gpus, ..builtin("h200x2").unwrap() };
            let cell = |(spec, _): &Contest| (spec.model.name.clone(), spec.batch.clone());
            let fitted: Vec<_> = runs(&machine).iter().map(cell).collect();
            let checks = checks(&machine);
            assert_eq!(checks.len(), if gpus > 1 { 9 } else { 7 });
            assert!(checks.iter().all(|check| !fitted.contains(&cell(check))));
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
