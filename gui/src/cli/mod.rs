//! The command line: one file a subcommand, plain functions that return a [`Failure`].
//!
//! Exit codes: 0 done, 1 failed, 2 misuse. An error is one line on stderr, cause first, place last.

#[cfg(feature = "live")]
mod agent;
mod args;
#[cfg(feature = "gpus")]
mod bench;
#[cfg(feature = "gpus")]
mod calibrate;
mod compare;
mod convert;
mod digest;
mod doctor;
mod error;
#[cfg(feature = "gpus")]
mod generate;
#[cfg(feature = "gpus")]
mod gpu_check;
#[cfg(feature = "gpus")]
mod headless;
mod interrupt;
#[cfg(feature = "gpus")]
mod lesson;
mod list;
mod main;
mod names;
#[cfg(feature = "gpus")]
mod neighbour;
#[cfg(not(feature = "gpus"))]
mod no_engine;
mod outputs;
mod plain;
#[cfg(feature = "gpus")]
mod plan;
mod progress;
#[cfg(feature = "gpus")]
mod ps;
#[cfg(feature = "gpus")]
mod rank;
#[cfg(feature = "gpus")]
mod record;
mod recordings;
mod report;
mod report_json;
mod report_layers;
mod report_tables;
mod report_text;
mod report_why;
mod reported;
#[cfg(feature = "gpus")]
mod run;
#[cfg(feature = "gpus")]
mod run_args;
#[cfg(feature = "gpus")]
mod run_spec;
#[cfg(feature = "live")]
mod serve;
#[cfg(feature = "gpus")]
mod serving;
mod shell;
mod shot;
mod sql;
mod sql_text;
mod stdout;
#[cfg(feature = "gpus")]
mod table;
mod tables;
#[cfg(feature = "gpus")]
mod tune;
mod units;
#[cfg(feature = "live")]
mod until;
#[cfg(feature = "gpus")]
mod validate;
#[cfg(feature = "gpus")]
mod validate_what_if;
mod web;
#[cfg(feature = "gpus")]
mod weights;
mod what_if;
mod window;

pub use args::{Cli, Command};
pub use error::{Failure, Outcome};
pub use main::main;
#[cfg(not(feature = "gpus"))]
use no_engine::{
    bench, calibrate, generate, headless, lesson, neighbour, plan, ps, rank, record, run, serving,
    tune, validate,
};
pub use units::{Share, Size};
