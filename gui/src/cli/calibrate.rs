//! `calibrate`: constants of a machine file from what was measured, on this computer's GPUs or in data sets that ship.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use weftscope_engine::{
    calibrate::{CONSTANTS, Calibration, Constant, Fitted, fit},
    cuda::{CudaExecutor, machine_here},
    executor::Executor,
    machine::Machine,
    spec::RunSpec,
    validate::{self, Errors, Row, ValidateError, predicted_by, sets_of},
};
use weftscope_profiler::calibrate::{self, Measured, Swept, predict, sweep};
use weftscope_traces::words::counted;

use super::{
    Failure, Outcome, plain,
    progress::ProgressLine,
    run_args::unknown,
    run_spec::{machine_named, run_failure},
};
use crate::files::{FileError, check_target, write_atomically};

/// Arguments of `calibrate`.
#[derive(Debug, clap::Args)]
pub struct CalibrateArgs {
    /// Fit to these data sets instead of measuring (`weftscope validate --summary` lists them), separated by commas.
    #[arg(long, value_name = "SET,SET", value_delimiter = ',')]
    pub from: Vec<String>,
    /// Machine to begin with, by name or file [default: the one that the sets were measured on, or this computer's GPUs].
    #[arg(long, value_name = "NAME|FILE")]
    pub machine: Option<String>,
    /// Constants to fit, separated by commas [default: all that the measurements determine].
    #[arg(long, value_name = "KEY,KEY", value_delimiter = ',')]
    pub constants: Vec<String>,
    /// Machine file to write.
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Fits, prints and writes.
pub(super) fn run(args: &CalibrateArgs) -> Outcome {
    if let Some(path) = &args.output {
        check_target(path)?;
    }
    let constants = constants(&args.constants)?;
    let (machine, source, calibration) = if args.from.is_empty() {
        measured(args.machine.as_deref().unwrap_or("here"), &constants)?
    } else {
        from_sets(args, &constants)?
    };
    let mut out = plain::stdout();
    print(&machine, &calibration, &mut out)?;
    if let Some(path) = &args.output {
        write(path, &with_sources(&calibration, &source))?;
        writeln!(out, "{}: written", path.display())?;
    }
    Ok(out.flush()?)
}

fn constants(keys: &[String]) -> Result<Vec<Constant>, Failure> {
    let known = || CONSTANTS.map(|constant| constant.key).join(", ");
    let one = |key: &String| {
        weftscope_engine::calibrate::constant(key)
            .ok_or_else(|| unknown("constants", key, &known()))
    };
    if keys.is_empty() { Ok(CONSTANTS.to_vec()) } else { keys.iter().map(one).collect() }
}

/// The machine as it was, where its new constants come from, and the fit.
type Fit = (Machine, String, Calibration);

fn from_sets(args: &CalibrateArgs, constants: &[Constant]) -> Result<Fit, Failure> {
    let failure = |error: ValidateError| match error {
        ValidateError::Unknown { .. } => Failure::misuse(error, "--from"),
        error => Failure::failed(error, "calibrate"),
    };
    let sets = sets_of(&args.from).map_err(failure)?;
    let name = match (&args.machine, sets.first()) {
        (Some(name), _) => name.clone(),
        (None, Some((_, machine))) if sets.iter().all(|(_, other)| other == machine) => {
            (*machine).to_owned()
        }
        _ => {
            let cause = "the sets were measured on several machines: which one is to be fitted?";
            return Err(Failure::misuse(cause, "--machine"));
        }
    };
    let machine = machine_named(&name)?;
    let predict = &mut |machine: &Machine| -> Result<Vec<Row>, ValidateError> {
        let sets = predicted_by(machine, &args.from)?;
        Ok(sets.into_iter().flat_map(|set| set.times_us).collect())
    };
    let mut calibration = fitted(&machine, constants, predict).map_err(failure)?;
    let now = &mut calibration.machine;
    now.expected_error = validate::expected_error(now, &args.from).map_err(failure)?;
    Ok((machine, format!("fitted to {} of engine/data", args.from.join(", ")), calibration))
}

fn measured(name: &str, constants: &[Constant]) -> Result<Fit, Failure> {
    let here = machine_here().map_err(|error| Failure::failed(error, "calibrate"))?;
    let mut machine = machine_named(name)?;
    machine.gpus = machine.gpus.min(here.gpus);
    let mut line = ProgressLine::new(format!("measuring {}", machine.title));
    let mut open = |spec: &RunSpec| -> Result<Box<dyn Executor>, _> {
        Ok(Box::new(CudaExecutor::open(spec.knobs.tp, true)?))
    };
    let swept = sweep(&machine, &mut open, &mut |done, total| {
        line.step(done, Some(total));
        true
    })
    .map_err(run_failure)?;
    drop(line);
    let Swept { fit: runs, missing, .. } = &swept;
    for (what, why) in missing {
        eprintln!("weftscope: not measured: {what}: {why}");
    }
    if runs.is_empty() {
        let cause = missing.first().map_or("nothing ran", |(_, why)| why);
        return Err(Failure::failed(cause, "calibrate"));
    }
    let predict = &mut |machine: &Machine| predict(machine, runs);
    let failure = |error: ValidateError| Failure::failed(error, "calibrate");
    let mut calibration = fitted(&machine, constants, predict).map_err(failure)?;
    let now = &mut calibration.machine;
    now.expected_error = calibrate::expected_error(now, &swept).map_err(failure)?;
    let source = format!("measured by `weftscope calibrate` on {}", counted_runs(runs, &machine));
    Ok((machine, source, calibration))
}

fn counted_runs(runs: &[Measured], machine: &Machine) -> String {
    format!("{} × {}, {}", machine.gpus, machine.gpu.name, counted(runs.len() as u64, "run"))
}

fn fitted(
    machine: &Machine,
    constants: &[Constant],
    predict: &mut dyn FnMut(&Machine) -> Result<Vec<Row>, ValidateError>,
) -> Result<Calibration, ValidateError> {
    let mut line = ProgressLine::new("fitting");
    fit(machine, constants, predict, &mut |progress| {
        line.step(progress.step as u64, Some(progress.of as u64));
    })
}

/// The machine, each new constant with where it comes from and what it is worth.
fn with_sources(calibration: &Calibration, source: &str) -> Machine {
    let mut machine = calibration.machine.clone();
    for Fitted { constant, uncertainty, rows, errors, .. } in &calibration.fitted {
        let worth = errors.map_or_else(String::new, |Errors { mean, worst, .. }| {
            format!(", whose mean error is {:.1} % and worst {:.1} %", 100.0 * mean, 100.0 * worst)
        });
        let text = format!(
            "{source}: {}, known from {} to within {}{worth}",
            constant.what,
            counted(*rows as u64, "row"),
            share(*uncertainty)
        );
        machine.sources.insert(constant.key.to_owned(), text);
    }
    machine
}

fn print(machine: &Machine, calibration: &Calibration, out: &mut dyn Write) -> std::io::Result<()> {
    let Calibration { fitted, not_fitted, before, after, .. } = calibration;
    if let (Some(before), Some(after)) = (before, after) {
        writeln!(
            out,
            "{} over {}: mean error {:.1} % before, {:.1} % now; worst {:.1} %, {:.1} %",
            machine.title,
            counted(after.count as u64, "row"),
            100.0 * before.mean,
            100.0 * after.mean,
            100.0 * before.worst,
            100.0 * after.worst
        )?;
    }
    writeln!(
        out,
        "  {:<36} {:>10} {:>10} {:<8} {:>7} {:>5} {:>6}",
        "constant", "before", "now", "", "±", "rows", "error"
    )?;
    for Fitted { constant, before, after, uncertainty, rows, errors } in fitted {
        let error =
            errors.map_or("–".to_owned(), |errors| format!("{:.1} %", 100.0 * errors.mean));
        writeln!(
            out,
            "  {:<36} {:>10} {:>10} {:<8} {:>7} {rows:>5} {error:>6}",
            constant.key,
            number(*before),
            number(*after),
            constant.unit,
            share(*uncertainty)
        )?;
    }
    let mut reasons: Vec<&str> = not_fitted.iter().map(|left| left.why).collect();
    reasons.sort_unstable();
    reasons.dedup();
    for why in reasons {
        let keys: Vec<&str> = not_fitted
            .iter()
            .filter(|left| left.why == why)
            .map(|left| left.constant.key)
            .collect();
        writeln!(out, "  left as they were, {why}: {}", keys.join(", "))?;
    }
    Ok(())
}

/// `6.97e12`, `1830`, `0.71`.
fn number(value: f64) -> String {
    match value.abs() {
        size if size >= 1e5 || (size < 1e-3 && size > 0.0) => format!("{value:.2e}"),
        size if size >= 10.0 => format!("{value:.0}"),
        _ => format!("{value:.2}"),
    }
}

/// `2.1 %`; what other constants can make up for is not known.
fn share(uncertainty: f64) -> String {
    if uncertainty < 1.0 { format!("{:.1} %", 100.0 * uncertainty) } else { "unknown".to_owned() }
}

fn write(path: &Path, machine: &Machine) -> Result<(), Failure> {
    write_atomically(path, |out| {
        serde_json::to_writer_pretty(&mut *out, machine)
            .map_err(|error| FileError::io("cannot write", &error.into(), path))?;
        writeln!(out).map_err(|error| FileError::io("cannot write", &error, path))
    })
    .map_err(Failure::from)
}
