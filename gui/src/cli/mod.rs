//! The command line: one file a subcommand, plain functions that return a [`Failure`].
//!
//! Exit codes: 0 done, 1 failed, 2 misuse. An error is one line on stderr, cause first, place last.

mod args;
#[cfg(feature = "live")]
mod bench;
#[cfg(feature = "live")]
mod calibrate;
mod compare;
mod convert;
mod doctor;
mod error;
#[cfg(feature = "live")]
mod generate;
#[cfg(feature = "live")]
mod gpu_check;
#[cfg(feature = "live")]
mod headless;
mod interrupt;
#[cfg(feature = "live")]
mod lesson;
mod list;
mod main;
mod names;
#[cfg(not(feature = "live"))]
mod no_engine;
mod outputs;
mod plain;
mod progress;
#[cfg(feature = "live")]
mod ps;
#[cfg(feature = "live")]
mod record;
mod report;
mod report_json;
mod report_layers;
mod report_tables;
mod report_text;
mod report_why;
mod reported;
#[cfg(feature = "live")]
mod run;
#[cfg(feature = "live")]
mod run_args;
#[cfg(feature = "live")]
mod run_spec;
#[cfg(feature = "live")]
mod serving;
mod shell;
mod shot;
mod sql;
mod sql_text;
mod stdout;
#[cfg(feature = "live")]
mod table;
mod tables;
#[cfg(feature = "live")]
mod tune;
mod units;
#[cfg(feature = "live")]
mod validate;
#[cfg(feature = "live")]
mod weights;
mod window;

pub use args::{Cli, Command};
pub use error::{Failure, Outcome};
pub use main::main;
#[cfg(not(feature = "live"))]
use no_engine::{
    bench, calibrate, generate, headless, lesson, ps, record, run, serving, tune, validate,
};
pub use units::{Share, Size, Skew, Time};
