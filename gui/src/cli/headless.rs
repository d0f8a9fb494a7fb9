//! The main job without a window: the same run, its report, its recording and its picture.

use std::{
    io::{self, Write},
    path::Path,
};

use clap::Parser;
use weftscope_engine::{
    executor::Executor,
    spec::{RunSpec, StrategyKind},
};
use weftscope_profiler::{
    baselines::{IterationTiming, baselines},
    record::{RunError, record},
};
use weftscope_traces::analysis::Baseline;

use super::{
    Outcome, convert, report_text,
    reported::reports,
    run_args::{Backend, RunArgs},
    run_spec::{run_failure, run_spec},
    shot::draw,
};
use crate::{
    files::{SaveOptions, TraceFormat},
    picture::ShotOptions,
};

/// One whole weave with a head and a tail, as the window begins with.
const LAYERS: u32 = 2;
const RECORDING: &str = "weftscope.json.gz";
const PICTURE: &str = "weftscope.png";

/// The run that the program is about: what `record` runs by default, fewer layers of it.
pub(super) fn main_spec() -> Result<RunSpec, super::Failure> {
    /// Only the run's arguments, all at their defaults.
    #[derive(Parser)]
    struct Defaults {
        #[command(flatten)]
        run: RunArgs,
    }
    let defaults = Defaults::parse_from(["weftscope"]);
    run_spec(&defaults.run, Backend::Sim, Some(LAYERS))
}

/// Runs, reports, writes both files into `folder`, and says how to open them.
pub(super) fn run(folder: &Path) -> Outcome {
    let spec = main_spec()?;
    let mut executor = weftscope_engine::sim::Simulator::new(&spec.machine);
    let trace = record(&mut executor, &spec, 1, &mut |_| true).map_err(run_failure)?;
    let (recording, picture) = (folder.join(RECORDING), folder.join(PICTURE));
    convert::save(&trace, &recording, (TraceFormat::JsonGz, SaveOptions::default()))?;
    let reports = reports(vec![(recording, trace)]);
    draw(&reports[0].trace, &ShotOptions::default(), &picture)?;
    let mut out = io::stdout().lock();
    report_text::write(&reports[0], &others(&mut executor, &spec), &mut out)?;
    writeln!(out)?;
    writeln!(
        out,
        "{RECORDING}: open it with `weftscope {RECORDING}` where there is a display, or at"
    )?;
    writeln!(out, "  ui.perfetto.dev; `weftscope report {RECORDING}` prints this page again.")?;
    writeln!(out, "{PICTURE}: the same as a picture; `weftscope shot` draws others.")?;
    Ok(out.flush()?)
}

/// Times of the other strategies for the same batch; one that cannot run there is left out of the sentence.
fn others(executor: &mut dyn Executor, spec: &RunSpec) -> Vec<Baseline> {
    let mut others = Vec::new();
    let mut keep = |strategy: StrategyKind, timing: Result<IterationTiming, RunError>| {
        if let (Ok(timing), true) = (timing, strategy != spec.knobs.strategy) {
            let iteration_ns = timing.time_ns;
            others.push(Baseline { name: strategy.name().to_owned(), iteration_ns });
        }
    };
    baselines(executor, spec, None, &mut keep, &|| false);
    others
}
