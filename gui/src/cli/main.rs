use std::process::ExitCode;

use clap::{Parser, error::ErrorKind};

#[cfg(feature = "gpus")]
use super::gpu_check;
use super::{
    args::{Cli, Command},
    bench, calibrate, compare, convert, digest, doctor,
    error::{Failure, Outcome},
    generate, interrupt, lesson, list, neighbour, plan, ps, rank, record, report, run, serving,
    shell, shot, sql, tune, validate, web, what_if, window,
};

/// The program: parses the command line, does the work, gives the exit code.
pub fn main() -> ExitCode {
    interrupt::handle();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    match execute(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

fn execute(cli: Cli) -> Outcome {
    match cli.command {
        None => window::run(&cli.window),
        Some(Command::Record(args)) => record::run(&args),
        Some(Command::Plan(args)) => plan::run(&args),
        Some(Command::Run(args)) => run::run(&args),
        Some(Command::Rank(args)) => rank::run(*args),
        Some(Command::Ps) => ps::run(),
        Some(Command::Bench(args)) => bench::run(&args),
        Some(Command::Serving(args)) => serving::run(&args),
        Some(Command::Validate(args)) => validate::run(&args),
        Some(Command::Calibrate(args)) => calibrate::run(&args),
        Some(Command::Generate(args)) => generate::run(&args),
        Some(Command::Tune(args)) => tune::run(&args),
        Some(Command::Lesson(args)) => lesson::run(&args),
        Some(Command::Neighbour(args)) => neighbour::run(&args),
        Some(Command::Web(args)) => web::run(&args),
        Some(Command::Report(args)) => report::run(&args),
        Some(Command::Shot(args)) => shot::run(&args),
        Some(Command::Convert(args)) => {
            let written = (args.output.as_path(), args.table.as_deref());
            convert::run(&args.input, written, args.own_names, &args.names)
        }
        Some(Command::Digest(args)) => digest::run(&args),
        Some(Command::Compare(args)) => compare::run(&args),
        Some(Command::WhatIf(args)) => what_if::run(&args),
        Some(Command::Sql(args)) => sql::run(&args),
        Some(Command::List(args)) => list::run(&args),
        #[cfg(feature = "live")]
        Some(Command::Agent(args)) => super::agent::run(&args),
        #[cfg(feature = "live")]
        Some(Command::Serve(args)) => super::serve::run(&args),
        Some(Command::Doctor) => doctor::run(),
        Some(Command::Completions(args)) => shell::completions(&args),
        Some(Command::Man(args)) => shell::man(&args),
        #[cfg(feature = "gpus")]
        Some(Command::GpuCheck(args)) => gpu_check::run(&args),
    }
}

/// Help and version are answers; anything else is misuse, reported in one line like every error.
fn usage(error: &clap::Error) -> ExitCode {
    if matches!(
        error.kind(),
        ErrorKind::DisplayHelp
            | ErrorKind::DisplayVersion
            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    ) {
        // A reader that has gone away is no fault.
        let _unread = error.print();
        return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
    }
    let text = error.to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    let paragraph = text.split("\n\n").next().unwrap_or(text);
    let tip = text.lines().find_map(|line| line.trim_start().strip_prefix("tip: "));
    let tip = tip.map_or_else(String::new, |tip| format!("; {tip}"));
    Failure::Misuse(format!("{paragraph}{tip} (weftscope --help explains)")).report()
}
