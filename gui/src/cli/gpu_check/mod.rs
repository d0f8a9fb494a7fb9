//! `gpu-check`: every kernel against its reference, on the GPUs of this computer.

mod soak;
mod turns;

use std::{
    io::{self, Write},
    time::{Duration, Instant},
};

use weftscope_engine::{
    cuda::{
        check::{Bench, Check, Outcome as Checked, checks},
        driver_release, probe,
    },
    machine::HERE,
};

use super::{Failure, Outcome, args::GpuCheckArgs};
use crate::date::now;

/// How many checks went which way.
#[derive(Default)]
struct Counts {
    passed: usize,
    failed: usize,
    skipped: usize,
}

/// Runs the checks and prints a report.
pub(super) fn run(args: &GpuCheckArgs) -> Outcome {
    if let Some(time) = args.live {
        let machine = args.machine.as_deref().unwrap_or(HERE);
        if machine == HERE {
            probe().map_err(|error| Failure::failed(error, "--machine here"))?;
        }
        let time = Duration::from_nanos(time.ns.unsigned_abs());
        let turns = (!args.still).then_some(args.seed);
        return soak::soak(machine, time, turns, &mut io::stdout().lock());
    }
    let wanted = |check: &&Check| {
        args.filter.as_ref().is_none_or(|filter| check.name.contains(filter.as_str()))
    };
    let chosen: Vec<&Check> = checks().filter(wanted).collect();
    if chosen.is_empty() {
        let names = checks().map(|check| check.name).collect::<Vec<_>>().join(", ");
        return Err(Failure::misuse(format!("there are {names}"), "--filter"));
    }
    let mut out = io::stdout().lock();
    let bench = match Bench::open(args.quick, args.gpus) {
        Ok(bench) => bench,
        Err(reason) => {
            writeln!(out, "no check can run: {reason}")?;
            for check in &chosen {
                begin(check, &mut out)?;
                writeln!(out, "skipped")?;
            }
            let skipped = chosen.len();
            return close(&Counts { skipped, ..Counts::default() }, &mut out);
        }
    };
    header(&bench, &mut out)?;
    let mut counts = Counts::default();
    let mut broken: Option<&str> = None;
    for check in chosen {
        begin(check, &mut out)?;
        if let Some(since) = broken {
            counts.skipped += 1;
            writeln!(out, "skipped            the GPUs do not answer since `{since}`")?;
        } else if !one(check, &bench, &mut counts, &mut out)? && bench.answers().is_err() {
            broken = Some(check.name);
        }
    }
    close(&counts, &mut out)
}

/// Day, GPUs in use, driver and compiler: what a report that is kept must say.
fn header(bench: &Bench, out: &mut dyn Write) -> io::Result<()> {
    if let Some(now) = now() {
        writeln!(out, "{now}")?;
    }
    for device in bench.devices() {
        writeln!(out, "{}", device.info())?;
    }
    let release = driver_release().map_or_else(String::new, |release| format!("{release}, "));
    let ((major, minor), (nvrtc_major, nvrtc_minor)) = (bench.driver(), bench.nvrtc_version());
    writeln!(out, "driver {release}CUDA {major}.{minor}, NVRTC {nvrtc_major}.{nvrtc_minor}")
}

/// The name comes before the result, so that the last line tells which check hangs.
fn begin(check: &Check, out: &mut dyn Write) -> io::Result<()> {
    let width = checks().map(|check| check.name.chars().count()).max().unwrap_or(0);
    write!(out, "{:width$}  ", check.name)?;
    out.flush()
}

/// Runs one check; false when it failed.
fn one(check: &Check, bench: &Bench, counts: &mut Counts, out: &mut dyn Write) -> io::Result<bool> {
    let began = Instant::now();
    let result = check.run(bench);
    let seconds = began.elapsed().as_secs_f64();
    let (word, line) = match &result {
        Ok(Checked::Passed(line)) => ("ok", line.clone()),
        Ok(Checked::Skipped(reason)) => ("skipped", reason.clone()),
        Err(error) => ("FAILED", error.to_string()),
    };
    match &result {
        Ok(Checked::Passed(_)) => counts.passed += 1,
        Ok(Checked::Skipped(_)) => counts.skipped += 1,
        Err(_) => counts.failed += 1,
    }
    writeln!(out, "{word:7}  {seconds:6.1} s  {line}")?;
    Ok(result.is_ok())
}

fn close(counts: &Counts, out: &mut dyn Write) -> Outcome {
    let Counts { passed, failed, skipped } = counts;
    writeln!(out, "{passed} passed, {failed} failed, {skipped} skipped")?;
    out.flush()?;
    match failed {
        0 => Ok(()),
        _ => Err(Failure::failed(format!("{failed} checks failed"), "gpu-check")),
    }
}
