use super::{Outcome, args::BenchArgs};

/// Runs and prints, one table of strategies and one of kernels for each number of tokens.
#[cfg(feature = "live")]
pub(super) fn run(args: &BenchArgs) -> Outcome {
    use std::io::Write;

    let mut out = std::io::stdout().lock();
    let strategies = live::strategies(&args.strategy)?;
    let specs = live::specs(args, strategies[0])?;
    if let Some(path) = &args.json {
        crate::files::check_target(path)?;
    }
    let ceiling = live::ceiling(args.backend, &specs[0])?;
    let mut report = live::Report::new(args, &specs[0], ceiling);
    super::bench_text::head(&report, &mut out)?;
    for spec in &specs {
        let bench = live::turns(args, spec, (&strategies, &ceiling))?;
        super::bench_text::batch(&bench, &mut out)?;
        out.flush()?;
        report.batches.push(bench);
    }
    if let Some(path) = &args.json {
        live::write_json(&report, path)?;
    }
    Ok(())
}

#[cfg(feature = "live")]
pub(super) use live::Report;

#[cfg(feature = "live")]
mod live {
    use std::path::Path;

    use serde::Serialize;
    use weftscope_engine::{
        ceiling::Ceiling,
        cuda::{CudaExecutor, Group, measure_ceiling},
        executor::{ExecError, Executor},
        sim::Simulator,
        spec::{RunSpec, StrategyKind},
    };
    use weftscope_profiler::bench::{Bench, Options, bench};

    use crate::{
        cli::{
            Failure,
            args::{Backend, BenchArgs},
            progress::ProgressLine,
            run_spec::{prefill, run_failure, spec_on, strategy},
        },
        files::{FileError, write_atomically},
    };

    /// Turns of each strategy on GPUs before those that count: clocks rise, memory is touched.
    const WARM_UP: u32 = 2;

    /// Everything that was measured, as it is printed and written.
    #[derive(Serialize)]
    pub(in crate::cli) struct Report {
        pub(in crate::cli) model: String,
        pub(in crate::cli) machine: String,
        pub(in crate::cli) tp: u32,
        pub(in crate::cli) shard_of: Option<u32>,
        pub(in crate::cli) layers: u32,
        pub(in crate::cli) turns: u32,
        pub(in crate::cli) iterations: u32,
        pub(in crate::cli) transport: &'static str,
        /// `measured` or `modelled`.
        pub(in crate::cli) provenance: &'static str,
        pub(in crate::cli) ceiling: Ceiling,
        pub(in crate::cli) batches: Vec<Bench>,
    }

    impl Report {
        pub(super) fn new(args: &BenchArgs, spec: &RunSpec, ceiling: Ceiling) -> Self {
            Self {
                model: spec.model.name.clone(),
                machine: spec.machine.title.clone(),
                tp: spec.knobs.tp,
                shard_of: spec.knobs.shard_of,
                layers: args.layers,
                turns: args.turns,
                iterations: args.iterations,
                transport: spec.knobs.transport.name(),
                provenance: match args.backend {
                    Backend::Sim => "modelled",
                    Backend::Cuda => "measured",
                },
                ceiling,
                batches: Vec::new(),
            }
        }
    }

    /// The strategies of the argument, each once.
    pub(super) fn strategies(names: &[String]) -> Result<Vec<StrategyKind>, Failure> {
        let mut chosen = Vec::new();
        for name in names.iter().map(|name| name.trim()).filter(|name| !name.is_empty()) {
            let these = match name {
                "all" => StrategyKind::ALL.to_vec(),
                name => vec![strategy(name)?],
            };
            chosen.extend(
                these.into_iter().filter(|kind| !chosen.contains(kind)).collect::<Vec<_>>(),
            );
        }
        if chosen.is_empty() {
            return Err(Failure::misuse("no strategy is named", "--strategy"));
        }
        Ok(chosen)
    }

    /// One spec for each number of tokens.
    pub(super) fn specs(args: &BenchArgs, any: StrategyKind) -> Result<Vec<RunSpec>, Failure> {
        if args.layers < 3 {
            let cause = "the first and the last layer do not count, so three are needed";
            return Err(Failure::misuse(cause, &format!("--layers {}", args.layers)));
        }
        for (count, argument) in [(args.turns, "--turns 0"), (args.iterations, "--iterations 0")] {
            if count == 0 {
                return Err(Failure::misuse("nothing to measure", argument));
            }
        }
        let spec = |&tokens| {
            let batch = prefill(tokens, args.on.seq)?;
            let spec = spec_on(&args.on, args.backend, (batch, any, Some(args.layers)))?;
            // What is wrong with the arguments is said before anything runs.
            weftscope_engine::plan::plan(&spec).map_err(|error| run_failure(error.into()))?;
            Ok(spec)
        };
        let specs: Vec<RunSpec> = args.tokens.iter().map(spec).collect::<Result<_, Failure>>()?;
        if specs.is_empty() {
            return Err(Failure::misuse("no number of tokens is given", "--tokens"));
        }
        Ok(specs)
    }

    /// What kernels are held against: measured where they are measured.
    pub(super) fn ceiling(backend: Backend, spec: &RunSpec) -> Result<Ceiling, Failure> {
        match backend {
            Backend::Sim => Ok(Ceiling::of(&spec.machine)),
            Backend::Cuda => Group::open(spec.knobs.tp)
                .and_then(|group| measure_ceiling(&group))
                .map_err(|error| Failure::failed(error, "--backend cuda")),
        }
    }

    /// All strategies on one batch.
    pub(super) fn turns(
        args: &BenchArgs,
        spec: &RunSpec,
        (strategies, ceiling): (&[StrategyKind], &Ceiling),
    ) -> Result<Bench, Failure> {
        let warm_up = match args.backend {
            Backend::Sim => 0,
            Backend::Cuda => WARM_UP,
        };
        let options = Options { turns: args.turns, warm_up, iterations: args.iterations };
        let mut open = |spec: &RunSpec| executor(args.backend, spec);
        let mut line = ProgressLine::new(format!("{} tokens", spec.batch.tokens()));
        bench(spec, (strategies, options), ceiling, &mut open, &mut |done, total| {
            line.step(done, Some(total));
            true
        })
        .map_err(run_failure)
    }

    fn executor(backend: Backend, spec: &RunSpec) -> Result<Box<dyn Executor>, ExecError> {
        Ok(match backend {
            Backend::Sim => Box::new(Simulator::new(&spec.machine)),
            Backend::Cuda => Box::new(CudaExecutor::open(spec.knobs.tp, true)?),
        })
    }

    pub(super) fn write_json(report: &Report, path: &Path) -> Result<(), Failure> {
        write_atomically(path, |out| {
            serde_json::to_writer_pretty(&mut *out, report)
                .map_err(|error| FileError::io("cannot write", &error.into(), path))
        })
        .map_err(Failure::from)
    }
}

/// Says that this build cannot.
#[cfg(not(feature = "live"))]
pub(super) fn run(_: &BenchArgs) -> Outcome {
    Err(super::no_engine("bench"))
}
