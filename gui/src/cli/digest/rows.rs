//! One rank of a recording, as files of a digest.

use std::time::{Duration, Instant};

use weftscope_traces::{
    analysis::{Ops, RankOps, RankOverlap},
    digest::{Before, DigestOf, Tally, of_rank_after},
};

use super::files::{self, Part};
use crate::cli::Failure;

/// Whose recording it is.
#[derive(Clone, Debug, Default)]
pub(super) struct Whose {
    pub(super) job: String,
    /// The server whose clock the times are of; `None`: the recording's own word, if it says one.
    pub(super) server: Option<String>,
    /// Where it can be opened on that server.
    pub(super) recording: Option<String>,
}

/// What was written of a rank.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Written {
    pub(super) tally: Tally,
    /// Without writing.
    pub(super) took: Duration,
}

/// Writes a part of the digest of a rank, whose overlap is known.
pub(super) fn write_rank(
    part: &Part<'_>,
    ops: &Ops<'_>,
    (rank, figures): (&RankOps<'_>, &RankOverlap),
    (whose, before): (&Whose, &mut Before),
) -> Result<Written, Failure> {
    let began = Instant::now();
    let digest = of_rank_after(ops, rank, figures, before);
    let took = began.elapsed();
    let meta = &ops.trace.meta;
    let told = || meta.server_of(rank.rank).map(str::to_owned);
    let of = DigestOf {
        job: whose.job.clone(),
        server: whose.server.clone().or_else(told),
        rank: rank.rank,
        is_unix_time: meta.base_time_unix_ns != 0,
        provenance: meta.provenance.of_rank(Some(rank.rank)).name().to_owned(),
        recording: whose.recording.clone(),
    };
    files::write(part, &of, digest.op_rows(), &digest.iteration_rows)?;
    Ok(Written { tally: digest.tally(), took })
}
