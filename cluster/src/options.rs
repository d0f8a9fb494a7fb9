//! How a digest is opened and where it is asked.

use std::path::PathBuf;
use std::time::Duration;

use datafusion::prelude::SessionConfig;

/// How to open.
#[derive(Clone, Debug)]
pub struct Options {
    /// Which job; `None`: the only one.
    pub job: Option<String>,
    /// Bytes that sorting, joining and grouping may hold before they go to disk; executors have a limit of their own.
    pub memory_bytes: usize,
    /// Threads; the parts that a query is cut into, where executors answer.
    pub threads: usize,
    /// Where executors answer; `None`: this process does.
    pub ballista: Option<Ballista>,
}

impl Default for Options {
    fn default() -> Self {
        Self { job: None, memory_bytes: 2 << 30, threads: 2, ballista: None }
    }
}

/// A scheduler of Ballista, and what is shared with its executors.
#[derive(Clone, Debug)]
pub struct Ballista {
    /// Where it listens: `df://host:port`.
    pub scheduler: String,
    /// Where what is kept between questions lies, in a folder of its own that is removed afterwards; scheduler and executors
    /// see it under the same path. `None`: beside the jobs of the digest.
    pub shared: Option<PathBuf>,
    /// How long one query may take, with all its attempts.
    pub limit: Duration,
}

/// How files are read: rows that a query leaves out are not decoded, and nothing is read before it is asked for.
pub(crate) fn reading(config: SessionConfig, parts: usize) -> SessionConfig {
    let mut config = config.with_target_partitions(parts.max(1));
    config.options_mut().execution.parquet.pushdown_filters = true;
    config.options_mut().execution.collect_statistics = false;
    config
}
