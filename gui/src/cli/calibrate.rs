//! `calibrate`: constants of a machine file from what was measured, on this computer's GPUs or in data sets that ship.

use std::{io::Write, path::PathBuf};

use weftscope_engine::{
    calibrate::{CONSTANTS, Calibration, Constant, Fitted, fit},
    cuda::{CudaExecutor, Gpus, machine_of, probe},
    executor::Executor,
    machine::{HERE, Machine},
    spec::RunSpec,
    validate::{ValidateError, expected_error, sets_of, times_by},
};
use weftscope_traces::{Doubt, words::counted};

use super::{
    Failure, Outcome, plain,
    progress::ProgressLine,
    run_args::unknown,
    run_spec::{machine_named, run_failure},
};
use crate::{
    files::{cache_folder, check_target},
    here::{
        CalibrateError, Calibrating, Done, FOLDER, calibrate, keep, rows_of, share, with_sources,
        write_machine,
    },
};

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
    /// Machine file to write [default where this computer's GPUs are measured: a file of this user that `--machine here` uses].
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Fits, prints and writes.
pub(super) fn run(args: &CalibrateArgs) -> Outcome {
    if let Some(path) = &args.output {
        check_target(path)?;
    }
    let constants = constants(&args.constants)?;
    // Said before a minute is spent.
    let folder = if is_kept(args) { Some(folder()?) } else { None };
    let fit = if args.from.is_empty() {
        measured(args, &constants)?
    } else {
        from_sets(args, &constants)?
    };
    let mut out = plain::stdout();
    print(&fit, &mut out)?;
    if let Some(folder) = folder {
        let path = keep(&folder, &fit.now)?;
        writeln!(out, "{}: written, `--machine {HERE}` uses it from now on", path.display())?;
    }
    if let Some(path) = &args.output {
        write_machine(path, &fit.now)?;
        writeln!(out, "{}: written", path.display())?;
    }
    Ok(out.flush()?)
}

/// What this computer's own GPUs came to is kept for this user, unless it is to lie elsewhere.
fn is_kept(args: &CalibrateArgs) -> bool {
    let is_here = args.machine.as_ref().is_none_or(|name| name == HERE);
    args.output.is_none() && args.from.is_empty() && is_here
}

fn folder() -> Result<PathBuf, Failure> {
    cache_folder(FOLDER).map_err(|off| {
        Failure::misuse(format!("nowhere to keep it: {off}; -o FILE names a place"), "calibrate")
    })
}

fn constants(keys: &[String]) -> Result<Vec<Constant>, Failure> {
    let known = || CONSTANTS.map(|constant| constant.key).join(", ");
    let one = |key: &String| {
        weftscope_engine::calibrate::constant(key)
            .ok_or_else(|| unknown("constants", key, &known()))
    };
    if keys.is_empty() { Ok(CONSTANTS.to_vec()) } else { keys.iter().map(one).collect() }
}

/// The machine before and after, and the fit.
struct Fit {
    before: Machine,
    now: Machine,
    calibration: Calibration,
}

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
    let predict = &mut |machines: &[Machine]| {
        rows_of(machines, sets.len(), |machine, set| times_by(machine, sets[set].0))
    };
    let mut line = ProgressLine::new("fitting");
    let calibration = fit(&machine, constants, predict, &mut |progress| {
        line.step(progress.step as u64, Some(progress.of as u64));
    });
    drop(line);
    let calibration = calibration.map_err(failure)?;
    let source = format!("fitted to {} of engine/data", args.from.join(", "));
    let mut now = with_sources(&calibration, &source);
    now.expected_error = expected_error(&now, &args.from).map_err(failure)?;
    now.calibrated = None;
    Ok(Fit { before: machine, now, calibration })
}

/// Measures this computer's GPUs.
fn measured(args: &CalibrateArgs, constants: &[Constant]) -> Result<Fit, Failure> {
    let mut machine = begun_with(args)?;
    machine.gpus = machine.gpus.min(gpus_here()?.gpus.len() as u32);
    let mut open = |spec: &RunSpec| -> Result<Box<dyn Executor>, _> {
        Ok(Box::new(CudaExecutor::open(spec.knobs.tp, true)?))
    };
    let mut line = Lines::new(&machine);
    let done =
        calibrate(&machine, constants, &mut open, &mut |at, done, of| line.step(at, done, of));
    drop(line);
    let Done { machine: now, calibration, missing } = done.map_err(|error| match error {
        CalibrateError::Run(error) => run_failure(error),
        error => Failure::failed(error, "calibrate"),
    })?;
    for (what, why) in &missing {
        eprintln!("weftscope: not measured: {what}: {why}");
    }
    Ok(Fit { before: machine, now, calibration })
}

fn gpus_here() -> Result<Gpus, Failure> {
    probe().map_err(|error| Failure::failed(error, "calibrate"))
}

/// What the fit begins with: the constants that ship, so that twice the same GPUs come to the same; where only some constants
/// are to be fitted, those that are in use.
fn begun_with(args: &CalibrateArgs) -> Result<Machine, Failure> {
    match &args.machine {
        Some(name) => machine_named(name),
        None if args.constants.is_empty() => Ok(machine_of(&gpus_here()?)),
        None => machine_named(HERE),
    }
}

/// A line of progress for each stage.
struct Lines {
    at: Calibrating,
    line: ProgressLine,
}

impl Lines {
    fn new(machine: &Machine) -> Self {
        let line = ProgressLine::new(format!("measuring {}", machine.title));
        Self { at: Calibrating::Measuring, line }
    }

    fn step(&mut self, at: Calibrating, done: u64, of: u64) -> bool {
        if at != self.at {
            *self = Self { at, line: ProgressLine::new("fitting") };
        }
        self.line.step(done, Some(of));
        true
    }
}

fn print(fit: &Fit, out: &mut dyn Write) -> std::io::Result<()> {
    let Fit { before: machine, now, calibration } = fit;
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
    let error = weftscope_profiler::collect::expected_error(now);
    writeln!(out, "  {}", Doubt(error.as_ref()).sentence())?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_computers_own_calibration_is_kept() {
        let args =
            || CalibrateArgs { from: vec![], machine: None, constants: vec![], output: None };
        assert!(is_kept(&args()));
        assert!(is_kept(&CalibrateArgs { machine: Some(HERE.to_owned()), ..args() }));
        assert!(!is_kept(&CalibrateArgs { machine: Some("h200x2".to_owned()), ..args() }));
        assert!(!is_kept(&CalibrateArgs { output: Some("mine.json".into()), ..args() }));
        assert!(!is_kept(&CalibrateArgs { from: vec!["cuts_h200x2_2048".to_owned()], ..args() }));
    }
}
