//! The rows of a digest. Times are ns on the clock of the rank's server: Unix time where the recording says it, else since
//! the recording's own start. What is not known is `None`.

use crate::model::{Phase, Split};

/// Whose digest it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DigestOf {
    /// The job.
    pub job: String,
    /// The server, whose ranks share a clock; `None` where nobody said.
    pub server: Option<String>,
    /// Global rank.
    pub rank: u32,
    /// Times are Unix time, by the server's clock.
    pub is_unix_time: bool,
    /// Where the times come from: `measured`, `modelled`, `mixed` or `unknown`.
    pub provenance: String,
    /// Path of the recording on that server; `None` where there is none.
    pub recording: Option<String>,
}

/// One op in one iteration.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OpRow<'a> {
    /// Number of the iteration that it is part of; `None` outside all.
    pub iteration: Option<i64>,
    /// Name of the op or kernel.
    pub name: &'a str,
    /// What its time goes to.
    pub kind: crate::model::Kind,
    /// Its layer.
    pub layer: Option<u32>,
    /// Phase of the weave.
    pub phase: Phase,
    /// Which tokens.
    pub split: Split,
    /// Number of the stream.
    pub stream: u32,
    /// First start.
    pub start_ns: i64,
    /// Last end.
    pub end_ns: i64,
    /// Time that its thread blocks hold their places on SMs, summed; `None` without blocks.
    pub sm_ns: Option<i64>,
    /// Of communication: the part with computation of the same rank beside it.
    pub hidden_ns: Option<i64>,
    /// Of communication: the rest.
    pub exposed_ns: Option<i64>,
    /// Of communication: how much of it the rank waited for a late one, where that is known.
    pub wait_ns: Option<i64>,
    /// Which collective it is a part of.
    pub collective: Option<CollectiveRow<'a>>,
}

/// A rank's part in a collective.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CollectiveRow<'a> {
    /// `all_reduce`, `all_gather` …; the kernel's own name where none is recognised.
    pub operation: &'a str,
    /// Ranks of the group, `0-7`, `3-1019/8`; where they are not listed, its name.
    pub group: Option<&'a str>,
    /// Name of the process group or communicator.
    pub group_name: Option<&'a str>,
    /// How many ranks the group has.
    pub ranks: Option<u32>,
    /// Its number among those of its group, as the recording has it.
    pub sequence: Option<i64>,
    /// How many of its operation and group came before it in its iteration on this rank; outside iterations since the start.
    pub turn: i64,
    /// When the rank came to it; `None` of a transfer that no rank waits in.
    pub arrival_ns: Option<i64>,
    /// No member ends before all have arrived, and all end at nearly the same time.
    pub synchronises: bool,
    /// Bytes of a rank's whole buffer, as nccl-tests counts them.
    pub bytes: Option<i64>,
    /// Bytes over the GPU's links in one direction.
    pub link_bytes: Option<i64>,
}

/// One iteration of a rank; without marks one row for all of the recording.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct IterationRow {
    /// Its number; `None` without marks.
    pub iteration: Option<i64>,
    /// As its mark or its host's range has it; empty without.
    pub name: String,
    /// Start of its first op.
    pub start_ns: i64,
    /// End of the last of them.
    pub end_ns: i64,
    /// Time with computation.
    pub compute_ns: i64,
    /// Time with communication.
    pub comm_ns: i64,
    /// Time with both.
    pub hidden_ns: i64,
    /// Communication without computation beside it.
    pub exposed_ns: i64,
    /// Copies with neither beside them.
    pub exposed_memcpy_ns: i64,
    /// Time with nothing.
    pub idle_ns: i64,
    /// Communication spent waiting for a late rank, of the ops of which it is known; `None` where it is known of none.
    pub wait_ns: Option<i64>,
    /// Share of SMs that compute during communication, percent; `None` without blocks.
    pub sm_weighted_pct: Option<f64>,
    /// Time that thread blocks hold their places on SMs, summed; `None` without blocks.
    pub sm_ns: Option<i64>,
    /// Ops.
    pub ops: i64,
    /// Those of them that are communication.
    pub comm_ops: i64,
}
