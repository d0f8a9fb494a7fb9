use std::process::ExitCode;

use clap::{Parser, error::ErrorKind};

#[cfg(feature = "live")]
use super::gpu_check;
use super::{
    args::{Cli, Command},
    bench, compare, convert, doctor,
    error::{Failure, Outcome},
    list, record, report, shell, shot, sql, window,
};

/// The program: parses the command line, does the work, gives the exit code.
pub fn main() -> ExitCode {
    clean_up_on_interrupt();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

fn run(cli: Cli) -> Outcome {
    match cli.command {
        None => window::run(&cli.window),
        Some(Command::Record(args)) => record::run(&args),
        Some(Command::Bench(args)) => bench::run(&args),
        Some(Command::Report(args)) => report::run(&args),
        Some(Command::Shot(args)) => shot::run(&args),
        Some(Command::Convert(args)) => {
            let written = (args.output.as_path(), args.table.as_deref());
            convert::run(&args.input, written, args.own_names, &args.names)
        }
        Some(Command::Compare(args)) => compare::run(&args),
        Some(Command::Sql(args)) => sql::run(&args),
        Some(Command::List(args)) => list::run(&args),
        Some(Command::Doctor) => doctor::run(),
        Some(Command::Completions(args)) => shell::completions(&args),
        Some(Command::Man(args)) => shell::man(&args),
        #[cfg(feature = "live")]
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

/// An interrupted export leaves nothing half-written behind.
fn clean_up_on_interrupt() {
    // Without the handler an interrupt leaves a hidden .part file; that is no reason not to work.
    let _unhandled = ctrlc::set_handler(|| {
        crate::files::remove_unfinished();
        std::process::exit(130);
    });
}
