#[cfg(feature = "live")]
use super::{Failure, args::Backend};
use super::{Outcome, args::RecordArgs};

/// Runs and writes.
#[cfg(feature = "live")]
pub(super) fn run(args: &RecordArgs) -> Outcome {
    use std::io::Write;

    use super::{
        progress::ProgressLine,
        run_spec::{layers, run_failure, run_spec},
    };
    use crate::files::{SaveOptions, TraceFormat, check_target};

    let format = TraceFormat::of_path(&args.output).map_err(|e| Failure::Misuse(e.to_string()))?;
    if args.iterations == 0 {
        return Err(Failure::misuse("nothing to record", "--iterations 0"));
    }
    let spec = run_spec(&args.run, args.backend, layers(&args.layers)?)?;
    check_target(&args.output)?;
    let mut line = ProgressLine::new("running");
    let mut executor = executor(args.backend, &spec)?;
    let trace = weftscope_profiler::record::record(
        executor.as_mut(),
        &spec,
        args.iterations,
        &mut |done| {
            line.step(u64::from(done), Some(u64::from(args.iterations)));
            true
        },
    )
    .map_err(run_failure)?;
    drop(line);
    let options = SaveOptions { own_names: args.own_names, rank: None };
    super::convert::save(&trace, &args.output, (format, options))?;
    if let Some(folder) = &args.ranks_dir {
        save_ranks(&trace, folder, options)?;
    }
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "{}: {} slices, {} iterations, {:.3} ms",
        args.output.display(),
        trace.num_slices(),
        args.iterations,
        trace.span().len_ns() as f64 / 1e6
    )?;
    Ok(out.flush()?)
}

/// Who runs the plan.
#[cfg(feature = "live")]
fn executor(
    backend: Backend,
    spec: &weftscope_engine::spec::RunSpec,
) -> Result<Box<dyn weftscope_engine::executor::Executor>, Failure> {
    use weftscope_engine::{cuda::CudaExecutor, sim::Simulator};

    Ok(match backend {
        Backend::Sim => Box::new(Simulator::new(&spec.machine)),
        Backend::Cuda => {
            let opened = CudaExecutor::open(spec.knobs.tp, true);
            Box::new(opened.map_err(|error| Failure::failed(error, "--backend cuda"))?)
        }
    })
}

/// One JSON file a rank, as trace analysis of whole jobs expects them.
#[cfg(feature = "live")]
fn save_ranks(
    trace: &weftscope_traces::Trace,
    folder: &std::path::Path,
    options: crate::files::SaveOptions,
) -> Outcome {
    use crate::files::{FileError, SaveOptions, TraceFormat};

    std::fs::create_dir_all(folder)
        .map_err(|error| FileError::io("cannot make the folder", &error, folder))?;
    for info in &trace.meta.ranks {
        let path = folder.join(format!("rank{}.json.gz", info.rank));
        let options = SaveOptions { rank: Some(info.rank), ..options };
        super::convert::save(trace, &path, (TraceFormat::JsonGz, options))?;
    }
    Ok(())
}

/// Says that this build cannot.
#[cfg(not(feature = "live"))]
pub(super) fn run(_: &RecordArgs) -> Outcome {
    Err(super::no_engine("record"))
}
