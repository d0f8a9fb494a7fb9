//! The command line: one file a subcommand, plain functions that return a [`Failure`].
//!
//! Exit codes: 0 done, 1 failed, 2 misuse. An error is one line on stderr, cause first, place last.

mod args;
mod bench;
#[cfg(feature = "live")]
mod bench_text;
mod compare;
mod convert;
mod doctor;
mod error;
#[cfg(feature = "live")]
mod gpu_check;
#[cfg(feature = "live")]
mod headless;
mod list;
mod main;
mod progress;
mod record;
#[cfg(feature = "live")]
mod record_cuda;
mod report;
mod report_json;
mod report_text;
#[cfg(feature = "live")]
mod run_spec;
mod shot;
mod units;
mod window;

pub use args::{Cli, Command};
pub use error::{Failure, Outcome};
pub use main::main;
pub use units::{Size, Skew, Time};

/// The failure of a command that needs what this build left out.
#[cfg(not(feature = "live"))]
fn no_engine(command: &str) -> Failure {
    Failure::Failed(format!(
        "this build has no engine, so it can open and convert but not run; build with the feature `live`: {command}"
    ))
}
