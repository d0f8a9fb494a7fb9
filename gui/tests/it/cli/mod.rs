//! The command line, by running the real binary.

#[cfg(feature = "gpus")]
mod agent;
mod bad_input;
mod bench;
mod digest;
#[cfg(all(unix, feature = "gpus"))]
mod digest_live;
mod figures;
mod generate;
mod lesson;
mod measured;
#[cfg(unix)]
mod nsys;
mod pipes;
pub(crate) mod place;
mod plan;
#[cfg(feature = "gpus")]
mod ranks;
mod report;
mod run;
#[cfg(feature = "gpus")]
mod serve;
mod serving;
mod sql;
mod tables;
mod tune;
#[cfg(unix)]
mod watched;
mod what_if;
